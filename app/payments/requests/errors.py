"""What can go wrong with asking for money."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError, Conflict, NotFound


class RequestNotFound(NotFound):
    """No request has this code."""

    code = "payment_request_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có mã thanh toán này. Bà con kiểm tra lại từng ký tự nhé."))


class NoAccount(AppError):
    """The payee has no active bank account to be paid at."""

    status, code = 409, "payee_has_no_account"

    def __init__(self) -> None:
        super().__init__(_("Nơi nhận chưa có tài khoản ngân hàng nên chưa nhận được tiền chuyển khoản."))


class AlreadyPaid(AppError):
    """It cannot be cancelled any more."""

    status, code = 409, "payment_request_closed"

    def __init__(self) -> None:
        super().__init__(_("Khoản này đã thanh toán hoặc đã đóng nên không đổi được nữa."))


class MoneyBuiltUpon(AppError):
    """The money can't be taken back as if it never came: something rests on it."""

    status, code = 409, "money_built_upon"

    def __init__(self, request_code: str) -> None:
        super().__init__(
            _(
                "Mã %(code)s đã xong: hàng hoặc biên nhận đã theo tiền mà đi. Hãy hoàn tiền thay vì gỡ.",
                code=request_code,
            ),
            request_code=request_code,
        )


class NotExtendable(Conflict):
    """No more time can be given: it is over, got all it may, or what it is for does not wait."""

    code = "payment_request_not_extendable"


class NotReopenable(Conflict):
    """The rest can't be asked for again."""

    code = "payment_request_not_reopenable"


class CreditNotUsable(Conflict):
    """The payer's credit does not fit this request now; nothing moved."""

    code = "credit_not_usable"


class CreditKeyUsed(Conflict):
    """The key used other credit before."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(_("Yêu cầu này đã được gửi với nội dung khác. Tải lại trang nhé."))
