"""What can go wrong with the team's work."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import BadInput, Conflict, Forbidden, NotFound


class BadEntry(BadInput):
    """Fields of a visit, class or check that cannot be; all of them at once."""

    code = "invalid_fieldwork"

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(_("Còn chỗ chưa đúng. Bạn xem lại các ô được đánh dấu."), errors=errors)


class OtherEntry(Conflict):
    """The same id came with other content."""

    code = "fieldwork_conflict"

    def __init__(self) -> None:
        super().__init__(_("Phiếu này đã ghi trước đó với nội dung khác. Mở trang lại để xem bản đã ghi."))


class NoSuchEntry(NotFound):
    """Nothing with this id that this person may see."""

    code = "fieldwork_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy việc này trong phần việc của bạn."))


class TooLateToUndo(Conflict):
    """More than a day has passed."""

    code = "too_late_to_undo"

    def __init__(self) -> None:
        super().__init__(_("Chỉ bỏ được trong vòng một ngày sau khi ghi. Cứ ghi thêm một lần mới cho đúng."))


class NotTheLeader(Forbidden):
    """Only who leads the commune's team, or its officer."""

    code = "team_leader_needed"

    def __init__(self) -> None:
        super().__init__(_("Việc này dành cho tổ trưởng hoặc cán bộ của xã."))


class NotAMember(BadInput):
    """The person is no member of this commune's team."""

    code = "not_a_member"

    def __init__(self) -> None:
        words = _("Người này chưa ở trong tổ của xã. Nhờ cán bộ xã thêm vào tổ trước.")
        super().__init__(words, errors={"user_id": [words]})


class NotOneself(Forbidden):
    """Nobody gives themselves a hamlet, a lead, or a say on their own work."""

    code = "not_to_oneself"

    def __init__(self) -> None:
        super().__init__(_("Việc của mình thì nhờ người khác quyết giúp."))


class DecidedAlready(Conflict):
    """Somebody was faster, or there is nothing to decide."""

    code = "decided_already"

    def __init__(self) -> None:
        super().__init__(_("Việc này vừa có người xử lý xong. Tải lại trang để xem."))
