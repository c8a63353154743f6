"""Rules with their days, what was charged by them, and what of it went back."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class Kind(StrEnum):
    """What is kept back."""

    COMMISSION = "commission"
    VAT = "vat"
    INCOME_TAX = "income_tax"


class Supply(StrEnum):
    """What was sold; the tax depends on it."""

    GOODS = "goods"
    SERVICES = "services"


class ChangeState(StrEnum):
    """Where a proposed change of the rules is."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DROPPED = "dropped"


class FeeRule(Model):
    """A rate in basis points of the gross amount, from a day on and before another (Vietnam's days).

    No two rules of one kind and supply have a day in common; a rule called off before its first day has none. The
    first rules came with the database; every other was proposed by one person and approved by another.
    """

    __tablename__ = "fee_rule"
    __table_args__ = (
        ExcludeConstraint(
            ("kind", "="),
            ("supply", "="),
            (sa.text("daterange(valid_from, valid_until)"), "&&"),
            name="ex_fee_rule_one_a_day",
        ),
        sa.CheckConstraint("valid_until >= valid_from", name="days"),
        sa.CheckConstraint(
            "(created_by_id IS NULL) = (approved_by_id IS NULL) AND created_by_id <> approved_by_id", name="four_eyes"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    supply: Mapped[str]
    rate_bp: Mapped[int]
    base: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    legal_source: Mapped[str]
    created_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    approved_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class FeeRuleChange(Model):
    """From a day on another rate, or none (`rate_bp` is NULL). It counts once a second person approved it."""

    __tablename__ = "fee_rule_change"
    __table_args__ = (
        sa.Index(
            "uq_fee_rule_change_open", "kind", "supply", unique=True, postgresql_where=sa.text("state = 'proposed'")
        ),
        sa.CheckConstraint("state <> 'approved' OR decided_by_id <> proposed_by_id", name="four_eyes"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    supply: Mapped[str]
    rate_bp: Mapped[int | None]
    starts_on: Mapped[date]
    legal_source: Mapped[str]
    state: Mapped[str]
    proposed_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    proposed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    decided_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class FeeCharge(Model):
    """What one payment (`payment_transfer_id`) was charged by one rule.

    `amount_vnd` is what this payment adds to the charge on all the request was paid, rounded down once; so parts sum
    to what one payment would be charged. Zero moves nothing. `charged_on` is the day of the payment in Vietnam.
    """

    __tablename__ = "fee_charge"
    __table_args__ = (
        sa.Index("uq_fee_charge_payment", "request_id", "payment_transfer_id", "kind", unique=True),
        sa.Index("ix_fee_charge_charged_on", "charged_on", "payee_id"),
        sa.Index("ix_fee_charge_payee_id", "payee_id", "charged_on"),
        sa.CheckConstraint(
            "amount_vnd BETWEEN 0 AND base_vnd AND (amount_vnd > 0) = (transfer_id IS NOT NULL)", name="amount"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payment_request.id"))
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    rule_id: Mapped[UUID]  # no foreign key: each sale would lock the one row of its rule
    payment_transfer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("ledger_transfer.id"))
    transfer_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("ledger_transfer.id"))
    kind: Mapped[str]
    supply: Mapped[str]
    base_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    rate_bp: Mapped[int]
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    charged_on: Mapped[date]
    event_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    taken_back_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class FeeHold(Model):
    """What a refund has reserved of a charge, by a pending ledger transfer."""

    __tablename__ = "fee_hold"

    refund_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    charge_id: Mapped[UUID] = mapped_column(sa.ForeignKey("fee_charge.id"))
    transfer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("ledger_transfer.id"))
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)


class FeeReturn(Model):
    """What went back of a request's charges of one kind; below zero what was charged again, as its refund came back.

    `charge_id` is the request's last charge of that kind, for rule and rate. Without `refund_id` a payment given to
    the request by mistake was taken back.
    """

    __tablename__ = "fee_return"
    __table_args__ = (
        sa.UniqueConstraint("transfer_id", name="uq_fee_return_transfer_id"),
        sa.Index("ix_fee_return_request_id", "request_id"),
        sa.Index("ix_fee_return_returned_on", "returned_on", "payee_id"),
        sa.Index("ix_fee_return_payee_id", "payee_id", "returned_on"),
        sa.Index("ix_fee_return_refund_id", "refund_id", postgresql_where=sa.text("refund_id IS NOT NULL")),
        sa.CheckConstraint("amount_vnd <> 0", name="amount"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    charge_id: Mapped[UUID] = mapped_column(sa.ForeignKey("fee_charge.id"))
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payment_request.id"))
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    refund_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("refund.id"))
    transfer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("ledger_transfer.id"))
    kind: Mapped[str]
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    returned_on: Mapped[date]
    event_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
