"""Use cases of sellers: open a shop, offer products, change them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.codes import new_code
from app.core.crypto import DataKey
from app.core.database import transaction
from app.core.errors import Forbidden
from app.core.ids import uuid7
from app.core.media import Media
from app.core.texts import tidy
from app.households.own import guards
from app.households.registry import people
from app.households.registry import queries as registry
from app.households.registry.models import Purpose, Status
from app.households.registry.people import SalesAccount
from app.identity.roles import Role
from app.payments.payees import operations as payees
from app.payments.payees.models import PayeeKind

from . import operations, photos, queries
from .categories import guess
from .errors import (
    HouseholdNotVerified,
    ProductChanged,
    SalesAccountMissing,
    SellingConsentMissing,
    ShopExists,
    StockPromised,
)
from .models import Product, Shop
from .photos import StoredPhoto
from .schemas import NewProduct, ProductEdit

_HELPERS = (Role.TEAM_MEMBER, Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)


def open_shop(
    *, actor: Actor, household_id: UUID, name: str, account: SalesAccount | None = None, clock: Clock
) -> Shop:
    """Open the one shop of a verified household that agreed to sell, paid straight into its own account.

    The household does it itself, or a team member or officer whose area it lies in.

    Args:
        account: where sales are paid; the one told at registration when left out.

    Raises:
        Forbidden: somebody else's household.
        ThroughContact: a contact names an account; where the money goes is for the household to say.
        HouseholdNotVerified: the commune has yet to verify it.
        SellingConsentMissing: it has not agreed to sell, or took that back.
        ShopExists: it has a shop already.
        SalesAccountMissing: no bank account was told, now or at registration.
        UnknownBank, BadAccountNumber, AccountTaken: see `payees.operations.register_account`.
    """
    with transaction(actor=actor) as session:
        household = registry.get(household_id, for_update=True)
        own = actor.household_id == household.id and actor.has_role(Role.HOUSEHOLD)
        helps = actor.has_role(*_HELPERS) and actor.reaches(household.hamlet_code, household.commune_code)
        if not (own or helps):
            raise Forbidden(_("Gian hàng này thuộc về hộ khác."))
        if household.status != Status.VERIFIED:
            raise HouseholdNotVerified()
        if not registry.has_consent(household.id, Purpose.SELLING):
            raise SellingConsentMissing()
        if queries.shop_of(household.id):
            raise ShopExists()
        if own and account is not None:
            guards.demand_kin(actor)
        account = account or people.sales_account(household)
        if account is None:
            raise SalesAccountMissing()
        shop_id = uuid7()
        payee = payees.create_payee(kind=PayeeKind.SHOP, owner_id=shop_id, clock=clock)
        payees.register_account(
            payee=payee,
            bin=account.bin,
            number=account.number,
            holder=account.holder,
            data_key=session.get_one(DataKey, household.data_key_id),
            clock=clock,
        )
        shop = Shop(
            id=shop_id,
            household_id=household.id,
            payee_id=payee.id,
            code=new_code("GH"),
            name=tidy(name),
            commune_code=household.commune_code,
            status="open",
            created_at=clock.now(),
        )
        session.add(shop)
        try:
            session.flush()
        except sa.exc.IntegrityError as error:
            raise ShopExists() from error
        audit.record("shop.opened", actor=actor, subject_kind="shop", subject_id=shop.id, clock=clock)
        return shop


def set_shop_open(*, actor: Actor, shop_id: UUID, is_open: bool, clock: Clock) -> Shop:
    """Close the shop for a while, or open it again.

    Raises:
        Forbidden: somebody else's shop.
    """
    with transaction(actor=actor):
        shop = _own_shop(actor, shop_id)
        shop.status = "open" if is_open else "closed"
        _note("shop.reopened" if is_open else "shop.closed", actor, "shop", shop.id, clock)
        return shop


def add_product(
    *,
    actor: Actor,
    shop_id: UUID,
    data: NewProduct,
    photo: StoredPhoto | None = None,
    idempotency_key: str,
    clock: Clock,
) -> Product:
    """Offer a product; the same key answers with the product it made before.

    Args:
        photo: what `photos.take` made of the upload, before this transaction.
        idempotency_key: the caller's, unique within the shop.

    Raises:
        Forbidden: somebody else's shop.
    """
    with transaction(actor=actor):
        shop = _own_shop(actor, shop_id)
        product, is_new = operations.display(shop, data, photo=photo, idempotency_key=idempotency_key, clock=clock)
        if not is_new:
            return product
        _note("product.added", actor, "product", product.id, clock, price_vnd=data.price_vnd, stock=data.stock)
        return product


def edit_product(
    *,
    actor: Actor,
    code: str,
    data: ProductEdit,
    photo: StoredPhoto | None = None,
    clock: Clock,
) -> Product:
    """Change a product. Stock changes by the difference to what the form had shown, so sales in between still count.

    Raises:
        NotFound: no such product.
        Forbidden: somebody else's.
        ProductChanged: `data.version` is not the latest.
        StockPromised: less stock than unpaid orders hold.
    """
    with transaction(actor=actor):
        product = _own_product(actor, code)
        if product.version != data.version:
            raise ProductChanged()
        stock = product.stock + data.stock - data.stock_seen
        if stock < product.reserved:
            raise StockPromised(product.reserved, product.unit)
        before = {"price_vnd": product.price_vnd, "stock": product.stock}
        product.name = data.name
        product.unit = data.unit
        product.price_vnd = data.price_vnd
        product.stock = stock
        product.description = data.description
        product.category = data.category or guess(data.name)
        product.season_from_month, product.season_to_month = data.season_from_month, data.season_to_month
        product.search_text = operations.words_to_find(data.name, product.shop)
        product.version += 1
        if photo:
            operations.show(product, photo)
        after = {"price_vnd": product.price_vnd, "stock": product.stock}
        _note("product.edited", actor, "product", product.id, clock, before=before, after=after)
        return product


def set_paused(*, actor: Actor, code: str, paused: bool, clock: Clock) -> Product:
    """The "sold out" switch: take a product off the market, or put it back. Doing it twice changes nothing.

    Raises:
        NotFound: no such product.
        Forbidden: somebody else's.
    """
    with transaction(actor=actor):
        product = _own_product(actor, code)
        status = "paused" if paused else "live"
        if product.status != status:
            product.status = status
            product.version += 1
            _note("product.paused" if paused else "product.resumed", actor, "product", product.id, clock)
        return product


def set_photo(*, actor: Actor, code: str, raw: bytes, media: Media, clock: Clock) -> Product:
    """Show this photo (bytes of a JPEG, PNG or WebP) in place of the one before.

    Raises:
        NotFound: no such product.
        Forbidden: somebody else's.
        PhotoRefused: see `photos.take`.
    """
    demand_own(actor, queries.by_code(code).shop)
    photo = photos.take(media, raw)
    with transaction(actor=actor):
        product = _own_product(actor, code)
        operations.show(product, photo)
        product.version += 1
        _note("product.photo_set", actor, "product", product.id, clock)
        return product


def demand_own(actor: Actor, shop: Shop) -> None:
    """Let only the shop's own household, or the province's operator, go on.

    Raises:
        Forbidden: somebody else.
    """
    own = actor.has_role(Role.HOUSEHOLD) and actor.household_id == shop.household_id
    if not own and not actor.has_role(Role.PROVINCE_OPERATOR):
        raise Forbidden(_("Gian hàng này thuộc về hộ khác."))


def _own_shop(actor: Actor, shop_id: UUID) -> Shop:
    """The shop, locked, so that two adds with one key wait for each other."""
    shop = operations.lock_shop(shop_id)
    if shop is None:
        raise Forbidden(_("Gian hàng này thuộc về hộ khác."))
    demand_own(actor, shop)
    return shop


def _own_product(actor: Actor, code: str) -> Product:
    product = queries.by_code(code, for_update=True)
    demand_own(actor, product.shop)
    return product


def _note(action: str, actor: Actor, kind: str, subject_id: UUID, clock: Clock, **details: Any) -> None:
    audit.record(action, actor=actor, subject_kind=kind, subject_id=subject_id, clock=clock, **details)
