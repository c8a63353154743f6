"""What can go wrong when a household sees to its own data."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from app.core.errors import BadInput, Conflict, Forbidden, NotFound


class NotYourHousehold(Forbidden):
    """Only the household itself may do this."""

    code = "own_household_only"

    def __init__(self) -> None:
        super().__init__(_("Việc này chỉ người trong nhà làm được."))


class ThroughContact(Forbidden):
    """A trusted contact stands in for daily matters, not for this."""

    code = "not_through_contact"

    def __init__(self) -> None:
        super().__init__(_("Người liên hệ giúp không làm thay việc này được. Nhờ chủ hộ ra xã, cán bộ làm cùng."))


class HeadOnly(Forbidden):
    """The head of the household, or an officer at their word."""

    code = "head_of_household_only"

    def __init__(self) -> None:
        super().__init__(_("Việc này chủ hộ làm, hoặc chủ hộ ra xã nhờ cán bộ."))


class NoSuchRequest(NotFound):
    """No such request that this person may see."""

    code = "privacy_request_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy yêu cầu này."))


class NoSuchMember(NotFound):
    """No such person in this household."""

    code = "household_member_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy người này trong nhà."))


class HeadStays(Conflict):
    """The head is changed by a correction, not removed."""

    code = "head_of_household_stays"

    def __init__(self) -> None:
        super().__init__(_("Không bỏ được chủ hộ. Muốn đổi chủ hộ hay số điện thoại, bà con bấm Xin sửa."))


class RequestClosed(Conflict):
    """The request was settled before."""

    code = "privacy_request_closed"

    def __init__(self) -> None:
        super().__init__(_("Yêu cầu này vừa được giải quyết. Tải lại trang để xem."))


class SecondPersonNeeded(Forbidden):
    """Neither who asked nor who registered the household may erase it."""

    code = "second_person_needed"

    def __init__(self) -> None:
        super().__init__(_("Người nhận yêu cầu hoặc người đăng ký hộ này không tự xóa. Nhờ một cán bộ khác của xã."))


class MoneyWaits(Conflict):
    """Money is under way, so nothing can be erased yet; `reasons` says what waits."""

    code = "money_under_way"

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(_("Chưa xóa được vì còn tiền đang đi: %(why)s", why=" ".join(reasons)), reasons=list(reasons))


class BadMember(BadInput):
    """Fields of a member that cannot be."""

    code = "invalid_household_member"

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(_("Còn chỗ chưa đúng. Bà con xem lại các ô được đánh dấu."), errors=errors)


class NotVerifiedYet(Conflict):
    """Before the commune has approved it, the team corrects the registration."""

    code = "household_not_verified_yet"

    def __init__(self) -> None:
        super().__init__(_("Xã chưa duyệt hồ sơ nhà mình. Nhờ tổ công nghệ sửa giúp trước đã."))
