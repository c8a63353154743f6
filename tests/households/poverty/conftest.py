"""Bringing a list step by step, and what holds afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM, Actor
from app.core.database import acting_as, db
from app.households.poverty import queries, services
from app.households.poverty.models import PovertyImport, State
from app.households.registry import queries as registry
from app.households.registry.models import PovertyStatus
from tests.factories import households as make
from tests.fakes.clock import FrozenClock

FROM, TO = date(2027, 1, 1), date(2027, 12, 31)


@dataclass
class Desk:
    """One officer who brings lists and another who approves them."""

    maker: Actor
    approver: Actor
    clock: FrozenClock
    area: str = make.TAN_CUONG

    def bring(self, data: bytes, *, name: str = "danh-sach.xlsx") -> UUID:
        """Upload."""
        made = services.upload(actor=self.maker, data=data, file_name=name, area_code=self.area, clock=self.clock)
        return made.id

    def confirm(self, import_id: UUID, *, columns: Mapping[str, int] | None = None, **changes: Any) -> None:
        """Confirm the guessed columns and the decision of 2027."""
        found = self.get(import_id)
        said: dict[str, Any] = {
            "decision_number": "123/QĐ-UBND", "year": 2027, "valid_from": FROM, "valid_to": TO, "whole_list": False,
        }  # fmt: skip
        services.confirm_columns(
            actor=self.maker,
            import_id=import_id,
            columns=queries.layout(found).guess if columns is None else columns,
            clock=self.clock,
            **(said | changes),
        )

    def preview(self, data: bytes, **changes: Any) -> UUID:
        """Upload, confirm and read."""
        import_id = self.bring(data)
        self.confirm(import_id, **changes)
        self.work(import_id)
        return import_id

    def take(self, data: bytes, **changes: Any) -> UUID:
        """All the way until it holds."""
        import_id = self.preview(data, **changes)
        self.approve(import_id)
        return import_id

    def approve(self, import_id: UUID) -> None:
        """The second officer's yes, and the job's work."""
        services.approve(actor=self.approver, import_id=import_id, clock=self.clock)
        self.work(import_id)

    def undo(self, import_id: UUID) -> None:
        """Take it back, and the job's work."""
        services.undo(actor=self.approver, import_id=import_id, clock=self.clock)
        self.work(import_id)

    def work(self, import_id: UUID) -> None:
        """What the job does."""
        services.work(import_id, clock=self.clock)

    def get(self, import_id: UUID) -> PovertyImport:
        """The batch as it stands."""
        db.session.rollback()
        return queries.get(import_id, actor=SYSTEM)

    def state(self, import_id: UUID) -> str:
        """Where it is."""
        return State(self.get(import_id).state)

    def counts(self, import_id: UUID) -> dict[str, int]:
        """Rows by kind, without the zeros."""
        db.session.rollback()
        return {str(kind): count for kind, count in queries.counts(import_id).items() if count}

    def problems(self, import_id: UUID) -> list[tuple[str, str]]:
        """(cell, problem) of all rows with errors."""
        db.session.rollback()
        return [(fault["cell"], fault["problem"]) for row in queries.error_rows(import_id) for fault in row.faults]


def decisions() -> set[tuple[Any, ...]]:
    """All that holds, as (household, class, year, number, from, to)."""
    db.session.rollback()
    status = PovertyStatus
    rows = db.session.execute(
        sa.select(
            status.household_id, status.poverty_class, status.year, status.decision_number, status.valid_from,
            status.valid_to,
        ).where(status.revoked_at.is_(None))
    ).all()  # fmt: skip
    return {tuple(row) for row in rows}


def class_on(household_id: UUID, day: date) -> str | None:
    """The class that holds on a day."""
    db.session.rollback()
    found = registry.poverty_on(household_id, day)
    return found.poverty_class if found else None


@pytest.fixture
def table(app: Flask, clock: FrozenClock) -> Desk:
    """The commune office of Tân Cương."""
    with acting_as(SYSTEM):
        return Desk(make.an_officer(), make.an_officer(), clock)


def rows_of(*rows: Sequence[Any]) -> list[list[Any]]:
    """Rows with their running number before them."""
    return [[number, *row] for number, row in enumerate(rows, 1)]
