"""Steps on goods inside somebody else's open transaction. Products are always locked in the order of their ids."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload

from app.core.clock import Clock
from app.core.codes import new_code
from app.core.database import require_transaction
from app.core.errors import NotFound
from app.core.ids import uuid7
from app.households.areas import queries as areas

from .categories import guess
from .errors import OutOfStock, Shortage
from .models import Product, ProductPhoto, Shop
from .photos import StoredPhoto
from .schemas import NewProduct
from .search import search_text


def lock_shop(shop_id: UUID) -> Shop | None:
    """The shop, locked, so that two adds with one key wait for each other."""
    return require_transaction().get(Shop, shop_id, with_for_update=True, populate_existing=True)


def display(
    shop: Shop, data: NewProduct, *, photo: StoredPhoto | None, idempotency_key: str, clock: Clock
) -> tuple[Product, bool]:
    """Put a product on sale in a locked shop, and whether it is new: the same key answers with the one made before.

    Whoever calls has made sure that the household wants it, and writes it down.
    """
    session = require_transaction()
    earlier = session.scalar(
        sa.select(Product)
        .where(Product.shop_id == shop.id, Product.idempotency_key == idempotency_key)
        .options(joinedload(Product.shop), selectinload(Product.photos))
    )
    if earlier is not None:
        return earlier, False
    product = Product(
        id=uuid7(),
        shop=shop,
        shop_id=shop.id,
        code=new_code("SP"),
        name=data.name,
        search_text=words_to_find(data.name, shop),
        unit=data.unit,
        price_vnd=data.price_vnd,
        stock=data.stock,
        commune_code=shop.commune_code,
        description=data.description,
        category=data.category or guess(data.name),
        season_from_month=data.season_from_month,
        season_to_month=data.season_to_month,
        photos=[],
        created_at=clock.now(),
        idempotency_key=idempotency_key,
    )
    session.add(product)
    session.flush()
    if photo:
        show(product, photo)
    return product, True


def show(product: Product, photo: StoredPhoto) -> None:
    """Make this the product's first photo."""
    if product.photos:
        shown = product.photos[0]
        shown.key, shown.width, shown.height = photo.key, photo.width, photo.height
    else:
        product.photos.append(ProductPhoto(position=0, key=photo.key, width=photo.width, height=photo.height))


def take_off(product_id: UUID) -> bool:
    """Take a product off the market, as "sold out" does; whether it was on it."""
    product = require_transaction().get_one(Product, product_id, with_for_update=True, populate_existing=True)
    if product.status == "paused":
        return False
    product.status = "paused"
    product.version += 1
    return True


def words_to_find(name: str, shop: Shop) -> str:
    """What the product is found by."""
    commune = areas.names([shop.commune_code]).get(shop.commune_code, "")
    return search_text(name=name, shop=shop.name, commune=commune)


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
