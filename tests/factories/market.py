"""Made-up shops and products; each brings the household behind it."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from PIL import Image

from app.core.actor import Actor
from app.core.clock import Clock
from app.core.media import store
from app.households.registry.models import Household
from app.market.catalogue import photos, services
from app.market.catalogue.models import Product, Shop
from app.market.catalogue.schemas import NewProduct
from tests.factories import households

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Seller:
    """A household with an open shop, and the actor who speaks for it."""

    actor: Actor
    shop: Shop


def make_seller(*, clock: Clock, name: str = "", **household: Any) -> Seller:
    """A verified household that agreed to sell, with its shop open; further arguments describe the household."""
    return a_shop_of(households.verified(clock=clock, **household), name=name, clock=clock)


def a_shop_of(home: Household, *, clock: Clock, name: str = "") -> Seller:
    """The shop of a verified household that agreed to sell."""
    actor = households.speaking_for(home.id)
    shop = services.open_shop(
        actor=actor, household_id=home.id, name=name or f"Chè nhà thử {next(_numbers)}", clock=clock
    )
    return Seller(actor, shop)


def make_shop(*, clock: Clock, **more: Any) -> Shop:
    """Just the shop of `make_seller`."""
    return make_seller(clock=clock, **more).shop


def a_product(**changes: Any) -> NewProduct:
    """What a seller says of a made-up product."""
    plain: dict[str, Any] = {"name": "Chè móc câu", "unit": "kg", "price_vnd": 250_000, "stock": 20, "description": ""}
    return NewProduct(**(plain | changes))


def make_product(
    *, clock: Clock, seller: Seller | None = None, photo: bytes | None = None, key: str = "", **changes: Any
) -> Product:
    """A product on sale, in a shop of its own when no seller is given. `photo` are bytes as a phone sends them."""
    seller = seller or make_seller(clock=clock)
    return services.add_product(
        actor=seller.actor,
        shop_id=seller.shop.id,
        data=a_product(**changes),
        photo=photos.take(store(), photo) if photo else None,
        idempotency_key=key or uuid4().hex,
        clock=clock,
    )


def sell_out(product: Product, seller: Seller, *, clock: Clock) -> Product:
    """The seller pressed "sold out"."""
    return services.set_paused(actor=seller.actor, code=product.code, paused=True, clock=clock)


def a_photo(width: int = 640, height: int = 480, *, kind: str = "JPEG", **options: Any) -> bytes:
    """A plain generated picture in the format asked for; options go to Pillow's `save`."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
