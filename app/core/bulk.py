"""Many rows into one table in one statement, where one by one (or thousands of parameters) would take the time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from app.core.database import Model, require_transaction

AT_ONCE = 5_000


def insert_rows(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows given by attribute; all name the same ones. Defaults are the database's, not the model's.

    Raises:
        sqlalchemy.exc.IntegrityError: a constraint refused one; none is written.
    """
    if not rows:
        return
    columns = {name: sa.inspect(model).columns[name] for name in rows[0]}
    listed = ", ".join(f'"{column.name}"' for column in columns.values())
    arrays = ", ".join(f"CAST({_array(number, column)})" for number, column in enumerate(columns.values()))
    statement = sa.text(f"INSERT INTO {model.__tablename__} ({listed}) SELECT * FROM unnest({arrays})")  # noqa: S608
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        values = {f"v{number}": [_plain(row[name]) for row in part] for number, name in enumerate(columns)}
        require_transaction().execute(statement, values)


def _array(number: int, column: sa.Column[Any]) -> str:
    if isinstance(column.type, JSONB):
        return f"CAST(:v{number} AS text[]) AS jsonb[]"
    return f":v{number} AS {column.type.compile(postgresql.dialect())}[]"  # type: ignore[no-untyped-call]


def _plain(value: Any) -> Any:
    """What the driver takes: an enumeration's text, JSON as text."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value) if isinstance(value, str) else value
