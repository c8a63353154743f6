"""Rows with errors as a spreadsheet: which cell, what is wrong, and who the row names, so that it can be mended."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from app.core import sheets
from app.core.sheets import Cell

from . import queries, words
from .models import PovertyImport


def errors(found: PovertyImport, *, made_at: datetime) -> bytes:
    """One line for each cell with an error."""
    problems, columns = words.problems(), {str(column): name for column, name in words.columns().items()}
    heads = [_("Dòng"), _("Ô"), _("Cột"), _("Vì sao"), _("Họ tên"), _("Số căn cước"), _("Xóm"), _("Xã")]
    rows: list[list[Cell]] = []
    for row in queries.error_rows(found.id):
        said = queries.cells_of(found, row)
        who = [said.get(name) or "" for name in ("name", "citizen_id", "hamlet", "commune")]
        for fault in row.faults:
            problem = problems.get(fault["problem"], fault["problem"])
            rows.append([row.place, fault["cell"], columns.get(fault["column"], ""), problem, *who])
    return sheets.as_xlsx(heads, rows, title=_("Dòng lỗi"), made_at=made_at)
