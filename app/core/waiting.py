"""What waits too long, as every room tells it: the oldest few, and how many there are in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.core.database import db


@dataclass(frozen=True)
class Waiting:
    """One thing that waits. `name` is what people call it: a code, a bank's reference, a file.

    `tried`: how often a machine tried in vain, where it does.
    """

    id: UUID
    name: str
    amount_vnd: int | None
    since: datetime
    tried: int | None = None


@dataclass(frozen=True)
class Queue:
    """The oldest that wait, and the number of all."""

    items: Sequence[Waiting]
    count: int


def oldest(
    id: Any,
    name: Any,
    amount_vnd: Any,
    since: Any,
    *,
    where: sa.Select[*tuple[Any, ...]],
    limit: int,
    tried: Any = None,
) -> Queue:
    """Read these columns of the rows that `where` selects, longest waiting first, with their number, in one query."""
    columns = (id, name, amount_vnd, since, sa.null() if tried is None else tried)
    statement = where.with_only_columns(*columns, sa.func.count().over()).order_by(since, id).limit(limit)
    rows = db.session.execute(statement).all()
    return Queue([Waiting(*row[:5]) for row in rows], rows[0][5] if rows else 0)
