"""Reads of shops and products. Lists never run a query per item."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload

from app.core.database import db
from app.core.errors import BadInput, NotFound
from app.core.paging import Page, decode_cursor, encode_cursor
from app.core.texts import fold
from app.households.areas import queries as areas
from app.households.registry.figures import week_of

from . import cards
from .cards import LIVE, OPEN, ProductCard
from .models import Product, ProductPhoto, Shop
from .search import name_part


def on_display(shop_id: UUID, *, cursor: str | None = None, limit: int = 20) -> Page[ProductCard]:
    """One page of what an open shop has on sale, newest first."""
    query = cards.of_cards().where(Product.shop_id == shop_id)
    if cursor:
        query = query.where(_after(*decode_cursor(cursor, str, str)))
    rows = db.session.execute(query.order_by(Product.created_at.desc(), Product.id.desc()).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(cards.made(rows[:limit]), encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None)


def _after(moment: str, row_id: str) -> sa.ColumnElement[bool]:
    return sa.tuple_(Product.created_at, Product.id) < _position(moment, row_id)


def _position(moment: str, row_id: str) -> sa.ColumnElement[Any]:
    try:
        at, last = datetime.fromisoformat(moment), UUID(row_id)
    except ValueError:
        at, last = None, None
    if at is None or at.tzinfo is None:
        raise BadInput(_("Dấu trang không đúng; hãy mở lại danh sách từ đầu."), errors={"cursor": ["invalid"]})
    return sa.tuple_(sa.literal(at, sa.DateTime(timezone=True)), sa.literal(last, sa.Uuid()))


def by_code(code: str, *, for_update: bool = False) -> Product:
    """The product with its shop and photos, whatever its status.

    Raises:
        NotFound: there is none.
    """
    query = (
        sa.select(Product)
        .where(Product.code == code)
        .options(joinedload(Product.shop), selectinload(Product.photos))
        .execution_options(populate_existing=True)
    )
    if for_update:
        query = query.with_for_update(of=Product)
    product = db.session.scalar(query)
    if product is None:
        raise NotFound(_("Không tìm thấy món hàng này. Có thể người bán đã cất đi."))
    return product


def by_codes(codes: Iterable[str], *, for_update: bool = False) -> dict[str, Product]:
    """Products by code, each with its shop; unknown codes are missing. Locked in the order of their ids."""
    query = (
        sa.select(Product)
        .where(Product.code.in_(set(codes)))
        .order_by(Product.id)
        .options(joinedload(Product.shop))
        .execution_options(populate_existing=True)
    )
    if for_update:
        query = query.with_for_update(of=Product)
    return {product.code: product for product in db.session.scalars(query)}


def products_of(shop_id: UUID, *, cursor: str | None = None, limit: int = 20) -> Page[Product]:
    """The seller's own list, newest first, with photos; paused ones too."""
    query = (
        sa.select(Product)
        .where(Product.shop_id == shop_id)
        .order_by(Product.created_at.desc(), Product.id.desc())
        .options(selectinload(Product.photos))
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(_after(*decode_cursor(cursor, str, str)))
    found = db.session.scalars(query).all()
    items = found[:limit]
    last = items[-1] if len(found) > limit else None
    return Page(items, encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None)


def payee_and_code(household_id: UUID | None) -> sa.Select[UUID, str]:
    """Selects the payee of the household's shop and the shop's code, for a query of a room below."""
    return sa.select(Shop.payee_id, Shop.code).where(Shop.household_id == household_id)


def live_products() -> sa.Select[UUID]:
    """Selects the ids of products on display, for counting."""
    return sa.select(Product.id).where(LIVE)


def open_shops() -> sa.Select[UUID]:
    """Selects the ids of open shops, for counting."""
    return sa.select(Shop.id).where(*OPEN)


def opened_by_week() -> Sequence[sa.Row[str, date, int]]:
    """(commune, Monday in Vietnam, shops opened that week, of those that are open now)."""
    week = week_of(Shop.created_at)
    query = sa.select(Shop.commune_code, week, sa.func.count()).where(*OPEN)
    return db.session.execute(query.group_by(Shop.commune_code, week)).all()


def shop_of(household_id: UUID | None) -> Shop | None:
    """The household's shop, if it has one."""
    return db.session.scalar(sa.select(Shop).where(Shop.household_id == household_id)) if household_id else None


def has_promised(shop_id: UUID) -> bool:
    """Whether stock of the shop is held for buyers who have yet to pay."""
    held = sa.select(Product.id).where(Product.shop_id == shop_id, Product.reserved > 0).limit(1)
    return db.session.scalar(held) is not None


def sells(shop_id: UUID, name: str) -> bool:
    """Whether the shop has a product of this name, on sale or paused; accents and capitals make no difference."""
    mine = sa.select(Product.id).where(
        Product.shop_id == shop_id, sa.func.starts_with(Product.search_text, name_part(name))
    )
    return db.session.scalar(mine.limit(1)) is not None


def codes_of(product_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Public codes of products by id."""
    return dict(db.session.execute(sa.select(Product.id, Product.code).where(Product.id.in_(set(product_ids)))).all())


def shows_photo(key: str) -> bool:
    """Whether a product shows this picture."""
    return bool(db.session.scalar(sa.select(sa.exists().where(ProductPhoto.key == key))))


def shop_by_code(code: str) -> Shop:
    """The shop by its public code.

    Raises:
        NotFound: there is none.
    """
    shop = db.session.scalar(sa.select(Shop).where(Shop.code == code))
    if shop is None:
        raise NotFound(_("Không tìm thấy gian hàng này."))
    return shop


def shops(ids: Iterable[UUID]) -> dict[UUID, Shop]:
    """Shops by id."""
    return {shop.id: shop for shop in db.session.scalars(sa.select(Shop).where(Shop.id.in_(set(ids))))}


def shops_of_payees(payee_ids: Collection[UUID]) -> list[Shop]:
    """The shops that are paid as these payees."""
    return list(db.session.scalars(sa.select(Shop).where(Shop.payee_id.in_(payee_ids))))


def communes_with_goods() -> list[tuple[str, str]]:
    """Code and name of each commune something on sale comes from, by name (a loose scan of one index)."""
    rows = db.session.execute(
        sa.text(
            """
            WITH RECURSIVE seen AS (
                (SELECT commune_code FROM product WHERE status = 'live' ORDER BY commune_code LIMIT 1)
                UNION ALL
                SELECT (SELECT p.commune_code FROM product p WHERE p.status = 'live'
                        AND p.commune_code > seen.commune_code ORDER BY p.commune_code LIMIT 1)
                FROM seen WHERE seen.commune_code IS NOT NULL
            )
            SELECT commune_code FROM seen WHERE commune_code IS NOT NULL
            """
        )
    )
    names = areas.names(code for (code,) in rows)
    return sorted(names.items(), key=lambda item: fold(item[1]))
