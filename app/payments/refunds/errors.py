"""Why money does not go back, or not like this."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound
from app.core.money import format_vnd


class RefundNotFound(NotFound):
    """No refund of this id."""

    code = "refund_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có khoản hoàn này."))


class NotRefundable(Conflict):
    """The request was not paid, is paid back already, or its money never passed through us."""

    code = "not_refundable"


class TooMuch(Conflict):
    """More is asked for than was paid and not given back yet; `refundable_vnd` tells how much is left."""

    code = "refund_above_paid"

    def __init__(self, refundable_vnd: int) -> None:
        super().__init__(
            _("Khoản này chỉ còn hoàn được tối đa %(amount)s.", amount=format_vnd(refundable_vnd)),
            refundable_vnd=refundable_vnd,
        )


class KeyReused(AppError):
    """The idempotency key was used for another refund."""

    status, code = 409, "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(_("Yêu cầu hoàn này đã được gửi với nội dung khác. Tải lại trang nhé."))


class TooLate(Conflict):
    """The refund is in a state in which this can't be done."""

    code = "refund_moved_on"

    def __init__(self) -> None:
        super().__init__(_("Khoản hoàn này vừa đổi trạng thái. Tải lại trang để xem nhé."))


class SecondPersonNeeded(Forbidden):
    """Who chose the transfer may not confirm it as well."""

    code = "second_person_needed"

    def __init__(self) -> None:
        super().__init__(_("Cần một người khác xác nhận đã chuyển, không phải người đã lập khoản này."))


class SenderCantTakeBack(Forbidden):
    """Who confirmed the transfer may not say as well that it came back."""

    code = "second_person_needed"

    def __init__(self) -> None:
        super().__init__(_("Cần một người khác ghi tiền bị trả lại, không phải người đã xác nhận chuyển."))


class BadRefund(BadInput):
    """A field of a refund can't be used."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence, errors={field: [sentence]})
