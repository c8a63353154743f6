"""Tables of orders: one checkout of a buyer, one order per shop in it, its lines, the stock each line holds."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.database import Model
from app.core.ids import uuid7

MAX_LINES = 50
MAX_QUANTITY = 10_000
MAX_TOTAL_VND = 10_000_000_000
_HELD = "state = 'held'"


class Checkout(Model):
    """What one buyer ordered at once. Its code opens the buyer's page, so it is given to the buyer alone.

    Contact and address are sealed under the checkout's own data key; destroying that key is the erasure.
    `content_mark` is a keyed fingerprint of everything asked for, to tell a repeat from a conflict.
    """

    __tablename__ = "checkout"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("idempotency_key"),
        sa.CheckConstraint("method IN ('vietqr', 'card')", name="method"),
        sa.CheckConstraint(f"total_vnd BETWEEN 1 AND {MAX_TOTAL_VND}", name="total_range"),
        sa.Index("ix_checkout_buyer_user_id", "buyer_user_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    idempotency_key: Mapped[str]
    content_mark: Mapped[bytes]
    buyer_user_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    data_key_id: Mapped[UUID] = mapped_column(sa.ForeignKey("data_key.id"))
    contact_name_enc: Mapped[bytes]
    contact_phone_enc: Mapped[bytes]
    address_line_enc: Mapped[bytes]
    commune_code: Mapped[str]
    method: Mapped[str]
    total_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))

    orders: Mapped[list[Order]] = relationship(lazy="raise", back_populates="checkout", order_by="Order.id")


class Order(Model):
    """What one checkout buys in one shop. `status` follows `states.NEXT`."""

    __tablename__ = "shop_order"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("checkout_id", "shop_id"),
        sa.CheckConstraint("status IN ('awaiting_payment', 'paid', 'expired', 'cancelled')", name="status"),
        sa.CheckConstraint(f"total_vnd BETWEEN 1 AND {MAX_TOTAL_VND}", name="total_range"),
        sa.CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_at"),
        sa.CheckConstraint("(status IN ('expired', 'cancelled')) = (closed_at IS NOT NULL)", name="closed_at"),
        sa.CheckConstraint("seller_told_at IS NULL OR paid_at IS NOT NULL", name="told_when_paid"),
        sa.Index("ix_shop_order_shop_id_id", "shop_id", "id"),
        sa.Index(
            "ix_shop_order_untold", "paid_at", postgresql_where=sa.text("status = 'paid' AND seller_told_at IS NULL")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    checkout_id: Mapped[UUID] = mapped_column(sa.ForeignKey("checkout.id"))
    shop_id: Mapped[UUID] = mapped_column(sa.ForeignKey("shop.id"))
    total_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    status: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    paid_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    seller_told_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))

    checkout: Mapped[Checkout] = relationship(lazy="raise", back_populates="orders")
    lines: Mapped[list[OrderLine]] = relationship(lazy="raise", order_by="OrderLine.id")


class OrderLine(Model):
    """A product as it was named and priced when it was ordered; later edits by the seller change nothing here."""

    __tablename__ = "order_line"
    __table_args__ = (
        sa.UniqueConstraint("order_id", "product_id"),
        sa.CheckConstraint(f"quantity BETWEEN 1 AND {MAX_QUANTITY}", name="quantity_range"),
        sa.CheckConstraint("price_vnd > 0", name="price_positive"),
        sa.CheckConstraint("amount_vnd = price_vnd * quantity", name="amount"),
        sa.Index("ix_order_line_product_id", "product_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("shop_order.id"))
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("product.id"))
    product_code: Mapped[str]
    name: Mapped[str]
    unit: Mapped[str]
    price_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    quantity: Mapped[int]
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)


class StockReservation(Model):
    """The stock one line holds, in the product's unit, and what became of it."""

    __tablename__ = "stock_reservation"
    __table_args__ = (
        sa.CheckConstraint("state IN ('held', 'sold', 'released')", name="state"),
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        sa.CheckConstraint("(state = 'held') = (resolved_at IS NULL)", name="resolved_at"),
        sa.Index("ix_stock_reservation_held", "product_id", postgresql_where=sa.text(_HELD)),
    )

    line_id: Mapped[UUID] = mapped_column(sa.ForeignKey("order_line.id"), primary_key=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("product.id"))
    quantity: Mapped[int]
    state: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    resolved_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
