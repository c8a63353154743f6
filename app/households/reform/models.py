"""A planned or carried-out reform."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class ReformState(StrEnum):
    """How far a reform has come."""

    PLANNED = "planned"
    APPROVED = "approved"
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"


class AreaReform(Model):
    """One decision about areas. `plan` is `plans.Plan` as JSON; `effective_on` is the first day of the new order."""

    __tablename__ = "area_reform"
    __table_args__ = (
        sa.CheckConstraint("state IN ('planned', 'approved', 'applied', 'withdrawn')", name="state"),
        sa.CheckConstraint("approved_by <> planned_by", name="four_eyes"),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved"),
        sa.CheckConstraint("state NOT IN ('approved', 'applied') OR approved_by IS NOT NULL", name="approved_first"),
        sa.CheckConstraint("(state = 'applied') = (applied_at IS NOT NULL)", name="applied"),
        sa.CheckConstraint("length(decision_number) BETWEEN 1 AND 60", name="decision_number"),
        sa.Index("ix_area_reform_due", "effective_on", postgresql_where=sa.text("state = 'approved'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    decision_number: Mapped[str]
    effective_on: Mapped[date]
    plan: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str]
    planned_by: Mapped[UUID]
    planned_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    applied_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
