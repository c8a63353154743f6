"""What each address with an argument stands for, and a household with one of everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.core.clock import Clock
from app.households.registry.models import Household
from app.identity.roles import Role
from app.market.catalogue.models import Product
from app.market.orders.models import Checkout
from app.market.places.models import Stall
from tests.factories.households import with_welfare_account
from tests.factories.market import Seller, a_shop_of, make_product
from tests.market.orders.conftest import buy
from tests.market.places.conftest import make_market, make_stall


@dataclass(frozen=True)
class Objects:
    """One household and what belongs to it."""

    commune: str
    hamlet: str
    household: Household
    seller: Seller
    product: Product
    stall: Stall
    checkout: Checkout


@dataclass(frozen=True)
class Kind:
    """How an object is named in an address, and a word that only its page says.

    `not_even_own` are roles for whom this door needs more than scope (a registration returned to them, say), so that
    only the foreign side says something.
    """

    arguments: Callable[[Objects], dict[str, Any]]
    secret: Callable[[Objects], str]
    not_even_own: frozenset[Role] = field(default=frozenset())


def objects_of(commune: str, *, clock: Clock) -> Objects:
    """A household of the commune's first hamlet with a shop, a product, a stall, an order and a welfare account."""
    hamlet = f"{commune}-01"
    household, _account = with_welfare_account(clock=clock, hamlet_code=hamlet)
    seller = a_shop_of(household, clock=clock)
    product = make_product(clock=clock, seller=seller)
    return Objects(
        commune=commune,
        hamlet=hamlet,
        household=household,
        seller=seller,
        product=product,
        stall=make_stall(seller, make_market(f"Chợ thử {commune}", clock=clock), clock=clock),
        checkout=buy([(product, 1)], clock=clock),
    )


_HOUSEHOLD = Kind(lambda them: {"code": them.household.code}, lambda them: them.household.code)
# Only who made it may correct it, and only while it is returned.
_RETURNED = Kind(
    _HOUSEHOLD.arguments, _HOUSEHOLD.secret, frozenset({Role.TEAM_MEMBER, Role.COMMUNE_OFFICER, Role.HOUSEHOLD})
)
_ISSUED = Kind(_HOUSEHOLD.arguments, _HOUSEHOLD.secret, frozenset({Role.COMMUNE_OFFICER}))
_PRODUCT = Kind(lambda them: {"code": them.product.code}, lambda them: them.seller.shop.code)
_STALL = Kind(lambda them: {"code": them.stall.code}, lambda them: them.seller.shop.code)
_SALE = Kind(_STALL.arguments, _STALL.secret, frozenset({Role.HOUSEHOLD}))
_ORDER = Kind(lambda them: {"code": them.checkout.orders[0].code}, lambda them: them.checkout.orders[0].code)
_ORDERS_NOTICE = Kind(_ORDER.arguments, _ORDER.secret, frozenset({Role.HOUSEHOLD}))

OBJECTS: dict[str, Kind] = {
    "households_api.show": _HOUSEHOLD,
    "households_api.send_back": _HOUSEHOLD,
    "households_api.verify": _HOUSEHOLD,
    "registry.household": _HOUSEHOLD,
    "registry.withdraw": _HOUSEHOLD,
    "registry.approve": _HOUSEHOLD,
    "registry.set_poverty": _HOUSEHOLD,
    "registry.revoke_poverty": _HOUSEHOLD,
    "registry.send_back": _HOUSEHOLD,
    "registry.unmask": _HOUSEHOLD,
    "registry.team_household": _HOUSEHOLD,
    "registry.correction_form": _RETURNED,
    "registry.send_correction": _RETURNED,
    "welfare.household": _HOUSEHOLD,
    "welfare.give": _HOUSEHOLD,
    "welfare.close": _HOUSEHOLD,
    "welfare.confirm": _ISSUED,
    "catalogue.seller.edit_product": _PRODUCT,
    "catalogue.seller.sold_out": _PRODUCT,
    "catalogue_api.set_photo": _PRODUCT,
    "places.stalls.stall": _STALL,
    "places.stalls.poster": _STALL,
    "places.stalls.ask": _STALL,
    "places.stalls.leave_stall": _STALL,
    "places.stalls.collect": _SALE,
    "stalls_api.ask_amount": _STALL,
    "orders.seller_orders.detail": _ORDER,
    "orders.seller_orders.ask_rest": _ORDER,
    "orders.seller_orders.buyers_account": _ORDERS_NOTICE,
}
# Their arguments name nobody's own.
UNSCOPED = {
    "income.own_statement",  # a year; the shop is the one of whoever asks
}

# What the API checks before it looks.
BODIES: dict[str, dict[str, Any]] = {
    "households_api.send_back": {"reason": "Chụp lại giấy tờ"},
    "stalls_api.ask_amount": {"amount_vnd": 50_000},
}
