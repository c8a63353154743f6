"""Tables of places: markets that meet on fixed days, stalls in them, sales at a stall."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.database import Model
from app.core.ids import uuid7
from app.market.catalogue.models import Shop

NAME_MIN, NAME_MAX = 3, 120
RULE_MAX = 200
NUMBER_MAX = 12
STALL_NAME_MAX = 80
MAX_SALE_VND = 10_000_000_000
_TAKEN = "assigned_to IS NULL"


class Market(Model):
    """A cashless market. `meeting_rule` says in words when it meets, such as "ngày 2 và 7"."""

    __tablename__ = "market"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("commune_code", "name"),
        sa.CheckConstraint(f"char_length(name) BETWEEN {NAME_MIN} AND {NAME_MAX}", name="name_length"),
        sa.CheckConstraint(f"char_length(meeting_rule) BETWEEN 1 AND {RULE_MAX}", name="meeting_rule_length"),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude_range"),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude_range"),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="whole_point"),
        sa.CheckConstraint("status IN ('open', 'closed')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    name: Mapped[str]
    commune_code: Mapped[str]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    meeting_rule: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class Stall(Model):
    """A shop's place in a market, from a moment on and until it leaves.

    `terminal_code` is the number as a payment terminal writes it (EMVCo merchant-presented QR, tag 62-07).
    """

    __tablename__ = "stall"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.CheckConstraint(f"char_length(number) BETWEEN 1 AND {NUMBER_MAX}", name="number_length"),
        sa.CheckConstraint(f"char_length(name) BETWEEN {NAME_MIN} AND {STALL_NAME_MAX}", name="name_length"),
        sa.CheckConstraint("terminal_code ~ '^[0-9A-Z]{1,25}$'", name="terminal_code_form"),
        sa.CheckConstraint("assigned_to > assigned_from", name="assigned_period"),
        sa.Index("uq_stall_market_id_number", "market_id", "number", unique=True, postgresql_where=sa.text(_TAKEN)),
        sa.Index(
            "uq_stall_market_id_terminal_code",
            "market_id",
            "terminal_code",
            unique=True,
            postgresql_where=sa.text(_TAKEN),
        ),
        sa.Index("ix_stall_shop_id", "shop_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    market_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market.id"))
    shop_id: Mapped[UUID] = mapped_column(sa.ForeignKey("shop.id"))
    number: Mapped[str]
    name: Mapped[str]
    terminal_code: Mapped[str]
    assigned_from: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    assigned_to: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))

    market: Mapped[Market] = relationship(lazy="raise", foreign_keys=[market_id])
    shop: Mapped[Shop] = relationship(lazy="raise", foreign_keys=[shop_id])

    @property
    def is_taken(self) -> bool:
        """Whether the shop still sells here."""
        return self.assigned_to is None


class SaleStatus(StrEnum):
    """Where a stall sale is. Money that comes by itself to a static QR is paid at once."""

    ASKED = "asked"
    PAID = "paid"
    EXPIRED = "expired"


class StallSale(Model):
    """One sale at a stall: an amount the seller entered, or money that came to the static QR (`standing`).

    The payment request of an entered amount names the sale's id; a standing sale has the id of its request.
    """

    __tablename__ = "stall_sale"
    __table_args__ = (
        sa.UniqueConstraint("stall_id", "idempotency_key"),
        sa.CheckConstraint("amount_vnd > 0", name="amount_positive"),
        sa.CheckConstraint("status IN ('asked', 'paid', 'expired')", name="status"),
        sa.CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_at"),
        sa.CheckConstraint("NOT standing OR status = 'paid'", name="standing_is_paid"),
        sa.CheckConstraint("standing = (idempotency_key IS NULL)", name="asked_has_key"),
        sa.Index("ix_stall_sale_stall_id_id", "stall_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    stall_id: Mapped[UUID] = mapped_column(sa.ForeignKey("stall.id"))
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    status: Mapped[str]
    standing: Mapped[bool]
    idempotency_key: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    paid_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
