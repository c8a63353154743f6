"""What can go wrong in the commune office."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import BadInput, Conflict, Forbidden, NotFound


class NoSuchAmendment(NotFound):
    """No amendment with this id that this person may see."""

    code = "amendment_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy đề nghị sửa này trong địa bàn của bạn."))


class OwnProposal(Forbidden):
    """Whoever asked for a change cannot decide about it."""

    code = "decider_is_proposer"

    def __init__(self) -> None:
        super().__init__(_("Người đề nghị không tự xét được. Nhờ một cán bộ khác của xã xét giúp."))


class AmendmentDecided(Conflict):
    """The amendment is not at the step where this can be done."""

    code = "amendment_wrong_step"

    def __init__(self) -> None:
        super().__init__(_("Đề nghị sửa này vừa được xử lý ở bước khác. Tải lại trang để xem bước mới nhất."))


class HouseholdMoved(Conflict):
    """The household changed since the officer's page was made: they would decide about something they did not see."""

    code = "household_changed_meanwhile"

    def __init__(self) -> None:
        super().__init__(_("Hồ sơ vừa có thay đổi mới. Xem lại rồi hãy quyết định nhé."))


class ChangedSince(Conflict):
    """What the amendment wrote was changed again, so taking it back would lose the newer word."""

    code = "amendment_overwritten"

    def __init__(self) -> None:
        super().__init__(_("Mục này đã được sửa tiếp sau đó nên không lấy lại được. Hãy đề nghị sửa lần nữa."))


class NothingTicked(BadInput):
    """A bulk decision without any registration, or with too many."""

    code = "bulk_empty"

    def __init__(self, most: int) -> None:
        words = _("Đánh dấu từ 1 đến %(most)d hồ sơ rồi bấm lại.", most=most)
        super().__init__(words, errors={"codes": [words]})


class NoSuchBulk(NotFound):
    """No bulk decision of this person with this id."""

    code = "bulk_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy lần duyệt này."))
