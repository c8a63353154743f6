"""What a household that asks for its own data is told of its shop, and what is left of a shop once it was erased."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core import jobs
from app.core.clock import Clock
from app.core.database import db, require_transaction
from app.core.media import Media
from app.households.registry.listeners import What

from . import queries
from .models import Product, ProductPhoto
from .search import search_text


def payees_of(household_id: UUID) -> Iterable[UUID]:
    """What the household is paid as for its sales."""
    shop = queries.shop_of(household_id)
    return [shop.payee_id] if shop else []


def section(household_id: UUID) -> dict[str, Any] | None:
    """The shop and its goods, JSON-ready."""
    shop = queries.shop_of(household_id)
    if shop is None:
        return None
    goods = db.session.execute(
        sa.select(Product.code, Product.name, Product.price_vnd, Product.status)
        .where(Product.shop_id == shop.id)
        .order_by(Product.id)
        .limit(1000)
    )
    return {
        "code": shop.code,
        "name": shop.name,
        "opened_at": shop.created_at.isoformat(),
        "products": [dict(row._mapping) for row in goods],
    }


def forget(household_id: UUID, what: What, clock: Clock) -> None:
    """Close an erased household's shop for good: its name, descriptions and photos go.

    What was sold stays in the books; order lines keep the names of goods, as the buyer's invoice does.
    """
    shop = queries.shop_of(household_id) if what is What.ERASED else None
    if shop is None:
        return
    session = require_transaction()
    shop.name, shop.status = _("Gian hàng đã đóng"), "closed"
    for product in session.scalars(sa.select(Product).where(Product.shop_id == shop.id)):
        product.status, product.description, product.certificate_no, product.ocop_stars = "paused", "", None, None
        product.search_text = search_text(name=product.name, shop=shop.name, commune="")
    photos = sa.delete(ProductPhoto).where(
        ProductPhoto.product_id.in_(sa.select(Product.id).where(Product.shop_id == shop.id))
    )
    keys = session.scalars(photos.returning(ProductPhoto.key)).all()
    session.flush()
    # A late import: the job calls a function of this module.
    from .tasks import drop_photos

    if keys:
        jobs.enqueue(drop_photos, keys=list(keys))


def drop_unused(media: Media, keys: Iterable[str]) -> None:
    """Take away picture files that no product shows; another shop may show the same bytes."""
    for key in keys:
        if not db.session.scalar(sa.select(sa.exists().where(ProductPhoto.key == key))):
            media.drop(key)
