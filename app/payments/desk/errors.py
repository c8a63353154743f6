"""Why the desk refuses to move money."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound
from app.core.money import format_vnd


class ItemNotFound(NotFound):
    """No notice of this id has money in suspense."""

    code = "suspense_item_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có khoản treo này."))


class ActionNotFound(NotFound):
    """No action of this id."""

    code = "desk_action_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có việc này trong sổ xử lý tiền treo."))


class NotEnoughWaiting(Conflict):
    """More is asked for than still waits; `waiting_vnd` tells how much does."""

    code = "not_enough_waiting"

    def __init__(self, waiting_vnd: int) -> None:
        super().__init__(
            _("Khoản này chỉ còn %(amount)s đang chờ. Tải lại trang rồi chia lại nhé.", amount=format_vnd(waiting_vnd)),
            waiting_vnd=waiting_vnd,
        )


class MoreThanMissing(Conflict):
    """The request misses less than that."""

    code = "more_than_missing"

    def __init__(self, request_code: str, missing_vnd: int) -> None:
        super().__init__(
            _("Mã %(code)s chỉ còn thiếu %(amount)s.", code=request_code, amount=format_vnd(missing_vnd)),
            request_code=request_code,
            missing_vnd=missing_vnd,
        )


class RequestNotOpen(Conflict):
    """The request is over; money is not given to it silently."""

    code = "request_not_open"

    def __init__(self, request_code: str, status: str) -> None:
        words = {
            "paid": _("Mã %(code)s đã trả đủ. Trả lại tiền cho người gửi nhé.", code=request_code),
            "expired": _("Mã %(code)s đã hết hạn. Trả lại tiền cho người gửi nhé.", code=request_code),
            "cancelled": _("Mã %(code)s đã hủy. Trả lại tiền cho người gửi nhé.", code=request_code),
        }
        fallback = _("Mã %(code)s đã đóng. Trả lại tiền cho người gửi nhé.", code=request_code)
        super().__init__(words.get(status, fallback), request_code=request_code, request_status=status)


class NotTheirAccount(Conflict):
    """The money lies at an account that is not the payee's; giving it to them would be on paper only."""

    code = "not_their_account"

    def __init__(self, request_code: str) -> None:
        super().__init__(
            _("Tiền này không nằm ở tài khoản của nơi nhận mã %(code)s nên không gắn được.", code=request_code),
            request_code=request_code,
        )


class NotFinished(Conflict):
    """The action is not in a state where this can be done to it."""

    code = "desk_action_not_in_state"

    def __init__(self, state: str) -> None:
        super().__init__(_("Việc này vừa thay đổi. Tải lại trang để xem nó đang ở bước nào."), action_state=state)


class SamePerson(Forbidden):
    """Who proposed does not approve."""

    code = "same_person"

    def __init__(self) -> None:
        super().__init__(_("Người đề nghị không tự duyệt được. Nhờ một cán bộ tài chính khác duyệt."))


class KeyUsed(AppError):
    """The key came before with other content."""

    status, code = 409, "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(_("Yêu cầu này đã được gửi với nội dung khác. Tải lại trang nhé."))


class BadAction(BadInput):
    """A field of an action can't be used."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence, errors={field: [sentence]})


class CreditSpent(Conflict):
    """What was kept for the payer is spent, so it can't wait in suspense again."""

    code = "credit_spent"

    def __init__(self) -> None:
        super().__init__(_("Tiền gửi này đã dùng cho khoản khác nên không gỡ được nữa."))


class NotTheirMoney(Forbidden):
    """Somebody else ordered what was paid too much for, so somebody else says what becomes of it."""

    code = "not_the_payer"

    def __init__(self) -> None:
        super().__init__(_("Chỉ người đặt mua chọn được. Bà con đăng nhập bằng số điện thoại đã đặt nhé."))


class TooLateToChoose(Conflict):
    """A person has decided about the money, or is about to."""

    code = "excess_decided"

    def __init__(self) -> None:
        super().__init__(_("Khoản dư này đã có người xử lý nên không đổi được nữa. Tải lại trang để xem nhé."))


class NotKept(Conflict):
    """The money can't be left with this payee."""

    code = "excess_not_kept"

    def __init__(self) -> None:
        super().__init__(_("Khoản dư này không gửi lại cho lần sau được. Bà con chọn nhận lại tiền nhé."))


class NotTheSameMoney(Conflict):
    """The notice resembles none that counts, or that one already stands for another notice."""

    code = "not_the_same_money"

    def __init__(self) -> None:
        super().__init__(_("Không ghi trùng được: tin báo kia không còn được tính, hoặc đã trùng với một tin khác."))
