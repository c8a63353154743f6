"""Rows with errors as a spreadsheet: which cell, what is wrong, and who the row names, so that it can be mended."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from app.core import sheets
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.database import db
from app.core.sheets import Cell
from app.households.areas import queries as areas
from app.households.registry import decisions
from app.households.registry import queries as registry

from . import queries, words
from .models import PovertyImport


def present(actor: Actor, *, clock: Clock) -> bytes:
    """Who is poor or near poor today, by household code: a list to change for the new year and bring back."""
    day = registry.today(clock)
    homes = db.session.execute(registry.eligible(actor, day).limit(queries.MAX_EXPORTED)).all()
    held = decisions.held([home.id for home in homes], since=day)
    names = areas.names({home.commune_code for home in homes})
    rows: list[list[Cell]] = []
    for home in sorted(homes, key=lambda one: (one.commune_code, one.code)):
        now = next((one for one in held.get(home.id, []) if one.holds_on(day)), None)
        if now is not None:
            commune = names.get(home.commune_code, "")
            rows.append(
                [len(rows) + 1, home.code, commune, words.poverty_class(now.poverty_class), now.decision_number]
            )
    heads = [_("STT"), _("Mã hộ"), _("Xã"), _("Loại hộ"), _("Quyết định đang có")]
    return sheets.as_xlsx(heads, rows, title=_("Hộ nghèo"), made_at=clock.now())


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
