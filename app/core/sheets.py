"""Tables as files that spreadsheets open: CSV and XLSX, with cells that can't turn into formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

import xlsxwriter

from app.core.clock import in_vietnam

Cell = str | int | datetime | None
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def neutral(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would run as a formula (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def as_csv(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with a byte order mark, which is how spreadsheets know."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return ("\ufeff" + out.getvalue()).encode()


def as_xlsx(
    heads: Sequence[str], rows: Iterable[Sequence[Cell]], *, title: str, made_at: datetime | None = None
) -> bytes:
    """One sheet; numbers stay numbers, texts stay texts (account numbers with their leading zeros).

    Args:
        made_at: what the file says of when it was made, so that the same table is the same file; now when left out.
    """
    out = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(title[:31])
        if made_at is not None:
            book.set_properties({"created": made_at.replace(tzinfo=None)})
        bold, text, money = (
            book.add_format(form) for form in ({"bold": True}, {"num_format": "@"}, {"num_format": "#,##0"})
        )
        sheet.freeze_panes(1, 0)
        for column, head in enumerate(heads):
            sheet.write_string(0, column, neutral(head), bold)
            sheet.set_column(column, column, max(16, len(head) + 4))
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(number, column, cell, money)
                elif cell is not None:
                    sheet.write_string(number, column, str(_plain(cell)), text)
    return out.getvalue()


def _plain(cell: Cell) -> str | int:
    if isinstance(cell, datetime):
        return in_vietnam(cell).strftime("%Y-%m-%d %H:%M:%S")
    return neutral(cell) if isinstance(cell, str) else "" if cell is None else cell
