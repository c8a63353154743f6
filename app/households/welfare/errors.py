"""What can go wrong with welfare accounts."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound


class NotEligible(AppError):
    """The household is not verified, or no decision says today that it is poor or near poor."""

    status, code = 409, "household_not_eligible"

    def __init__(self) -> None:
        super().__init__(_("Chỉ hộ đã duyệt, đang là hộ nghèo hoặc cận nghèo, mới mở được tài khoản an sinh."))


class HolderDiffers(BadInput):
    """The account is not in the name of the head of the household."""

    code = "holder_differs"

    def __init__(self) -> None:
        words = _("Tên chủ tài khoản phải trùng tên chủ hộ.")
        super().__init__(words, errors={"holder": [words]})


class AccountOpen(Conflict):
    """The household has an open welfare account already."""

    code = "welfare_account_open"

    def __init__(self) -> None:
        super().__init__(_("Hộ này đã có tài khoản an sinh. Đóng tài khoản cũ trước khi mở cái mới."))


class NoOpenAccount(NotFound):
    """There is no welfare account at the step this needs."""

    code = "welfare_account_not_found"

    def __init__(self) -> None:
        super().__init__(_("Hộ này chưa có tài khoản an sinh nào ở bước này."))


class OwnIssue(Forbidden):
    """Whoever gave the account cannot verify it."""

    code = "verifier_is_issuer"

    def __init__(self) -> None:
        super().__init__(_("Người lập tài khoản không tự xác nhận được. Nhờ một cán bộ khác."))


class TellingNeed(BadInput):
    """The public words about the need would tell who it is."""

    code = "need_tells_who"

    def __init__(self) -> None:
        words = _("Viết hoàn cảnh bằng 5 đến 200 chữ cái; không ghi tên người, tên xóm, số điện thoại hay số giấy tờ.")
        super().__init__(words, errors={"need": [words]})


class NotListed(NotFound):
    """No household is listed under this code (any more)."""

    code = "welfare_household_not_found"

    def __init__(self) -> None:
        super().__init__(_("Mã này hiện không nhận ủng hộ. Bạn xem các hộ khác trong danh sách nhé."))
