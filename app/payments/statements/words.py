"""How states, columns and problems of statements are called by people."""

from __future__ import annotations

from flask_babel import gettext as _


def states() -> dict[str, tuple[str, str]]:
    """Of an import: words and tone."""
    return {
        "ready": (_("chờ xem lại"), "warn"),
        "applying": (_("đang ghi sổ"), "warn"),
        "applied": (_("đã ghi sổ"), "good"),
        "undoing": (_("đang hoàn tác"), "warn"),
        "undone": (_("đã hoàn tác"), ""),
        "dropped": (_("đã bỏ"), ""),
    }


def line_states() -> dict[str, str]:
    """Of a line."""
    return {
        "new": _("chưa ghi"),
        "claimed": _("đang ghi"),
        "known": _("đã biết từ trước"),
        "ignored": _("tiền ra, bỏ qua"),
        "ours": _("khoản chi bị trả lại"),
        "applied": _("đã ghi"),
        "undone": _("đã hoàn tác"),
        "kept": _("giữ lại"),
    }


def kept_because() -> dict[str, str]:
    """Why a line could not be taken back."""
    return {
        "matched": _("tiền đã trả cho một khoản"),
        "confirmed": _("ngân hàng đã báo lại khoản này"),
        "at_desk": _("bàn đối soát đã xử lý khoản này"),
        "not_handled": _("khoản này còn chờ ghi sổ"),
        "relied_on": _("một sao kê khác cũng có khoản này và dựa vào dòng này"),
    }


def columns() -> dict[str, str]:
    """Of a sheet, or elements of an entry."""
    return {
        "date": _("ngày giao dịch"),
        "credit": _("ghi có"),
        "debit": _("ghi nợ"),
        "amount": _("số tiền"),
        "direction": _("nợ/có"),
        "account": _("số tài khoản"),
        "memo": _("nội dung"),
        "reference": _("số tham chiếu"),
    }


def problems() -> dict[str, str]:
    """What is wrong with a cell."""
    return {
        "not_an_amount": _("không phải số tiền"),
        "not_whole_dong": _("số tiền có phần lẻ của đồng"),
        "amount_too_large": _("số tiền quá lớn"),
        "no_amount": _("thiếu số tiền"),
        "both_ways": _("vừa ghi nợ vừa ghi có, hoặc ghi có âm"),
        "which_way": _("không rõ tiền vào hay tiền ra"),
        "not_a_date": _("không đọc được ngày"),
        "account_is_a_number": _("ô số tài khoản phải để dạng chữ, kẻo mất số 0 ở đầu"),
        "account_missing": _("thiếu số tài khoản; hãy điền ô số tài khoản khi tải tệp lên"),
        "not_an_account": _("không phải số tài khoản"),
        "not_dong": _("không phải tiền đồng"),
        "many_in_one": _("nhiều khoản gộp một dòng; hãy nhập tệp camt.054 có từng khoản"),
        "incomplete": _("thiếu dữ liệu hoặc không đúng mẫu"),
    }
