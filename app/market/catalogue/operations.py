"""Stock steps inside somebody else's open transaction. Products are always locked in the order of their ids."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from app.core.database import require_transaction
from app.core.errors import NotFound

from .errors import OutOfStock, Shortage
from .models import Product


def reserve(lines: Mapping[UUID, int]) -> list[Product]:
    """Promise stock to an order: `lines` maps product ids to quantities (positive, in the product's unit).

    Raises:
        NotFound: a product does not exist.
        OutOfStock: one or more lines want more than is free, or are not on sale; names all, reserves nothing.
    """
    products = _lock(lines)
    shortages = [
        Shortage(product.code, product.name, lines[product.id], available)
        for product in products
        if (available := product.free if product.is_on_sale else 0) < lines[product.id]
    ]
    if shortages:
        raise OutOfStock(shortages)
    for product in products:
        product.reserved += lines[product.id]
    require_transaction().flush()
    return products


def release(lines: Mapping[UUID, int]) -> list[Product]:
    """Give reserved stock back.

    Raises:
        NotFound: a product does not exist.
        ValueError: more is given back than is reserved; a programming error.
    """
    products = _lock(lines)
    _demand_reserved(products, lines)
    for product in products:
        product.reserved -= lines[product.id]
    require_transaction().flush()
    return products


def sell(lines: Mapping[UUID, int]) -> list[Product]:
    """Hand reserved stock over for good.

    Raises:
        NotFound: a product does not exist.
        ValueError: more is sold than is reserved; a programming error.
    """
    products = _lock(lines)
    _demand_reserved(products, lines)
    for product in products:
        product.stock -= lines[product.id]
        product.reserved -= lines[product.id]
    require_transaction().flush()
    return products


def _lock(lines: Mapping[UUID, int]) -> list[Product]:
    if any(quantity <= 0 for quantity in lines.values()):
        raise ValueError("quantities are positive")
    products = (
        require_transaction()
        .scalars(
            sa.select(Product)
            .where(Product.id.in_(lines))
            .order_by(Product.id)
            .options(joinedload(Product.shop))
            .with_for_update(of=Product)
            .execution_options(populate_existing=True)
        )
        .all()
    )
    if len(products) != len(lines):
        raise NotFound(_("Có món hàng không còn trên chợ nữa."))
    return list(products)


def _demand_reserved(products: list[Product], lines: Mapping[UUID, int]) -> None:
    for product in products:
        if product.reserved < lines[product.id]:
            raise ValueError(f"only {product.reserved} of product {product.code} are reserved")
