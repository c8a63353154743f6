"""A product as a list shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.core.database import db
from app.core.media import THUMB, media_url
from app.households.areas import queries as areas

from .models import Product, ProductPhoto, Shop

LIVE = Product.status == sa.literal_column("'live'")
OPEN = (Shop.status == "open", Shop.held_since.is_(None))
_COLUMNS = (
    Product.id,
    Product.code,
    Product.name,
    Product.price_vnd,
    Product.unit,
    (Product.stock > Product.reserved).label("in_stock"),
    Product.commune_code,
    Product.ocop_stars,
    Product.category,
    Product.season_from_month,
    Product.season_to_month,
    Product.created_at,
    Shop.code.label("shop_code"),
    Shop.name.label("shop_name"),
)


@dataclass(frozen=True)
class Seller:
    """Who sells, as the public knows it."""

    code: str
    name: str


@dataclass(frozen=True)
class ProductCard:
    """A product in a list; photos are thumbnails."""

    code: str
    name: str
    price_vnd: int
    unit: str
    in_stock: bool
    commune_code: str
    commune_name: str
    ocop_stars: int | None
    category: str
    season_from_month: int | None
    season_to_month: int | None
    seller: Seller
    photo_urls: tuple[str, ...]
    url: str


def of_cards() -> sa.Select[*tuple[Any, ...]]:
    """Selects what a card needs of everything on sale in open shops."""
    return sa.select(*_COLUMNS).join(Shop, Shop.id == Product.shop_id).where(LIVE, *OPEN)


def made(rows: Sequence[Any]) -> list[ProductCard]:
    """The cards of rows of `of_cards`, in their order; three queries however many there are."""
    photos = _photos([row.id for row in rows])
    communes = areas.names(row.commune_code for row in rows)
    return [
        ProductCard(
            code=row.code,
            name=row.name,
            price_vnd=row.price_vnd,
            unit=row.unit,
            in_stock=row.in_stock,
            commune_code=row.commune_code,
            commune_name=communes.get(row.commune_code, ""),
            ocop_stars=row.ocop_stars,
            category=row.category,
            season_from_month=row.season_from_month,
            season_to_month=row.season_to_month,
            seller=Seller(row.shop_code, row.shop_name),
            photo_urls=photos.get(row.id, ()),
            url=product_url(row.code),
        )
        for row in rows
    ]


def _photos(product_ids: list[UUID]) -> dict[UUID, tuple[str, ...]]:
    if not product_ids:
        return {}
    rows = db.session.execute(
        sa.select(ProductPhoto.product_id, ProductPhoto.key)
        .where(ProductPhoto.product_id.in_(product_ids))
        .order_by(ProductPhoto.product_id, ProductPhoto.position)
    )
    found: dict[UUID, tuple[str, ...]] = {}
    for product_id, key in rows:
        found[product_id] = (*found.get(product_id, ()), media_url(key, THUMB))
    return found


def product_url(code: str) -> str:
    """The public page of a product."""
    return f"/san-pham/{code}"
