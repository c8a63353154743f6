"""Tables of welfare, and the one view of them that everybody may read."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class AccountStatus(StrEnum):
    """How far a welfare account has come."""

    ISSUED = "issued"
    ACTIVE = "active"
    CLOSED = "closed"


class WelfareProfile(Model):
    """A household as one that receives help, under a code of its own.

    Its id is random rather than ordered by time, and owns the payee, so that nothing leads from a gift to the shop.
    Whether it is listed, its class and whether it takes direct gifts are read from consent and poverty status, never
    stored: see the view `welfare_public`.
    """

    __tablename__ = "welfare_profile"
    __table_args__ = (
        sa.UniqueConstraint("household_id"),
        sa.UniqueConstraint("code"),
        sa.CheckConstraint("length(need) BETWEEN 1 AND 200", name="need"),
        sa.Index("ix_welfare_profile_commune_code", "commune_code", "code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    code: Mapped[str]
    commune_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"))
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    need: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class WelfareAccount(Model):
    """The bank account registered to receive support, given by one officer and verified by another."""

    __tablename__ = "welfare_account"
    __table_args__ = (
        sa.CheckConstraint("status IN ('issued', 'active', 'closed')", name="status"),
        sa.CheckConstraint("verified_by <> issued_by", name="four_eyes"),
        sa.CheckConstraint(
            "(status <> 'active' OR verified_by IS NOT NULL) AND (verified_by IS NULL) = (verified_at IS NULL)",
            name="verified",
        ),
        sa.CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        sa.Index(
            "uq_welfare_account_open", "household_id", unique=True, postgresql_where=sa.text("status <> 'closed'")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    bank_account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("bank_account.id"))
    status: Mapped[str]
    issued_by: Mapped[UUID]
    verified_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    verified_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


welfare_public = sa.table(
    "welfare_public",
    sa.column("code", sa.Text),
    sa.column("commune_code", sa.Text),
    sa.column("poverty_class", sa.Text),
    sa.column("need", sa.Text),
    sa.column("direct", sa.Boolean),
    sa.column("payee_id", sa.Uuid),
    sa.column("valid_from", sa.Date),
    sa.column("valid_to", sa.Date),
)
"""A view that belongs to the migrator: verified households with an active account that agreed to be listed now, one row
per poverty decision. It holds no household id, so a guest's connection can't get from here to a person."""
