"""The gateway's payouts, and the lines each is made of.

Amounts are đồng; what leaves the gateway's balance is minus.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class Difference(StrEnum):
    """Why a line does not fit our books."""

    UNKNOWN = "unknown"  # of a payment or refund that we don't know
    AMOUNT = "amount"  # we know it with another amount
    NOT_CHARGED = "not_charged"  # we know the payment, and not that its card was charged
    TWICE = "twice"  # another line stands for that payment
    OTHER = "other"  # an adjustment, or of a type that we don't expect


class CardPayout(Model):
    """One payout as the gateway tells of it; `status` is its own word.

    Its id is the ledger transfer's of the net amount, `fee_transfer_id` the fee's. `lines_ready` says that the gateway
    has named all lines of it, `lines_cursor` is the last one read, `lines_at` when all were. The four sums are those
    of the lines: charges, refunds (minus), what is neither, and what the gateway kept. The fee is booked once the
    payout is over, the net amount when it was paid; a payout that failed after that is taken back.
    """

    __tablename__ = "card_payout"
    __table_args__ = (
        sa.UniqueConstraint("payout_id", name="uq_card_payout_payout_id"),
        sa.UniqueConstraint("fee_transfer_id", name="uq_card_payout_fee_transfer_id"),
        sa.UniqueConstraint("net_reversal_id", name="uq_card_payout_net_reversal_id"),
        sa.Index(
            "ix_card_payout_open",
            "id",
            postgresql_where=sa.text(
                "booked_at IS NULL OR differences > 0 OR (net_booked AND net_reversal_id IS NULL AND status <> 'paid')"
            ),
        ),
        sa.Index("ix_card_payout_event_at", "event_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    payout_id: Mapped[str]
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    automatic: Mapped[bool]
    status: Mapped[str]
    failure_code: Mapped[str | None]
    arrives_on: Mapped[date]
    event_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    lines_ready: Mapped[bool]
    lines_cursor: Mapped[str | None]
    lines_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    gross_vnd: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    refunds_vnd: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    other_vnd: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    fee_vnd: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    differences: Mapped[int] = mapped_column(default=0)
    fee_transfer_id: Mapped[UUID] = mapped_column(default=uuid7)
    booked_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    net_booked: Mapped[bool] = mapped_column(default=False)
    net_reversal_id: Mapped[UUID | None]
    checked_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))

    @property
    def lines_vnd(self) -> int:
        """What the lines come to, after fees."""
        return self.gross_vnd + self.refunds_vnd + self.other_vnd - self.fee_vnd

    @property
    def off_vnd(self) -> int:
        """By how much the payout differs from its lines, once all are in; zero for a manual one, which has none."""
        return self.amount_vnd - self.lines_vnd if self.lines_at is not None else 0


class CardPayoutLine(Model):
    """One balance transaction of a payout, and what of ours it is: a payment, a refund, a return or another payout."""

    __tablename__ = "card_payout_line"
    __table_args__ = (
        sa.UniqueConstraint("txn_id", name="uq_card_payout_line_txn_id"),
        sa.Index("ix_card_payout_line_payout_id", "payout_id", "id"),
        sa.Index(
            "ix_card_payout_line_difference", "payout_id", "id", postgresql_where=sa.text("difference IS NOT NULL")
        ),
        sa.Index(
            "uq_card_payout_line_charge",
            "card_payment_id",
            unique=True,
            postgresql_where=sa.text("difference IS NULL AND amount_vnd > 0"),
        ),
        sa.Index("ix_card_payout_line_card_payment_id", "card_payment_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    payout_id: Mapped[UUID] = mapped_column(sa.ForeignKey("card_payout.id"))
    txn_id: Mapped[str]
    type: Mapped[str]
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    fee_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    net_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    source_id: Mapped[str | None]
    intent_id: Mapped[str | None]
    card_payment_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("card_payment.id"))
    refund_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("refund.id"))
    card_return_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("card_return.id"))
    other_payout_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("card_payout.id"))
    difference: Mapped[str | None]
    event_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
