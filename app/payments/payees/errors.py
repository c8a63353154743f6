"""What can be wrong with a bank account."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError, BadInput


class UnknownBank(BadInput):
    """No bank of this BIN takes VietQR transfers."""

    code = "unknown_bank"

    def __init__(self) -> None:
        super().__init__(
            _("Ngân hàng này chưa nhận được tiền qua VietQR. Bà con chọn ngân hàng khác nhé."),
            errors={"bin": [_("Chọn ngân hàng khác.")]},
        )


class BadAccountNumber(BadInput):
    """An account number is 6 to 19 letters or digits."""

    code = "bad_account_number"

    def __init__(self) -> None:
        super().__init__(
            _("Số tài khoản gồm 6 đến 19 chữ số, viết liền."), errors={"number": [_("Kiểm tra lại số tài khoản.")]}
        )


class AccountTaken(AppError):
    """The same account already belongs to another payee of this kind."""

    status, code = 409, "bank_account_taken"

    def __init__(self) -> None:
        super().__init__(_("Số tài khoản này đã gắn với một nơi khác. Bà con kiểm tra lại hoặc hỏi cán bộ xã."))
