"""The sheet officers fill: out with the hamlets of some communes, in with where each goes."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from app.core.sheets import as_xlsx
from app.core.texts import fold, tidy
from app.core.uploads import Row, UnreadableFile, read_rows

from .errors import BadPlan, RowFault
from .plans import MAX_ROWS, Line, Unit

MAX_BYTES = 2 * 1024 * 1024
_LOOKED_AT = 10  # rows in which the heads are looked for
# Heads are Vietnamese in every language: the sheet is an official paper.
HEADS = ("Mã xóm", "Tên xóm", "Xã hiện nay", "Mã xã mới", "Tên xã mới")
_FOLDED = [fold(head) for head in HEADS]


def blank(units: Sequence[Unit]) -> bytes:
    """The sheet for these communes and their hamlets: everything stays until the officer writes otherwise."""
    names = {unit.code: unit.name for unit in units}
    with_hamlets = {unit.parent_code for unit in units if unit.kind == "hamlet"}
    rows = [
        (unit.code, unit.name, names.get(commune, ""), commune, names.get(commune, ""))
        for unit in sorted(units, key=lambda unit: unit.code)
        for commune in [unit.code if unit.kind == "commune" else unit.parent_code or ""]
        if unit.kind == "hamlet" or (unit.kind == "commune" and unit.code not in with_hamlets)
    ]
    return as_xlsx(HEADS, rows, title="Sap xep dia gioi")


def read(data: bytes) -> list[Line]:
    """The rows of a filled sheet.

    Raises:
        BadPlan: it can't be read, or the heads are not there.
    """
    try:
        rows = read_rows(data, max_rows=MAX_ROWS)
    except UnreadableFile:
        raise BadPlan([RowFault(1, _("Không đọc được tệp. Tải mẫu về, điền rồi lưu thành .xlsx."))]) from None
    for number, row in enumerate(rows[:_LOOKED_AT]):
        places = {head: _place_of(row, head) for head in _FOLDED}
        unit, target, name = (places[_FOLDED[column]] for column in (0, 3, 4))
        if unit is not None and target is not None:
            body = enumerate(rows[number + 1 :], number + 2)
            return [
                Line(place, _cell(one, unit), _cell(one, target), _cell(one, name) if name is not None else "")
                for place, one in body
                if any(_cell(one, column) for column in (unit, target))
            ]
    raise BadPlan([RowFault(1, _("Không thấy cột “Mã xóm” và “Mã xã mới”. Dùng bảng mẫu tải về từ trang này."))])


def _place_of(row: Row, head: str) -> int | None:
    return next((place for place, cell in enumerate(row) if fold(tidy(str(cell))) == head), None)


def _cell(row: Row, place: int) -> str:
    """Text of a cell; a code that a spreadsheet took for a number is one again."""
    value = row[place] if place < len(row) else ""
    if isinstance(value, float) and value.is_integer():
        return f"{int(value):05d}"
    return tidy(str(value)).lstrip("'") if value is not None else ""
