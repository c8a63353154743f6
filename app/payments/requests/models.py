"""Payment requests, standing codes (static QRs) and the numbered arrivals of each payee."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class Method(StrEnum):
    """How the payer pays."""

    VIETQR = "vietqr"
    CARD = "card"


class Settlement(StrEnum):
    """How the money reaches the payee: straight into their account, or through a licensed collector."""

    DIRECT = "direct"
    COLLECTED = "collected"


@dataclass(frozen=True)
class Purpose:
    """What money is for: a kind that a room registered, and an id of that room."""

    kind: str
    id: UUID


class StandingCode(Model):
    """The code inside a static QR: whatever amount names it becomes a paid request of its purpose."""

    __tablename__ = "standing_code"
    __table_args__ = (sa.Index("ix_standing_code_purpose", "purpose_kind", "purpose_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str] = mapped_column(unique=True)
    purpose_kind: Mapped[str]
    purpose_id: Mapped[UUID]
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    label: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class PaymentRequest(Model):
    """One request to pay. `status` follows `states.NEXT`; `paid_vnd` never exceeds `amount_vnd`.

    `refunding_vnd` is on its way back to the payer and `refunded_vnd` is back: the database keeps both as sums of the
    refunds, never above `paid_vnd`, and lets nobody else write them. `extensions` counts how often its payer got more
    time; `reopened_at` is when somebody last asked again for the missing part after it had expired.
    """

    __tablename__ = "payment_request"
    __table_args__ = (
        sa.Index("ix_payment_request_purpose", "purpose_kind", "purpose_id"),
        sa.Index("ix_payment_request_payee_id", "payee_id", "id"),
        sa.Index("ix_payment_request_open", "expires_at", postgresql_where=sa.text("status IN ('asked', 'part_paid')")),
        sa.Index(
            "ix_payment_request_kept_part",
            "expires_at",
            "id",
            postgresql_where=sa.text("status IN ('expired', 'cancelled') AND paid_vnd > refunding_vnd + refunded_vnd"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str] = mapped_column(unique=True)
    purpose_kind: Mapped[str]
    purpose_id: Mapped[UUID]
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    bank_account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("bank_account.id"))
    standing_code_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("standing_code.id"))
    method: Mapped[str]
    settlement: Mapped[str]
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    paid_vnd: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    refunding_vnd: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    refunded_vnd: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    status: Mapped[str]
    label: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    paid_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    extensions: Mapped[int] = mapped_column(default=0)
    reopened_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))

    @property
    def purpose(self) -> Purpose:
        """What it is for."""
        return Purpose(self.purpose_kind, self.purpose_id)

    @property
    def missing_vnd(self) -> int:
        """What is still to pay, in đồng."""
        return self.amount_vnd - self.paid_vnd

    @property
    def refundable_vnd(self) -> int:
        """What was paid and neither went back nor is on its way back, in đồng."""
        return self.paid_vnd - self.refunding_vnd - self.refunded_vnd


class Arrival(Model):
    """Money that arrived for a payee, numbered per payee without gaps: what the sound page reads out."""

    __tablename__ = "arrival"
    __table_args__ = (
        sa.UniqueConstraint("transfer_id", name="uq_arrival_transfer_id"),
        sa.Index("ix_arrival_payee_id_created_at", "payee_id", "created_at"),
        sa.Index("ix_arrival_request_id", "request_id"),
        sa.Index("ix_arrival_event_at", "event_at"),
    )

    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payment_request.id"))
    transfer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("ledger_transfer.id"))
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    in_full: Mapped[bool]
    label: Mapped[str]
    event_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class CreditUse(Model):
    """A payer's credit with a payee, spent on a request. It goes back into the credit when the request expires."""

    __tablename__ = "credit_use"
    __table_args__ = (
        sa.UniqueConstraint("transfer_id", name="uq_credit_use_transfer_id"),
        sa.UniqueConstraint("idempotency_key", name="uq_credit_use_idempotency_key"),
        sa.UniqueConstraint("back_transfer_id", name="uq_credit_use_back_transfer_id"),
        sa.Index("ix_credit_use_request_id", "request_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payment_request.id"))
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    transfer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("ledger_transfer.id"))
    idempotency_key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    back_transfer_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("ledger_transfer.id"))
    given_back_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
