"""How states, kinds, columns and problems of the yearly list are called by people."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _

from app.households.registry.words import poverty

from .columns import Column
from .models import Kind, State

# Decree 07/2021/NĐ-CP, article 3: its lines and indicators hold until the end of 2026; later years have other ones.
CRITERIA = ((date(2021, 3, 15), date(2026, 12, 31), "07/2021/NĐ-CP"),)


def criteria_known(day: date) -> str:
    """The decree whose criteria hold on a day; nothing when we don't know one yet."""
    return next((decree for start, end, decree in CRITERIA if start <= day <= end), "")


def state(value: str) -> tuple[str, str]:
    """(words, tone) of a step."""
    return {
        State.UPLOADED: (_("chờ chọn cột"), "warn"),
        State.READING: (_("đang đọc"), "warn"),
        State.READY: (_("chờ duyệt"), "warn"),
        State.APPLYING: (_("đang ghi"), "warn"),
        State.APPLIED: (_("đã ghi"), "good"),
        State.UNDOING: (_("đang hoàn tác"), "warn"),
        State.UNDONE: (_("đã hoàn tác"), ""),
        State.DROPPED: (_("đã bỏ"), ""),
    }[State(value)]


def kinds() -> dict[Kind, tuple[str, str]]:
    """(words, tone) of what a row does."""
    return {
        Kind.ERROR: (_("Dòng lỗi"), "bad"),
        Kind.NEW: (_("Hộ mới vào danh sách"), "good"),
        Kind.CONTINUING: (_("Tiếp tục như năm trước"), ""),
        Kind.CHANGED: (_("Đổi loại hộ hoặc đổi ngày"), "warn"),
        Kind.ENDING: (_("Ra khỏi danh sách"), "warn"),
        Kind.SAME: (_("Đã có đúng như vậy"), ""),
    }


def poverty_class(value: str | None) -> str:
    """The class in words; nothing for none."""
    return poverty(value) if value else ""


def columns() -> dict[Column, str]:
    """What a column may hold."""
    return {
        Column.NAME: _("Họ tên chủ hộ"),
        Column.CITIZEN: _("Số căn cước"),
        Column.CODE: _("Mã hộ trên Chợ Phiên"),
        Column.BIRTH: _("Năm sinh hoặc ngày sinh"),
        Column.HAMLET: _("Xóm, tổ dân phố"),
        Column.COMMUNE: _("Xã, phường"),
        Column.CLASS: _("Loại hộ"),
        Column.POOR_MARK: _("Dấu x: hộ nghèo"),
        Column.NEAR_MARK: _("Dấu x: hộ cận nghèo"),
        Column.LEAVES: _("Thoát nghèo (ngày hoặc dấu x)"),
        Column.NUMBER: _("Số quyết định"),
        Column.YEAR: _("Năm"),
        Column.FROM: _("Từ ngày"),
        Column.TO: _("Đến hết ngày"),
    }


def problems() -> dict[str, str]:
    """What is wrong with a cell, and what to do."""
    return {
        "not_a_class": _("Không rõ là hộ nghèo hay cận nghèo. Ghi N hoặc CN."),
        "not_a_mark": _("Ô này chỉ đánh dấu x hoặc để trống."),
        "no_class": _("Chưa ghi loại hộ."),
        "both_classes": _("Đánh dấu cả hộ nghèo lẫn hộ cận nghèo. Chỉ giữ một."),
        "not_a_date": _("Không đọc được ngày. Ghi kiểu 31/12/2026."),
        "not_a_year": _("Không đọc được năm. Ghi bốn số, ví dụ 2026."),
        "not_a_decision": _("Số quyết định quá dài."),
        "ends_before_it_begins": _("Ngày kết thúc trước ngày bắt đầu."),
        "old_citizen_id": _("Đây là số chứng minh cũ 9 số. Ghi số căn cước 12 số."),
        "not_a_citizen_id": _("Không phải số căn cước. Ghi đủ 12 số."),
        "not_registered": _("Số căn cước này chưa có hộ nào trong xã. Đăng ký hộ trước, rồi tải lại danh sách."),
        "unknown_code": _("Không có hộ nào trong xã mang mã này. Xem lại mã hộ."),
        "code_and_number_differ": _("Mã hộ và số căn cước là của hai hộ khác nhau. Xem lại cả hai."),
        "names_nobody": _("Dòng này chưa ghi họ tên, số căn cước hay mã hộ."),
        "name_alone": _("Chỉ có họ tên thì chưa đủ. Ghi thêm số căn cước, hoặc năm sinh và xóm."),
        "which_commune": _("Không rõ hộ ở xã nào. Ghi tên xã, số căn cước hoặc mã hộ."),
        "unknown_hamlet": _("Không thấy xóm này trong xã. Xem lại tên xóm, hoặc ghi số căn cước."),
        "several_of_this_name": _("Có nhiều hộ cùng tên ở đây. Ghi thêm số căn cước để khỏi nhầm."),
        "nobody_of_this_name": _("Chưa có hộ nào tên này ở đây. Đăng ký hộ trước, hoặc ghi số căn cước."),
        "named_twice": _("Hộ này đã có ở dòng trên. Xóa một dòng."),
    }
