"""Card payments, and the inbox of what the gateway told about them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7

GATEWAY = "stripe"
URL_FIELD = "card_payment.session_url"
SECRET_FIELD = "card_payment.client_secret"  # noqa: S105 - the name of a column
RAW_FIELD = "card_event.raw"


class Way(StrEnum):
    """Where the card is typed: into a frame on our page (the intent), or on a page of the gateway (checkout)."""

    INTENT = "intent"
    CHECKOUT = "checkout"


class Outcome(StrEnum):
    """Where a charged card's money went: to the payee (`matched`), else into suspense for a person."""

    MATCHED = "matched"
    LATE = "late"
    DUPLICATE = "duplicate"
    AMOUNT_MISMATCH = "amount_mismatch"


class EventOutcome(StrEnum):
    """What became of an event.

    The first four as in `Outcome`. `stale`: we knew that, or more. `unknown_intent`: not a payment of ours.
    `ignored`: of a kind that moves nothing here. `unreadable`: signed, but not shaped as documented.
    `held`: the card's money is set aside, and not taken yet.
    `refund_noted`: word of a refund of ours, or of money in suspense, written down. `payout_noted`: of a payout.
    `unknown_refund`: of one that we did not ask for.
    """

    MATCHED = "matched"
    LATE = "late"
    DUPLICATE = "duplicate"
    AMOUNT_MISMATCH = "amount_mismatch"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    STALE = "stale"
    UNKNOWN_INTENT = "unknown_intent"
    IGNORED = "ignored"
    UNREADABLE = "unreadable"
    REFUND_NOTED = "refund_noted"
    UNKNOWN_REFUND = "unknown_refund"
    PAYOUT_NOTED = "payout_noted"
    HELD = "held"


class ReturnStatus(StrEnum):
    """What became of money that the gateway gave back without being asked from here."""

    RETURNED = "returned"  # it left suspense
    UNEXPLAINED = "unexplained"  # the payee has that payment, so the books did not move: for a person to look at
    FAILED = "failed"  # it never left the gateway, or came back


class CardPayment(Model):
    """A card payment of a request. Its id makes the idempotency key and is the ledger transfer's id.

    A request has at most one by intent, and one open by checkout: its session, sealed address and end are here, and
    its intent is told later. `capture_later`: the card's money is first held (`held_at` to `held_until`) and taken,
    whole or `capture_vnd` of it, when the payee's side says so.

    `client_secret_enc` is sealed: whoever holds the secret may pay this intent and see its state.
    `received_vnd`, `charged_at` and `outcome` are set together when the card was charged. `returned_vnd` is what of
    money in suspense the gateway gave back: the sum of the payment's returns, never above `received_vnd`.
    `settled_at` is when we read it in a payout of the gateway.
    """

    __tablename__ = "card_payment"
    __table_args__ = (
        sa.Index("uq_card_payment_intent_way", "request_id", unique=True, postgresql_where=sa.text("way = 'intent'")),
        sa.Index(
            "uq_card_payment_open_checkout",
            "request_id",
            unique=True,
            postgresql_where=sa.text("way = 'checkout' AND status IN ('starting', 'unknown', 'waiting', 'failed')"),
        ),
        sa.Index("uq_card_payment_session_id", "session_id", unique=True),
        sa.Index("ix_card_payment_request_id", "request_id"),
        sa.Index(
            "ix_card_payment_held",
            "id",
            postgresql_where=sa.text("status IN ('held', 'capturing', 'releasing')"),
        ),
        sa.UniqueConstraint("intent_id", name="uq_card_payment_intent_id"),
        sa.Index(
            "ix_card_payment_unsettled",
            "id",
            postgresql_where=sa.text("status IN ('starting', 'unknown', 'waiting', 'failed')"),
        ),
        sa.Index("ix_card_payment_suspense", "id", postgresql_where=sa.text("outcome <> 'matched'")),
        sa.Index(
            "ix_card_payment_not_paid_out",
            "charged_at",
            postgresql_where=sa.text("status = 'succeeded' AND settled_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payment_request.id"))
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    intent_id: Mapped[str | None]
    client_secret_enc: Mapped[bytes | None]
    status: Mapped[str]
    decline_code: Mapped[str | None]
    received_vnd: Mapped[int | None] = mapped_column(sa.BigInteger)
    charged_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    outcome: Mapped[str | None]
    returned_vnd: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    settled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    way: Mapped[str] = mapped_column(default=Way.INTENT)
    session_id: Mapped[str | None]
    session_url_enc: Mapped[bytes | None]
    session_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    capture_later: Mapped[bool] = mapped_column(default=False)
    capture_vnd: Mapped[int | None] = mapped_column(sa.BigInteger)
    held_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    held_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))

    @property
    def suspense_vnd(self) -> int:
        """How much of it waits in suspense."""
        if self.received_vnd is None or self.outcome == Outcome.MATCHED:
            return 0
        return self.received_vnd - self.returned_vnd


class CardReturn(Model):
    """Money that the gateway gave back from its own pages. Its id is the ledger transfer's, where it moved any."""

    __tablename__ = "card_return"
    __table_args__ = (
        sa.UniqueConstraint("gateway_refund_id", name="uq_card_return_gateway_refund_id"),
        sa.Index("ix_card_return_payment_id", "payment_id"),
        sa.Index("ix_card_return_unexplained", "created_at", postgresql_where=sa.text("status = 'unexplained'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    payment_id: Mapped[UUID] = mapped_column(sa.ForeignKey("card_payment.id"))
    gateway_refund_id: Mapped[str]
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    status: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class CardEvent(Model):
    """One event of the gateway, stored once by its id before anything is done about it. The raw body is sealed."""

    __tablename__ = "card_event"
    __table_args__ = (
        sa.UniqueConstraint("event_id", name="uq_card_event_event_id"),
        sa.Index("ix_card_event_waiting", "id", postgresql_where=sa.text("handled_at IS NULL")),
        sa.Index("ix_card_event_payment_id", "payment_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    event_id: Mapped[str]
    type: Mapped[str]
    raw_enc: Mapped[bytes]
    event_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    received_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    handled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    outcome: Mapped[str | None]
    payment_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("card_payment.id"))
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
