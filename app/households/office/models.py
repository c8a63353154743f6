"""Tables of the office: one decision about many registrations, and what became of each."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class Kind(StrEnum):
    """What is decided about many at once; the last two take the first two back."""

    APPROVE = "approve"
    RETURN = "return"
    UNAPPROVE = "unapprove"
    UNRETURN = "unreturn"


class Outcome(StrEnum):
    """What became of one registration of a bulk."""

    WAITING = "waiting"
    DONE = "done"
    LEFT_OUT = "left_out"


class Bulk(Model):
    """An officer's one decision about many registrations; each item is decided again by itself."""

    __tablename__ = "household_bulk"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('approve', 'return', 'unapprove', 'unreturn')", name="kind"),
        sa.CheckConstraint("(kind = 'approve') = (reason IS NULL)", name="reason"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    reason: Mapped[str | None]
    made_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class BulkItem(Model):
    """One registration of a bulk: waiting, done, or left out and why."""

    __tablename__ = "household_bulk_item"
    __table_args__ = (
        sa.CheckConstraint("outcome IN ('waiting', 'done', 'left_out')", name="outcome"),
        sa.CheckConstraint("(outcome = 'left_out') = (why IS NOT NULL)", name="why"),
        sa.Index("ix_household_bulk_item_household_id", "household_id"),
    )

    bulk_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household_bulk.id"), primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(default="waiting")
    why: Mapped[str | None]
