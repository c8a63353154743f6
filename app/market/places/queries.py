"""Reads of markets and stalls. Lists never run a query per item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.core.database import db
from app.core.paging import Page, decode_cursor, encode_cursor
from app.core.texts import fold
from app.households.areas import queries as areas
from app.payments.requests import queries as request_queries
from app.payments.requests.models import PaymentRequest, Purpose, StandingCode

from .errors import MarketNotFound, StallNotFound
from .models import Market, Stall, StallSale
from .operations import PURPOSE_KIND

PAGE = 50
_WHOLE_STALL = (joinedload(Stall.market), joinedload(Stall.shop))


@dataclass(frozen=True)
class MarketCard:
    """A market in a list."""

    code: str
    name: str
    commune_name: str
    meeting_rule: str
    stalls: int


def open_markets() -> sa.Select[UUID]:
    """Selects the ids of open markets, for counting."""
    return sa.select(Market.id).where(Market.status == "open")


def list_markets() -> list[MarketCard]:
    """All open markets by name, each with the number of its stalls. A province has some dozens."""
    stalls = (
        sa.select(Stall.market_id, sa.func.count().label("stalls"))
        .where(Stall.assigned_to.is_(None))
        .group_by(Stall.market_id)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(Market, sa.func.coalesce(stalls.c.stalls, 0))
        .outerjoin(stalls, stalls.c.market_id == Market.id)
        .where(Market.status == "open")
    ).all()
    communes = areas.names(market.commune_code for market, _stalls in rows)
    cards = [
        MarketCard(
            code=market.code,
            name=market.name,
            commune_name=communes.get(market.commune_code, ""),
            meeting_rule=market.meeting_rule,
            stalls=count,
        )
        for market, count in rows
    ]
    return sorted(cards, key=lambda card: (fold(card.name), card.code))


def market_by_code(code: str, *, for_update: bool = False) -> Market:
    """The market by its public code, open or not.

    Raises:
        MarketNotFound: there is none.
    """
    query = sa.select(Market).where(Market.code == code)
    if for_update:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    market = db.session.scalar(query)
    if market is None:
        raise MarketNotFound()
    return market


def stalls_of_market(market_id: UUID, *, cursor: str | None = None, limit: int = PAGE) -> Page[Stall]:
    """One page of a market's stalls by number."""
    query = (
        sa.select(Stall)
        .where(Stall.market_id == market_id, Stall.assigned_to.is_(None))
        .options(*_WHOLE_STALL)
        .order_by(Stall.number)
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(Stall.number > decode_cursor(cursor, str)[0])
    found = db.session.scalars(query).all()
    items = found[:limit]
    return Page(items, encode_cursor(items[-1].number) if len(found) > limit else None)


def stalls_of_shop(shop_id: UUID) -> list[Stall]:
    """The stalls a shop has now, oldest first."""
    query = sa.select(Stall).where(Stall.shop_id == shop_id, Stall.assigned_to.is_(None))
    return list(db.session.scalars(query.options(*_WHOLE_STALL).order_by(Stall.id)))


def stall_by_code(code: str) -> Stall:
    """The stall with its market and shop, left or not.

    Raises:
        StallNotFound: there is none.
    """
    return _one(Stall.code == code)


def stall_at(market_id: UUID, *, terminal_code: str) -> Stall | None:
    """Who sells at this place now; numbers that read alike ("A-12", "A 12") are one place."""
    return db.session.scalar(
        sa.select(Stall)
        .where(Stall.market_id == market_id, Stall.terminal_code == terminal_code, Stall.assigned_to.is_(None))
        .options(*_WHOLE_STALL)
    )


def get_stall(stall_id: UUID, *, for_update: bool = False) -> Stall:
    """The stall by id, with its market and shop.

    Raises:
        StallNotFound: there is none.
    """
    return _one(Stall.id == stall_id, for_update=for_update)


def _one(condition: sa.ColumnElement[bool], *, for_update: bool = False) -> Stall:
    query = sa.select(Stall).where(condition).options(*_WHOLE_STALL).execution_options(populate_existing=True)
    if for_update:
        # Sales that point at the stall need not wait: only its key counts for them.
        query = query.with_for_update(of=Stall, key_share=True)
    stall = db.session.scalar(query)
    if stall is None:
        raise StallNotFound()
    return stall


def stall_of(request: PaymentRequest) -> Stall:
    """The stall a request's money is for: a static QR names it, an entered amount names its sale.

    Raises:
        StallNotFound: the request is not a stall's.
    """
    if request.purpose_kind != PURPOSE_KIND:
        raise StallNotFound()
    if request.standing_code_id is not None:
        return get_stall(request.purpose_id)
    return _one(Stall.id == sa.select(StallSale.stall_id).where(StallSale.id == request.purpose_id).scalar_subquery())


def stalls_of(requests: Sequence[PaymentRequest]) -> dict[UUID, Stall]:
    """The stall of each stall's request, by the request's id, in one query."""
    purposes = [request.purpose_id for request in requests if request.purpose_kind == PURPOSE_KIND]
    sold = sa.and_(StallSale.stall_id == Stall.id, StallSale.id.in_(purposes))
    rows = db.session.execute(
        sa.select(Stall, StallSale.id)
        .outerjoin(StallSale, sold)
        .where(sa.or_(StallSale.id.is_not(None), Stall.id.in_(purposes)))
    )
    found: dict[UUID, Stall] = {}
    for stall, sale_id in rows:
        found[stall.id] = stall
        if sale_id is not None:
            found[sale_id] = stall
    return {request.id: found[request.purpose_id] for request in requests if request.purpose_id in found}


def sale_by_key(stall_id: UUID, idempotency_key: str) -> StallSale | None:
    """The sale this key made before."""
    return db.session.scalar(
        sa.select(StallSale).where(StallSale.stall_id == stall_id, StallSale.idempotency_key == idempotency_key)
    )


def request_of(sale: StallSale) -> PaymentRequest:
    """The payment request of a sale."""
    if sale.standing:
        return request_queries.get(sale.id)
    return request_queries.for_purpose(Purpose(PURPOSE_KIND, sale.id))[-1]


def static_qr(stall: Stall) -> StandingCode | None:
    """The code on the stall's sticker that counts now."""
    return request_queries.standing_for(Purpose(PURPOSE_KIND, stall.id))
