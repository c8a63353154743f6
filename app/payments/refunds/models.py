"""Refunds. The database bounds a request's refunds by what was paid (see migration 0130)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7

ACCOUNT_FIELD = "refund.account"


class Way(StrEnum):
    """How the money goes back."""

    CARD = "card"
    BANK_TRANSFER = "bank_transfer"


class Refund(Model):
    """One giving back. Its id makes the idempotency key at the gateway and is the purpose of its ledger transfers.

    `fees_vnd` is what of fees and tax goes back with it, `seller_vnd` is taken from what we hold for the seller
    (`seller_transfer_id` reserves it), `debt_vnd` from the seller's debt. `instead_of_id` names the refused refund
    that a bank transfer stands for; the payer's account in it is sealed. `sent_by` made the transfer and is never
    `created_by`; when the bank sent it back, `came_back_by` said so, who is never `sent_by`.
    """

    __tablename__ = "refund"
    __table_args__ = (
        sa.UniqueConstraint("gateway_refund_id", name="uq_refund_gateway_refund_id"),
        sa.UniqueConstraint("idempotency_key", name="uq_refund_idempotency_key"),
        sa.Index("ix_refund_request_id", "request_id", "id"),
        sa.Index(
            "ix_refund_unanswered", "id", postgresql_where=sa.text("status IN ('asking', 'unknown', 'on_its_way')")
        ),
        sa.Index("ix_refund_waiting", "created_at", postgresql_where=sa.text("status = 'waiting'")),
        sa.Index(
            "uq_refund_instead_of_live", "instead_of_id", unique=True, postgresql_where=sa.text("status <> 'cancelled'")
        ),
        sa.CheckConstraint("sent_by <> created_by", name="four_eyes"),
        sa.CheckConstraint("came_back_by <> sent_by", name="came_back_four_eyes"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payment_request.id"))
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    reason: Mapped[str]
    lines: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    way: Mapped[str]
    status: Mapped[str]
    gateway_refund_id: Mapped[str | None]
    failure_code: Mapped[str | None]
    idempotency_key: Mapped[str]
    fees_vnd: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    seller_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    seller_transfer_id: Mapped[UUID | None]
    debt_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    debt_transfer_id: Mapped[UUID | None]
    instead_of_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("refund.id"))
    account_enc: Mapped[bytes | None]
    bank_reference: Mapped[str | None]
    created_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    sent_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    came_back_reason: Mapped[str | None]
    came_back_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
