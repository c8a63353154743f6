"""Tables of the catalogue: shops, products, photos."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.database import Model
from app.core.ids import uuid7

from .categories import OTHER

NAME_MIN, NAME_MAX = 3, 120
UNIT_MAX = 20
DESCRIPTION_MAX = 4000
PRICE_MAX_VND = 1_000_000_000
STOCK_MAX = 1_000_000
_LIVE = "status = 'live'"
_BEST_FIRST = (sa.text("standing DESC"), sa.text("created_at DESC"), sa.text("id DESC"))


class Shop(Model):
    """A household's shop. Its code is public and says nothing of the household's other codes.

    `status` is the seller's own word; `held_since` is set while its household may not sell, whatever the seller says.
    """

    __tablename__ = "shop"
    __table_args__ = (
        sa.UniqueConstraint("household_id"),
        sa.UniqueConstraint("payee_id"),
        sa.UniqueConstraint("code"),
        sa.CheckConstraint(f"char_length(name) BETWEEN {NAME_MIN} AND {NAME_MAX}", name="name_length"),
        sa.CheckConstraint("status IN ('open', 'closed')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    code: Mapped[str]
    name: Mapped[str]
    commune_code: Mapped[str]
    status: Mapped[str]
    held_since: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))

    @property
    def is_open(self) -> bool:
        """Whether buyers may order here now."""
        return self.status == "open" and self.held_since is None


class Product(Model):
    """One thing a shop sells.

    `stock` is what is there, `reserved` the part promised to orders that have yet to be paid; both in `unit`s.
    `search_text` is what it is found by (see `search`); written with every change. `find` is made of it and of the
    filters by the database, `standing` is its place among all: in stock before sold out, then OCOP stars. A season may
    go round the new year; without months a product is always there. `words_version` is 0 for what was on the market
    before it had kinds, until a job has sorted it.
    `version` grows with each edit by the seller, not with stock movements.
    """

    __tablename__ = "product"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("shop_id", "idempotency_key"),
        sa.CheckConstraint(f"char_length(name) BETWEEN {NAME_MIN} AND {NAME_MAX}", name="name_length"),
        sa.CheckConstraint(f"char_length(unit) BETWEEN 1 AND {UNIT_MAX}", name="unit_length"),
        sa.CheckConstraint(f"char_length(description) <= {DESCRIPTION_MAX}", name="description_length"),
        sa.CheckConstraint(f"price_vnd BETWEEN 1 AND {PRICE_MAX_VND}", name="price_range"),
        sa.CheckConstraint(f"stock BETWEEN 0 AND {STOCK_MAX}", name="stock_range"),
        sa.CheckConstraint("reserved BETWEEN 0 AND stock", name="reserved_within_stock"),
        sa.CheckConstraint("ocop_stars BETWEEN 3 AND 5", name="ocop_stars"),
        sa.CheckConstraint("ocop_stars IS NULL OR certificate_no IS NOT NULL", name="stars_need_certificate"),
        sa.CheckConstraint("status IN ('live', 'paused')", name="status"),
        sa.CheckConstraint("category ~ '^[a-z]+[.][a-z]+$'", name="category_form"),
        sa.CheckConstraint("season_from_month BETWEEN 1 AND 12", name="season_from_month"),
        sa.CheckConstraint("season_to_month BETWEEN 1 AND 12", name="season_to_month"),
        sa.CheckConstraint("(season_from_month IS NULL) = (season_to_month IS NULL)", name="whole_season"),
        sa.Index("ix_product_old_words", "id", postgresql_where=sa.text("words_version < 1")),
        sa.Index("ix_product_standing", *_BEST_FIRST, postgresql_where=sa.text(_LIVE)),
        sa.Index("ix_product_commune_standing", "commune_code", *_BEST_FIRST, postgresql_where=sa.text(_LIVE)),
        sa.Index("ix_product_category_standing", "category", *_BEST_FIRST, postgresql_where=sa.text(_LIVE)),
        sa.Index(
            "ix_product_group_standing",
            sa.text("split_part(category, '.', 1)"),
            *_BEST_FIRST,
            postgresql_where=sa.text(_LIVE),
        ),
        sa.Index("ix_product_shop_newest", "shop_id", sa.text("created_at DESC"), sa.text("id DESC")),
        sa.Index(
            "ix_product_name",
            "search_text",
            postgresql_ops={"search_text": "text_pattern_ops"},
            postgresql_where=sa.text(_LIVE),
        ),
        sa.Index(
            "ix_product_find",
            "find",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
            postgresql_where=sa.text(_LIVE),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    shop_id: Mapped[UUID] = mapped_column(sa.ForeignKey("shop.id"))
    code: Mapped[str]
    name: Mapped[str]
    search_text: Mapped[str]
    unit: Mapped[str]
    price_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    stock: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)
    commune_code: Mapped[str]
    ocop_stars: Mapped[int | None] = mapped_column(sa.SmallInteger)
    certificate_no: Mapped[str | None]
    description: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="live")
    category: Mapped[str] = mapped_column(default=OTHER)
    season_from_month: Mapped[int | None] = mapped_column(sa.SmallInteger)
    season_to_month: Mapped[int | None] = mapped_column(sa.SmallInteger)
    words_version: Mapped[int] = mapped_column(sa.SmallInteger, server_default="1", deferred=True)
    find: Mapped[str] = mapped_column(TSVECTOR, server_default=sa.FetchedValue(), deferred=True)
    standing: Mapped[int] = mapped_column(
        sa.SmallInteger,
        sa.Computed("(CASE WHEN stock > reserved THEN 10 ELSE 0 END + coalesce(ocop_stars, 0))::smallint", True),
        deferred=True,
    )
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    version: Mapped[int] = mapped_column(default=1)
    idempotency_key: Mapped[str | None]

    shop: Mapped[Shop] = relationship(lazy="raise", foreign_keys=[shop_id])
    photos: Mapped[list[ProductPhoto]] = relationship(lazy="raise", order_by="ProductPhoto.position")

    @property
    def free(self) -> int:
        """How many may still be ordered, in `unit`s."""
        return self.stock - self.reserved

    @property
    def is_on_sale(self) -> bool:
        """Whether buyers may order it at all now; needs `shop` loaded."""
        return self.status == "live" and self.shop.is_open


class ProductPhoto(Model):
    """A photo of a product; `key` names files in the media store that were there before this row."""

    __tablename__ = "product_photo"
    __table_args__ = (
        sa.CheckConstraint("position BETWEEN 0 AND 9", name="position_range"),
        sa.CheckConstraint("width > 0 AND height > 0", name="size_positive"),
        sa.CheckConstraint("key ~ '^[0-9a-f]{40}$'", name="key_form"),
    )

    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("product.id"), primary_key=True)
    position: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    key: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
