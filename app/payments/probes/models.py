"""Test transfers that were asked for. Money and the bank's word are those of a payout with purpose `probe`."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7

PROBE_VND = 1_000
MAX_A_DAY = 300
"""Test transfers that may be asked for under one allowance, a commune's say, in one day of Vietnam."""


class ProbeState(StrEnum):
    """Where a test transfer is."""

    WAITING = "waiting"  # for the finance office to put it into a batch
    UNDER_WAY = "under_way"
    CONFIRMED = "confirmed"
    FAILED = "failed"  # it did not arrive, or came back
    WITHDRAWN = "withdrawn"  # before it left: the account is wanted no more


IN_FLIGHT = (ProbeState.WAITING, ProbeState.UNDER_WAY)


class AccountProbe(Model):
    """One test transfer to one bank account; of each account at most one is in flight.

    `payout_id` is its payout once it is in a batch. `withdrawn_at` says that nobody waits for it any more: what has not
    left the house then never does.
    """

    __tablename__ = "account_probe"
    __table_args__ = (
        sa.CheckConstraint(
            "status IN ('waiting', 'under_way', 'confirmed', 'failed', 'withdrawn')", name="status"
        ),
        sa.CheckConstraint(
            "(status IN ('waiting', 'withdrawn') OR payout_id IS NOT NULL)"
            " AND (status <> 'waiting' OR payout_id IS NULL)"
            " AND (status <> 'withdrawn' OR withdrawn_at IS NOT NULL)",
            name="payout",
        ),
        sa.UniqueConstraint("payout_id", name="uq_account_probe_payout_id"),
        sa.Index(
            "uq_account_probe_in_flight", "bank_account_id", unique=True,
            postgresql_where=sa.text("status IN ('waiting', 'under_way')"),
        ),
        sa.Index("ix_account_probe_waiting", "id", postgresql_where=sa.text("status = 'waiting'")),
        sa.Index("ix_account_probe_allowance", "allowance", "asked_on"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    bank_account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("bank_account.id"))
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    allowance: Mapped[str]
    asked_by: Mapped[UUID]
    asked_on: Mapped[date]
    status: Mapped[str]
    payout_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("payout.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
