"""The table of gifts, and the yearly starting points of receipt numbers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7

MIN_VND = 1_000
MAX_VND = 500_000_000


class Gift(Model):
    """One gift to one household. `status` follows `states.NEXT`; a refund is the payment request's own fact.

    The giver's name, the salt of its commitment and the message are sealed under the gift's own data key: destroying
    that key forgets the giver, and the leaf in the public log can never be tied to a name again. `donor_enc` is None
    for an anonymous gift. `message_enc` waits for a person to read it; it is shown to nobody yet.
    `content_mark` is a keyed fingerprint of everything asked for, to tell a repeat from a conflict.
    """

    __tablename__ = "gift"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("idempotency_key"),
        sa.UniqueConstraint("receipt_number"),
        sa.UniqueConstraint("leaf_id"),
        sa.CheckConstraint(f"amount_vnd BETWEEN {MIN_VND} AND {MAX_VND}", name="amount_range"),
        sa.CheckConstraint("method IN ('vietqr', 'card')", name="method"),
        sa.CheckConstraint("status IN ('asked', 'received', 'expired')", name="status"),
        sa.CheckConstraint(
            "(status = 'received') = (receipt_number IS NOT NULL) AND (status = 'received') = (received_at IS NOT NULL)"
            " AND (status = 'received') = (leaf_id IS NOT NULL)",
            name="received",
        ),
        sa.CheckConstraint(
            "(donor_enc IS NULL) = (donor_salt_enc IS NULL) AND (donor_enc IS NULL) = (donor_commitment IS NULL)",
            name="donor",
        ),
        sa.CheckConstraint(
            "data_key_id IS NOT NULL OR (donor_enc IS NULL AND message_enc IS NULL)", name="sealed_under_key"
        ),
        sa.Index("ix_gift_received", "household_code", postgresql_where=sa.text("status = 'received'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    idempotency_key: Mapped[str]
    content_mark: Mapped[bytes]
    household_code: Mapped[str]
    commune_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"))
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    method: Mapped[str]
    data_key_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("data_key.id"))
    donor_enc: Mapped[bytes | None]
    donor_salt_enc: Mapped[bytes | None]
    donor_commitment: Mapped[str | None]
    message_enc: Mapped[bytes | None]
    status: Mapped[str]
    receipt_number: Mapped[str | None]
    leaf_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("log_leaf.id"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    received_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class ReceiptYear(Model):
    """Where the sequence of receipts stood when a year's first receipt was written: its numbers count from there."""

    __tablename__ = "gift_receipt_year"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    base: Mapped[int] = mapped_column(sa.BigInteger)
