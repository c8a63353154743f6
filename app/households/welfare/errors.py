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
    """The account is in the name of nobody who lives in the household."""

    code = "holder_differs"

    def __init__(self) -> None:
        words = _(
            "Tên chủ tài khoản chưa trùng với ai trong hộ. Xem lại tên trên thẻ hoặc sổ ngân hàng; nếu người đó có"
            " sống trong hộ thì ghi thêm vào hồ sơ hộ trước, rồi lập lại tài khoản."
        )
        super().__init__(words, errors={"holder": [words]})


class AccountOpen(Conflict):
    """The household has an open welfare account already."""

    code = "welfare_account_open"

    def __init__(self) -> None:
        super().__init__(_("Hộ này đã có tài khoản an sinh. Muốn dùng tài khoản khác thì bấm Đổi tài khoản."))


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


class WrongAccountStep(Conflict):
    """This can't be done to an account in its present state."""

    code = "welfare_account_state"

    def __init__(self) -> None:
        super().__init__(
            _("Tài khoản đã sang bước khác nên không làm được việc này nữa. Tải lại trang để xem bước mới.")
        )


class SuspendedByAnother(Forbidden):
    """Whoever gave the account can't let it go on when a colleague stopped it."""

    code = "resumer_is_issuer"

    def __init__(self) -> None:
        super().__init__(_("Cán bộ khác đã tạm dừng tài khoản bạn lập. Nhờ một cán bộ khác mở lại."))


class ReasonMissing(BadInput):
    """Stopping, replacing and closing want a reason."""

    code = "reason_missing"

    def __init__(self) -> None:
        words = _("Ghi lý do trong 5 đến 300 chữ cái.")
        super().__init__(words, errors={"reason": [words]})


class NoSuchBatch(NotFound):
    """No sheet of this id in the actor's area."""

    code = "welfare_batch_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy bảng này."))


class WrongBatchMoment(Conflict):
    """The sheet is at another step."""

    code = "welfare_batch_state"

    def __init__(self) -> None:
        super().__init__(_("Bảng đã sang bước khác. Tải lại trang để xem."))


class UnreadableSheet(BadInput):
    """The file as a whole is of no use; nothing was kept."""

    code = "unreadable_sheet"

    def __init__(self, reason: str) -> None:
        words = {
            "too_large": _("Tệp quá lớn. Chia thành nhiều tệp nhỏ hơn nhé."),
            "too_many_rows": _("Tệp có quá 25.000 dòng. Chia thành nhiều tệp nhé."),
            "no_header": _("Không thấy dòng tiêu đề. Dùng bảng tải về từ trang này, đừng xoá dòng tiêu đề."),
            "no_rows": _("Chưa có dòng nào được điền số tài khoản."),
            "old_excel": _("Tệp Excel đời cũ (.xls). Mở ra rồi lưu lại thành .xlsx nhé."),
        }
        said = words.get(reason, _("Không đọc được tệp này. Dùng tệp .xlsx hoặc .csv tải về từ trang này."))
        super().__init__(said, errors={"file": [said]})
        self.details["reason"] = reason
