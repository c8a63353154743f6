"""Batches, payouts, who was held back, and the bank's answers. What the database forbids stands in migration 0120."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.crypto import seal_record, unseal_record
from app.core.database import Model
from app.core.ids import uuid7

SALES = "sales"
"""What was sold and collected for the payee."""
PROBE = "probe"
"""A test transfer of the platform's own money, to see whether an account takes any: see `payments.probes`."""
REASON_FIELD, TOLD_FIELD = "payout.reason", "payout_result.told"
BATCH_PREFIX, PAYOUT_PREFIX = "CT", "PT"
"""What the codes of batches and payouts begin with."""


class HeldBecause(StrEnum):
    """Why somebody with money due is not in a batch."""

    NO_ACCOUNT = "no_account"
    ACCOUNT_CHANGED = "account_changed"
    BATCH_FULL = "batch_full"


class PayoutBatch(Model):
    """Payouts that go to the bank together. `created_by` is NULL when the clock drafted it; one of the two answers
    for it is never the other."""

    __tablename__ = "payout_batch"
    __table_args__ = (
        sa.UniqueConstraint("code", name="uq_payout_batch_code"),
        sa.UniqueConstraint("idempotency_key", name="uq_payout_batch_idempotency_key"),
        sa.CheckConstraint("approved_by <> created_by", name="four_eyes"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    purpose: Mapped[str]
    period: Mapped[date]
    status: Mapped[str]
    idempotency_key: Mapped[str]
    created_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    approved_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    approved_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class Payout(Model):
    """One payee's money of one period; its id is the purpose of its ledger transfers, its code the end-to-end id.

    `pending_id` is the transfer that reserves the amount since the approval, `posted_id` the one that moved it last.
    `answered_by` told what became of it, by hand or with a file of the bank; `reason` in their words, which is sealed.
    """

    __tablename__ = "payout"
    __table_args__ = (
        sa.UniqueConstraint("code", name="uq_payout_code"),
        sa.UniqueConstraint("pending_id", name="uq_payout_pending_id"),
        sa.UniqueConstraint("posted_id", name="uq_payout_posted_id"),
        sa.Index(
            "uq_payout_purpose_period_payee", "purpose", "period", "payee_id", unique=True,
            postgresql_where=sa.text("status <> 'cancelled'"),
        ),
        sa.Index("uq_payout_draft_payee", "payee_id", unique=True, postgresql_where=sa.text("status = 'draft'")),
        sa.Index("ix_payout_batch_id", "batch_id", "id"),
        sa.Index("ix_payout_payee_id", "payee_id", "id"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payout_batch.id"))
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    bank_account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("bank_account.id"))
    purpose: Mapped[str]
    period: Mapped[date]
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    status: Mapped[str]
    pending_id: Mapped[UUID | None]
    posted_id: Mapped[UUID | None]
    answered_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    reason_code: Mapped[str | None]
    reason_before: Mapped[str | None] = mapped_column("reason")  # of rows from before it was sealed
    reason_enc: Mapped[bytes | None]
    bank_reference: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))

    @property
    def reason(self) -> str | None:
        """Why it did not arrive, in the bank's or an officer's words."""
        return unseal_record(REASON_FIELD, self.reason_enc) if self.reason_enc is not None else self.reason_before

    @reason.setter
    def reason(self, told: str | None) -> None:
        self.reason_before = None
        self.reason_enc = seal_record(REASON_FIELD, told) if told else None


class HeldPayee(Model):
    """Somebody left out of a batch; `held_until` for an account that changed."""

    __tablename__ = "payout_held"

    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payout_batch.id"), primary_key=True)
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"), primary_key=True)
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    reason: Mapped[str]
    held_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class HoldTold(Model):
    """The old contact was told that this account is new; once per account."""

    __tablename__ = "payout_hold_told"

    bank_account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("bank_account.id"), primary_key=True)
    told_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class PayoutResult(Model):
    """A file of the bank's answers as it was read: `rows` of `answers.Row`, `faults` of `answers.Fault`, both without
    the bank's own words, which are sealed apart. See `told`."""

    __tablename__ = "payout_result"
    __table_args__ = (sa.UniqueConstraint("batch_id", "file_hash", name="uq_payout_result_batch_id_file_hash"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payout_batch.id"))
    file_hash: Mapped[bytes]
    file_name: Mapped[str]
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    told_enc: Mapped[bytes | None]
    created_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    applied_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    applied_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
