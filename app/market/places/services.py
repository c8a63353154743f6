"""Use cases at the market: note a market, take a stall, leave it, ask a buyer for an amount."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.codes import new_code
from app.core.database import transaction
from app.core.errors import BadInput, Forbidden
from app.core.ids import uuid7
from app.core.money import format_vnd
from app.core.texts import tidy
from app.households.areas import queries as areas
from app.identity.roles import Role
from app.market.catalogue import queries as catalogue
from app.market.catalogue.errors import ShopHeld, ShopMissing
from app.market.catalogue.models import Shop
from app.payments.requests.models import PaymentRequest

from . import operations, queries
from .errors import (
    AmountOutOfRange,
    BadStallNumber,
    KeyReused,
    MarketClosed,
    MarketExists,
    StallLeft,
    StallTaken,
)
from .models import MAX_SALE_VND, NAME_MIN, NUMBER_MAX, STALL_NAME_MAX, Market, Stall


def add_market(
    *,
    actor: Actor,
    name: str,
    commune_code: str,
    meeting_rule: str,
    latitude: float | None = None,
    longitude: float | None = None,
    clock: Clock,
) -> Market:
    """Note a cashless market; an officer of its commune or the province's operator does it.

    Args:
        latitude, longitude: degrees (WGS 84), both or neither.

    Raises:
        Forbidden: somebody else.
        BadInput: no such commune.
        MarketExists: the commune has one of this name.
    """
    officer = actor.has_role(Role.COMMUNE_OFFICER) and actor.reaches(commune_code)
    if not officer and not actor.has_role(Role.PROVINCE_OPERATOR, "system"):
        raise Forbidden(_("Việc này dành cho cán bộ xã có chợ, hoặc người điều hành của tỉnh."))
    with transaction(actor=actor) as session:
        if areas.get(commune_code) is None:
            sentence = _("Không có xã này.")
            raise BadInput(sentence, errors={"commune_code": [sentence]})
        market = Market(
            id=uuid7(),
            code=new_code(operations.MARKET_PREFIX),
            name=tidy(name),
            commune_code=commune_code,
            meeting_rule=tidy(meeting_rule),
            latitude=latitude,
            longitude=longitude,
            status="open",
            created_at=clock.now(),
        )
        session.add(market)
        try:
            session.flush()
        except sa.exc.IntegrityError as error:
            raise MarketExists() from error
        audit.record("market.added", actor=actor, subject_kind="market", subject_id=market.id, clock=clock)
        return market


def open_stall(*, actor: Actor, market_code: str, number: str, name: str = "", clock: Clock) -> Stall:
    """Take a stall for one's own shop, with its static QR. Taking one's own stall again changes nothing.

    Args:
        number: as painted on the stall, letters and digits.
        name: what buyers see; the shop's name when left out.

    Raises:
        Forbidden: not a household.
        ShopMissing: it has no shop yet.
        MarketNotFound, MarketClosed: no such market, or it takes no stalls.
        BadStallNumber, BadInput: the number or the name is not right.
        StallTaken: another shop's.
    """
    with transaction(actor=actor) as session:
        shop = _own_shop(actor)
        # Locked, so that two taps for one stall wait for each other.
        market = queries.market_by_code(market_code, for_update=True)
        if market.status != "open":
            raise MarketClosed()
        number, terminal = _checked_number(number)
        earlier = queries.stall_at(market.id, terminal_code=terminal)
        if earlier is not None:
            if earlier.shop_id != shop.id:
                raise StallTaken(number)
            return earlier
        stall = Stall(
            id=uuid7(),
            code=new_code(operations.STALL_PREFIX),
            market_id=market.id,
            shop_id=shop.id,
            number=number,
            name=_checked_name(name) or shop.name[:STALL_NAME_MAX],
            terminal_code=terminal,
            assigned_from=clock.now(),
            market=market,
            shop=shop,
        )
        session.add(stall)
        try:
            session.flush()
        except sa.exc.IntegrityError as error:
            raise StallTaken(number) from error
        operations.issue_static_qr(stall, payee_id=shop.payee_id, clock=clock)
        audit.record("stall.opened", actor=actor, subject_kind="stall", subject_id=stall.id, clock=clock)
        return stall


def leave_stall(*, actor: Actor, stall_id: UUID, clock: Clock) -> Stall:
    """Give the stall back; its number is free again. Twice changes nothing.

    Money a late buyer sends to the old sticker still reaches the shop's own account and is still told.

    Raises:
        Forbidden: somebody else's stall.
    """
    with transaction(actor=actor):
        stall = queries.get_stall(stall_id, for_update=True)
        demand_own(actor, stall)
        if stall.is_taken:
            stall.assigned_to = clock.now()
            audit.record("stall.left", actor=actor, subject_kind="stall", subject_id=stall.id, clock=clock)
        return stall


def ask_amount(*, actor: Actor, stall_id: UUID, amount_vnd: int, idempotency_key: str, clock: Clock) -> PaymentRequest:
    """Ask the buyer at the stall for an amount (đồng); it waits 15 minutes. The same key answers with the same request.

    Raises:
        StallNotFound: no such stall.
        Forbidden: somebody else's.
        StallLeft: the shop no longer sells there.
        ShopHeld: its household may not sell now.
        AmountOutOfRange: not 1 to 10,000,000,000 đồng.
        KeyReused: the key asked for another amount.
        NoAccount: the shop has no bank account.
    """
    with transaction(actor=actor):
        stall = queries.get_stall(stall_id, for_update=True)
        demand_own(actor, stall)
        earlier = queries.sale_by_key(stall.id, idempotency_key)
        if earlier is not None:
            if earlier.amount_vnd != amount_vnd:
                raise KeyReused()
            return queries.request_of(earlier)
        if not stall.is_taken:
            raise StallLeft()
        if stall.shop.held_since is not None:
            raise ShopHeld()
        if not 1 <= amount_vnd <= MAX_SALE_VND:
            raise AmountOutOfRange(format_vnd(MAX_SALE_VND))
        return operations.ask(stall, amount_vnd=amount_vnd, idempotency_key=idempotency_key, clock=clock)


def demand_own(actor: Actor, stall: Stall) -> None:
    """Let only the stall's own household go on. Needs the stall's shop loaded.

    Raises:
        Forbidden: somebody else.
    """
    if not actor.has_role(Role.HOUSEHOLD) or actor.household_id != stall.shop.household_id:
        raise Forbidden(_("Sạp này thuộc về hộ khác."))


def _own_shop(actor: Actor) -> Shop:
    if not actor.has_role(Role.HOUSEHOLD) or actor.household_id is None:
        raise Forbidden(_("Chỉ hộ bán hàng mới mở sạp cho mình được."))
    shop = catalogue.shop_of(actor.household_id)
    if shop is None:
        raise ShopMissing()
    return shop


def _checked_number(number: str) -> tuple[str, str]:
    """The number tidied and in capitals, and its terminal code."""
    number = tidy(number).upper()
    terminal = operations.terminal_code(number)
    if not terminal or len(number) > NUMBER_MAX:
        raise BadStallNumber(NUMBER_MAX)
    return number, terminal


def _checked_name(name: str) -> str:
    name = tidy(name)
    if name and not NAME_MIN <= len(name) <= STALL_NAME_MAX:
        sentence = _("Tên sạp dài từ %(min)d đến %(max)d chữ.", min=NAME_MIN, max=STALL_NAME_MAX)
        raise BadInput(sentence, errors={"name": [sentence]})
    return name
