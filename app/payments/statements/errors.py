"""Why a statement is not taken."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound
from app.core.money import FOUR_EYES_VND, format_vnd


class UnreadableStatement(BadInput):
    """The file as a whole can't be read; `problem` is a stable word."""

    def __init__(self, problem: str) -> None:
        sentence = {
            "empty": _("Tệp trống. Bà con chọn lại tệp sao kê nhé."),
            "too_large": _("Tệp quá lớn. Hãy tải sao kê theo từng khoảng ngày ngắn hơn."),
            "too_many_rows": _("Sao kê quá nhiều dòng. Hãy chia theo từng khoảng ngày ngắn hơn."),
            "old_excel": _("Đây không phải tệp .xlsx. Hãy mở bằng bảng tính rồi lưu thành .xlsx hoặc .csv."),
            "broken": _("Tệp bị hỏng, không mở được. Hãy tải lại từ ngân hàng."),
            "entities": _("Tệp XML có phần khai báo không an toàn nên không nhận."),
            "not_camt": _("Tệp XML này không phải sao kê camt.053 hay báo có camt.054."),
            "no_header": _("Không thấy hàng tiêu đề. Sao kê cần có cột ngày và cột số tiền (hoặc ghi có)."),
            "no_lines": _("Không thấy dòng giao dịch nào trong tệp."),
            "account": _("Số tài khoản chỉ gồm chữ số và chữ cái, từ 4 đến 34 ký tự."),
        }[problem]
        super().__init__(sentence, errors={"file": [sentence]}, problem=problem)


class ImportNotFound(NotFound):
    """There is no such import."""

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy lần nhập sao kê này."))


class FaultNotFound(NotFound):
    """The feed had no such item, or it could be read."""

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy tin này của ngân hàng."))


class WrongMoment(Conflict):
    """The import is not where this can be done."""

    def __init__(self, state: str) -> None:
        super().__init__(_("Lần nhập này đang ở bước khác. Hãy tải lại trang để xem."), state=state)


class NeedsAnother(Forbidden):
    """Who uploaded so much does not have it counted as well."""

    code = "needs_another_person"

    def __init__(self) -> None:
        super().__init__(
            _(
                "Sao kê này trên %(limit)s (tính cả các tệp bạn tự ghi trong 24 giờ qua), "
                "cần người khác trong phòng tài chính bấm ghi.",
                limit=format_vnd(FOUR_EYES_VND),
            )
        )


class FeedUnavailable(AppError):
    """The bank's feed did not answer, or not as agreed; the next round asks again."""

    status, code = 502, "bank_feed_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(_("Ngân hàng chưa trả lời. Hệ thống sẽ hỏi lại sau ít phút."), reason=reason)
