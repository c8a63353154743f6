"""Loading the reference data and naming hamlets."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.core.database import require_transaction, transaction
from app.core.texts import fold, tidy

from .errors import UnknownArea
from .models import Area, AreaChange

DATA = Path(__file__).parent / "data"
AREA_COLUMNS = "code, kind, unit, name, parent_code, search_name, latitude, longitude"
CHANGE_COLUMNS = "old_code, new_code, old_name, old_parent, search_name, choose, main"


def load_reference() -> tuple[int, int]:
    """Bring provinces, communes and old-to-new codes up to what the files say; twice changes nothing.

    Returns:
        How many units and how many changes the files hold.
    """
    with transaction():
        areas = _copy(Area, AREA_COLUMNS, _area_rows())
        changes = _copy(AreaChange, CHANGE_COLUMNS, _change_rows())
    return areas, changes


def add_hamlet(
    *, code: str, name: str, commune_code: str, latitude: float | None = None, longitude: float | None = None
) -> Area:
    """Name a hamlet of a commune, or rename it.

    Args:
        code: `<commune>-<nn>`.
        name: with its word, e.g. "Xóm Hồng Thái".

    Raises:
        UnknownArea: no such commune, or the code does not begin with it.
    """
    if not code.startswith(f"{commune_code}-"):
        raise UnknownArea(code)
    with transaction() as session:
        commune = session.get(Area, commune_code)
        if commune is None or commune.kind != "commune" or commune.valid_to:
            raise UnknownArea(commune_code)
        hamlet = session.get(Area, code) or Area(code=code, kind="hamlet", parent_code=commune_code)
        if hamlet.valid_to:
            raise UnknownArea(code)
        hamlet.name = tidy(name)
        hamlet.unit = "tổ dân phố" if fold(name).startswith("to dan pho") else "xóm"
        hamlet.search_name = fold(hamlet.name)
        hamlet.latitude, hamlet.longitude = latitude, longitude
        session.add(hamlet)
    return hamlet


def _copy(model: type[Area | AreaChange], columns: str, rows: Iterator[tuple[object, ...]]) -> int:
    """COPY into a side table, then merge: rows that are the same are left alone."""
    session = require_transaction()
    name = model.__tablename__
    names = columns.split(", ")
    key = ", ".join(column.name for column in model.__mapper__.primary_key)
    session.execute(sa.text(f"CREATE TEMPORARY TABLE incoming (LIKE {name} INCLUDING DEFAULTS) ON COMMIT DROP"))
    connection: Any = session.connection().connection.driver_connection
    count = 0
    with connection.cursor() as cursor, cursor.copy(f"COPY incoming ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    values = ", ".join(f"{column} = EXCLUDED.{column}" for column in names)
    here = ", ".join(f"{name}.{column}" for column in names)
    there = ", ".join(f"EXCLUDED.{column}" for column in names)
    merge = f"""
        INSERT INTO {name} ({columns}) SELECT {columns} FROM incoming
        ON CONFLICT ({key}) DO UPDATE SET {values} WHERE ({here}) IS DISTINCT FROM ({there})
    """  # noqa: S608 names of our own columns, nothing from outside
    session.execute(sa.text(merge))
    session.execute(sa.text("DROP TABLE incoming"))
    return count


def _read(file_name: str) -> Iterator[dict[str, str]]:
    with (DATA / file_name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _area_rows() -> Iterator[tuple[object, ...]]:
    for row in _read("areas.csv"):
        yield (
            row["code"], row["kind"], row["unit"], row["name"], row["parent"] or None, fold(row["name"]),
            float(row["latitude"]), float(row["longitude"]),
        )  # fmt: skip


def _change_rows() -> Iterator[tuple[object, ...]]:
    for row in _read("area_changes.csv"):
        yield (
            row["old_code"], row["new_code"], row["old_name"], row["old_parent"], fold(row["old_name"]),
            row["choose"] == "1", row["main"] == "1",
        )  # fmt: skip
