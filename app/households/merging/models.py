"""The table of merges: which record stays, what it takes from the other, who asked, who confirmed, who took it back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model


class Merge(Model):
    """One merge. `winner_id` stays, `loser_id` is closed and points to it. `id` is made by the proposer.

    `takes` names the groups of fields that come from the loser. What both rows were before is sealed under each
    household's own key, so that erasing a household erases it here too.
    """

    __tablename__ = "household_merge"
    __table_args__ = (
        sa.CheckConstraint("status IN ('proposed', 'done', 'refused', 'undone')", name="status"),
        sa.CheckConstraint("winner_id <> loser_id", name="two"),
        sa.CheckConstraint("decided_by <> proposed_by OR status = 'refused'", name="four_eyes"),
        sa.CheckConstraint(
            "(status = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name="decided",
        ),
        sa.CheckConstraint(
            "(status IN ('done', 'undone')) = (winner_before_enc IS NOT NULL)"
            " AND (winner_before_enc IS NULL) = (loser_before_enc IS NULL)",
            name="done",
        ),
        sa.CheckConstraint(
            "(status = 'undone') = (undone_by IS NOT NULL) AND (undone_by IS NULL) = (undone_at IS NULL)",
            name="undone",
        ),
        sa.Index(
            "uq_household_merge_loser",
            "loser_id",
            unique=True,
            postgresql_where=sa.text("status IN ('proposed', 'done')"),
        ),
        sa.Index("ix_household_merge_winner_id", "winner_id", "id"),
        sa.Index("ix_household_merge_status", "status", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    winner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    loser_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    takes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    reason: Mapped[str]
    winner_version: Mapped[int]
    loser_version: Mapped[int]
    status: Mapped[str]
    proposed_by: Mapped[UUID]
    proposed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    winner_before_enc: Mapped[bytes | None]
    loser_before_enc: Mapped[bytes | None]
    undone_by: Mapped[UUID | None]
    undone_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
