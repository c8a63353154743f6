"""What a team member wrote down for a household, and what became of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7

MAX_TRIES = 5
MAX_SENDS = 3


class Status(StrEnum):
    """Where a listing stands. Only `confirmed` ones have goods on the market."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNDONE = "undone"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class How(StrEnum):
    """By which way it was decided: the code, a person signed in for the household, the member, or a rule of ours."""

    CODE = "code"
    SIGNED_IN = "signed_in"
    MEMBER = "member"
    RULE = "rule"


class AssistedListing(Model):
    """One product written down for a household. It is no product until the household has said yes.

    `code` stands in the link; `code_hash` is the keyed hash of the six digits. `name_key` is the folded name: one thing
    waits only once. `undo_until` is until when the same digits take it off the market again.
    """

    __tablename__ = "assisted_listing"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("listed_by", "idempotency_key"),
        sa.CheckConstraint("char_length(name) BETWEEN 3 AND 120", name="name_length"),
        sa.CheckConstraint("char_length(unit) BETWEEN 1 AND 20", name="unit_length"),
        sa.CheckConstraint("price_vnd BETWEEN 1 AND 1000000000", name="price_range"),
        sa.CheckConstraint("stock BETWEEN 0 AND 1000000", name="stock_range"),
        sa.CheckConstraint("photo_key ~ '^[0-9a-f]{40}$'", name="photo_key_form"),
        sa.CheckConstraint(
            "status IN ('waiting', 'confirmed', 'refused', 'undone', 'cancelled', 'expired')", name="status"
        ),
        sa.CheckConstraint("decided_how IN ('code', 'signed_in', 'member', 'rule')", name="decided_how"),
        sa.CheckConstraint(
            "(status = 'waiting') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_how IS NULL)",
            name="decided",
        ),
        sa.CheckConstraint(
            "(status IN ('confirmed', 'undone')) = (product_id IS NOT NULL)"
            " AND (product_id IS NULL) = (undo_until IS NULL)",
            name="on_sale",
        ),
        sa.CheckConstraint("status <> 'confirmed' OR decided_by IS NULL OR decided_by <> listed_by", name="four_eyes"),
        sa.CheckConstraint(
            "(photo_key IS NULL) = (photo_width IS NULL) AND (photo_key IS NULL) = (photo_height IS NULL)",
            name="photo",
        ),
        sa.Index("ix_assisted_listing_household_id", "household_id", "id"),
        sa.Index(
            "uq_assisted_listing_waiting",
            "household_id",
            "name_key",
            unique=True,
            postgresql_where=sa.text("status = 'waiting'"),
        ),
        sa.Index("ix_assisted_listing_expires_at", "expires_at", postgresql_where=sa.text("status = 'waiting'")),
        sa.Index("ix_assisted_listing_listed_by", "listed_by", "listed_at"),
        sa.Index("ix_assisted_listing_photo_key", "photo_key", postgresql_where=sa.text("photo_key IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    shop_id: Mapped[UUID] = mapped_column(sa.ForeignKey("shop.id"))
    name: Mapped[str]
    name_key: Mapped[str]
    unit: Mapped[str]
    price_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    stock: Mapped[int]
    photo_key: Mapped[str | None]
    photo_width: Mapped[int | None]
    photo_height: Mapped[int | None]
    listed_by: Mapped[UUID]
    listed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    idempotency_key: Mapped[str]
    code_hash: Mapped[bytes]
    tries: Mapped[int] = mapped_column(sa.SmallInteger)
    sends: Mapped[int] = mapped_column(sa.SmallInteger)
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    status: Mapped[str]
    decided_by: Mapped[UUID | None]
    decided_how: Mapped[str | None]
    decided_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    product_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("product.id"))
    undo_until: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))

    def standing(self, at: datetime) -> Status:
        """Where it stands at a moment: what waits past its days has run out, whether or not that was written down."""
        return Status.EXPIRED if self.status == Status.WAITING and self.expires_at <= at else Status(self.status)

    def can_be_undone(self, at: datetime) -> bool:
        """Whether the household may still take it off the market by the same code."""
        return self.status == Status.CONFIRMED and self.undo_until is not None and at < self.undo_until
