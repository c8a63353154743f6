"""Lists of poor households as commune officers make them, written apart from the application's reader."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

PLAIN = ("STT", "Họ và tên chủ hộ", "Số CCCD", "Mã hộ", "Năm sinh", "Xóm", "Loại hộ")


def workbook(
    rows: Iterable[Sequence[Any]], *, head: Sequence[str] = PLAIN, above: Sequence[Sequence[Any]] = ()
) -> bytes:
    """One sheet with one row of headings."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Danh sách")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for at, row in enumerate([*above, head, *rows]):
            for column, value in enumerate(row):
                if isinstance(value, date | datetime):
                    sheet.write_datetime(at, column, value, day)
                elif value is not None:
                    sheet.write(at, column, value)
    return out.getvalue()


def official(rows: Iterable[Sequence[Any]], *, number: str = "123/QĐ-UBND", year: int = 2027) -> bytes:
    """As a commune prints it: a title, two rows of headings with merged cells, numbered columns, a signature.

    Each row: (name, citizen's number, birth year, hamlet, cross for poor, cross for near poor).
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Phụ lục")
        sheet.merge_range(0, 0, 0, 6, "DANH SÁCH HỘ NGHÈO, HỘ CẬN NGHÈO NĂM " + str(year))
        sheet.merge_range(1, 0, 1, 6, f"(Kèm theo Quyết định số {number} ngày 15/12/{year - 1} của UBND xã mẫu)")
        for column, words in ((0, "TT"), (1, "Họ và tên\nchủ hộ"), (2, "Số định danh cá nhân"), (3, "Năm sinh")):
            sheet.merge_range(3, column, 4, column, words)
        sheet.merge_range(3, 4, 4, 4, "Thôn/xóm")
        sheet.merge_range(3, 5, 3, 6, "Phân loại hộ")
        sheet.write(4, 5, "Hộ nghèo")
        sheet.write(4, 6, "Hộ cận nghèo")
        for column in range(7):
            sheet.write(5, column, f"({column + 1})")
        at = 6
        for at, row in enumerate(rows, 6):
            sheet.write(at, 0, at - 5)
            for column, value in enumerate(row, 1):
                if value is not None:
                    sheet.write(at, column, value)
        sheet.merge_range(at + 1, 0, at + 1, 4, f"Tổng cộng: {at - 5} hộ")
        sheet.merge_range(at + 3, 4, at + 3, 6, "TM. ỦY BAN NHÂN DÂN")
    return out.getvalue()
