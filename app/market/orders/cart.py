"""The cart in the visitor's session cookie: product codes and how much of each. It holds no stock."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from app.core.codes import is_valid
from app.market.catalogue import queries as catalogue
from app.market.catalogue.models import Product, Shop

from .models import MAX_LINES, MAX_QUANTITY

_KEY = "cart"


@dataclass(frozen=True)
class CartLine:
    """A product in the cart at its present price."""

    product: Product
    quantity: int

    @property
    def amount_vnd(self) -> int:
        """Price times quantity, in đồng."""
        return self.product.price_vnd * self.quantity

    @property
    def available(self) -> int:
        """How much could be ordered now."""
        return self.product.free if self.product.is_on_sale else 0


@dataclass(frozen=True)
class ShopPart:
    """What of the cart comes from one shop."""

    shop: Shop
    lines: tuple[CartLine, ...]

    @property
    def total_vnd(self) -> int:
        """In đồng."""
        return sum(line.amount_vnd for line in self.lines)


@dataclass(frozen=True)
class Cart:
    """The whole cart, shop by shop in the order things were chosen."""

    parts: tuple[ShopPart, ...]

    @property
    def total_vnd(self) -> int:
        """In đồng."""
        return sum(part.total_vnd for part in self.parts)

    @property
    def can_be_ordered(self) -> bool:
        """Whether there is enough of everything now."""
        lines = [line for part in self.parts for line in part.lines]
        return bool(lines) and all(line.quantity <= line.available for line in lines)


def read(session: Mapping[str, Any]) -> dict[str, int]:
    """Quantities by product code; anything odd in the cookie is left out."""
    kept = session.get(_KEY)
    if not isinstance(kept, dict):
        return {}
    return {
        code: quantity
        for code, quantity in list(kept.items())[:MAX_LINES]
        if is_valid(code) and isinstance(quantity, int) and 0 < quantity <= MAX_QUANTITY
    }


def has_room(session: Mapping[str, Any], code: str) -> bool:
    """Whether this product still fits."""
    kept = read(session)
    return code in kept or len(kept) < MAX_LINES


def put(session: MutableMapping[str, Any], code: str, quantity: int, *, on_top: bool) -> int:
    """Set how much of a product is wanted, or add to it; nothing wanted takes it out. The quantity now in the cart."""
    kept = read(session)
    wanted = min(max(quantity + (kept.get(code, 0) if on_top else 0), 0), MAX_QUANTITY)
    if wanted:
        kept[code] = wanted
    else:
        kept.pop(code, None)
    session[_KEY] = kept
    return wanted


def clear(session: MutableMapping[str, Any]) -> None:
    """Everything was ordered."""
    session.pop(_KEY, None)


def show(session: Mapping[str, Any]) -> Cart:
    """The cart with its products; what no longer exists is left out."""
    kept = read(session)
    found = catalogue.by_codes(kept)
    parts: dict[Shop, list[CartLine]] = {}
    for code, quantity in kept.items():
        if code in found:
            parts.setdefault(found[code].shop, []).append(CartLine(found[code], quantity))
    return Cart(tuple(ShopPart(shop, tuple(lines)) for shop, lines in parts.items()))
