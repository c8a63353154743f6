"""Finding goods among a million: never more than a bounded piece of the market is read for one answer.

What can only be in few products is *gathered*: all of them come from the one index of words and filters, are put in
order here, and their facets are exact. What is in very many is *walked to*: an index holds the market in its order,
and the first that fit are the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import TSQUERY

from app.core.database import db
from app.core.errors import BadInput
from app.core.paging import decode_cursor, encode_cursor
from app.market.catalogue import cards
from app.market.catalogue.cards import LIVE, OPEN, ProductCard
from app.market.catalogue.models import Product, Shop

from . import facets, ranking
from .facets import Facets
from .models import SearchTerm
from .wanted import Counted, Wanted

GATHERED = 1_000
"""No more than so many are gathered and put in order for one answer."""
WALKED, WALKED_ON = 5_000, 50_000
"""So far is walked for a first page, and for a later one."""
GATHER, WALK = "gather", "walk"
_END = chr(0x10FFFF)
_BEFORE_ALL = (99, datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))
_ORDER = (Product.standing.desc(), Product.created_at.desc(), Product.id.desc())


@dataclass(frozen=True)
class Found:
    """One page of what was found. `total` is exact unless `more_than_that`; facets are on the first page only."""

    items: Sequence[ProductCard]
    next_cursor: str | None = None
    total: int = 0
    more_than_that: bool = False
    facets: Facets | None = None


@dataclass(frozen=True)
class Place:
    """Where a page ended: the way it was found, the tier or rank there, and the product."""

    way: str
    rank: int
    standing: int
    created_at: datetime
    id: UUID

    @classmethod
    def read(cls, cursor: str) -> Place:
        """The place in a cursor.

        Raises:
            BadInput: not one of ours.
        """
        way, rank, standing, moment, row_id = decode_cursor(cursor, str, int, int, str, str)
        try:
            place = cls(way, rank, standing, datetime.fromisoformat(moment), UUID(row_id))
            if way in (GATHER, WALK) and place.created_at.tzinfo and 0 <= rank < 100 and 0 <= standing < 100:
                return place
        except ValueError:
            pass
        raise BadInput(_("Dấu trang không đúng; hãy mở lại danh sách từ đầu."), errors={"cursor": ["invalid"]})

    def write(self) -> str:
        """The same as a cursor."""
        return encode_cursor(self.way, self.rank, self.standing, self.created_at.isoformat(), str(self.id))


def find(wanted: Wanted = Wanted(), *, cursor: str | None = None, limit: int = 20) -> Found:  # noqa: B008 (frozen)
    """One page of what is on sale in open shops, the closest first; within that what is in stock, then OCOP stars, then
    the newest.

    Raises:
        BadInput: a cursor that is not ours.
    """
    place = Place.read(cursor) if cursor else None
    if wanted.finds_nothing:
        return Found(())
    counted = _count(wanted)
    if place is not None:
        return (_walk if place.way == WALK else _gather)(wanted, counted, place, limit)
    at_most = counted.at_most(wanted)
    if at_most is None:
        return replace(_walk(wanted, counted, None, limit), total=_on_sale(), facets=facets.of_all())
    if at_most > GATHERED:
        page = _walk(wanted, counted, None, limit)
        if page.next_cursor and len(page.items) == limit:
            walked = _walked(wanted, counted, None, WALKED)
            found = facets.at_least(walked, *_fits(walked, wanted, wanted.query(counted.whole(wanted))))
            return replace(page, total=found.seen, more_than_that=True, facets=found)
    return _gather(wanted, counted, None, limit)


def best(limit: int) -> Sequence[ProductCard]:
    """The first of the market, in as few queries as can be."""
    return _walk(Wanted(), Counted(), None, limit).items


def _count(wanted: Wanted) -> Counted:
    lexemes = {*wanted.words, *(lexeme for group in wanted.filters for lexeme in group)}
    query = sa.select(SearchTerm.term, SearchTerm.products).where(SearchTerm.term.in_(lexemes))
    exact = dict(db.session.execute(query).all()) if lexemes else {}
    beginning = 0
    if wanted.words:
        word = wanted.words[-1]
        some = sa.select(SearchTerm.products).where(begins(SearchTerm.term, word)).limit(GATHERED * 2).subquery()
        beginning = db.session.scalar(sa.select(sa.func.sum(some.c.products))) or 0
    return Counted(exact, beginning)


def begins(column: sa.SQLColumnExpression[str], word: str) -> sa.ColumnElement[bool]:
    """Whether a column begins so, in the order of an index of text_pattern_ops."""
    return sa.and_(column.op("~>=~", is_comparison=True)(word), column.op("~<~", is_comparison=True)(word + _END))


def _on_sale() -> int:
    """How many products are on sale, as of the last count: each has one group."""
    groups = sa.select(sa.func.sum(SearchTerm.products)).where(begins(SearchTerm.term, "@g:"))
    return db.session.scalar(groups) or 0


def _gather(wanted: Wanted, counted: Counted, place: Place | None, limit: int) -> Found:
    rows, capped = _gathered(wanted, counted)
    placed = sorted(((_place(wanted, row), row) for row in rows), key=lambda pair: _key(pair[0]))
    first = facets.exactly(rows) if place is None else None
    if place is not None:
        placed = [(at, row) for at, row in placed if _key(at) > _key(place)]
    shown = placed[:limit]
    following = shown[-1][0].write() if len(placed) > limit else None
    return Found(_shown([row.id for _at, row in shown]), following, len(rows), capped, first)


def _place(wanted: Wanted, row: Any) -> Place:
    return Place(GATHER, ranking.rank(wanted, row.search_text), row.standing, row.created_at, row.id)


def _key(place: Place) -> tuple[int, int, float, int]:
    return place.rank, -place.standing, -place.created_at.timestamp(), -place.id.int


def _gathered(wanted: Wanted, counted: Counted) -> tuple[Sequence[Any], bool]:
    """Products in open shops, and whether there are more; then those with the words in their names come first."""
    whole, at_most = counted.whole(wanted), counted.at_most(wanted)
    named: Sequence[Any] = ()
    if wanted.words and at_most is not None and at_most > GATHERED:
        named = _ask(wanted, wanted.in_name(whole))
        if len(named) >= GATHERED:
            return named, True
    rows = _ask(wanted, wanted.query(whole))
    have = {row.id for row in named}
    both = [*named, *(row for row in rows if row.id not in have)]
    return both[:GATHERED], len(rows) >= GATHERED


def _ask(wanted: Wanted, query: str) -> Sequence[Any]:
    gathered = sa.func.product_gather(
        _tsquery(query), wanted.floor_vnd, wanted.ceiling_vnd, GATHERED
    ).table_valued(
        sa.column("id", sa.Uuid), sa.column("shop_id", sa.Uuid), sa.column("standing", sa.SmallInteger),
        sa.column("created_at", sa.DateTime(timezone=True)), "search_text", "category", "commune_code",
        sa.column("ocop_stars", sa.SmallInteger), name="gathered",
    )  # fmt: skip
    return db.session.execute(sa.select(gathered).join(Shop, Shop.id == gathered.c.shop_id).where(*OPEN)).all()


def _tsquery(text: str) -> sa.ColumnElement[Any]:
    return sa.cast(text, TSQUERY)


def _shown(ids: Sequence[UUID]) -> list[ProductCard]:
    rows = {row.id: row for row in db.session.execute(cards.of_cards().where(Product.id.in_(ids)))} if ids else {}
    return cards.made([rows[one] for one in ids if one in rows])


def _walk(wanted: Wanted, counted: Counted, place: Place | None, limit: int) -> Found:
    tiers = wanted.tiers(counted.whole(wanted))
    tier, after = (place.rank, (place.standing, place.created_at, place.id)) if place else (0, None)
    rows: Sequence[Any] = ()
    while tier < len(tiers):
        walked = _walked(wanted, counted, after, WALKED_ON if place else WALKED)
        query = sa.select(walked.c.id, walked.c.standing, walked.c.created_at)
        query = query.where(*_fits(walked, wanted, tiers[tier]))
        order = walked.c.standing.desc(), walked.c.created_at.desc(), walked.c.id.desc()
        rows = db.session.execute(query.order_by(*order).limit(limit + 1)).all()
        if rows or place is None:
            break
        tier, after = tier + 1, None
    shown = rows[:limit]
    following = None
    if len(rows) > limit:
        following = Place(WALK, tier, shown[-1].standing, shown[-1].created_at, shown[-1].id).write()
    elif place is not None and tier + 1 < len(tiers):
        following = Place(WALK, tier + 1, *_BEFORE_ALL).write()
    return Found(_shown([row.id for row in shown]), following)


def _fits(walked: sa.Subquery, wanted: Wanted, query: str) -> list[sa.ColumnElement[bool]]:
    """What makes a product that was walked past an answer."""
    price = walked.c.price_vnd.between(wanted.floor_vnd, wanted.ceiling_vnd)
    words = [walked.c.find.op("@@", is_comparison=True)(_tsquery(query))] if query else []
    return [*words, price, _is_open(walked)]


def _is_open(walked: sa.Subquery) -> sa.ColumnElement[bool]:
    """Asked of one product after the other, so that the walk ends with the last that is shown; a join would sort."""
    return sa.select(sa.and_(*OPEN)).where(Shop.id == walked.c.shop_id).scalar_subquery()


def _walked(wanted: Wanted, counted: Counted, after: tuple[int, datetime, UUID] | None, far: int) -> sa.Subquery:
    """So many products in the market's order, of the filter that leaves the fewest and has an index in this order."""
    query = sa.select(
        Product.id,
        Product.shop_id,
        Product.standing,
        Product.created_at,
        Product.find,
        Product.price_vnd,
        Product.category,
        Product.commune_code,
        Product.ocop_stars,
    ).where(LIVE)
    ordered: list[sa.SQLColumnExpression[Any]] = [Product.standing, Product.created_at, Product.id]
    place: list[sa.ColumnElement[Any]] = []
    if after:
        standing, created_at, id = after
        place = [
            sa.literal(standing, sa.SmallInteger()),
            sa.literal(created_at, sa.DateTime(timezone=True)),
            sa.literal(id, sa.Uuid()),
        ]
    narrow = _narrowest(wanted, counted)
    if narrow:
        column, value = narrow
        query = query.where(column == value)
        # As part of the place it tells the database which index to walk; it takes a place for rarer than it is.
        ordered, place = [column, *ordered], [sa.literal(value), *place] if place else []
    if place:
        query = query.where(sa.tuple_(*ordered) < sa.tuple_(*place))
    return query.order_by(*_ORDER).limit(far).subquery()


def _narrowest(wanted: Wanted, counted: Counted) -> tuple[sa.ColumnElement[str], str] | None:
    """Of the filters that have an index in the market's order, the one that leaves the fewest: its column and value."""
    group = sa.func.split_part(Product.category, sa.literal_column("'.'"), sa.literal_column("1"))
    possible: list[tuple[str, sa.ColumnElement[str], str | None]] = [
        (f"@c:{wanted.category}", Product.category.expression, wanted.category),
        (f"@g:{wanted.category}", group, wanted.category),
        (f"@m:{wanted.commune}", Product.commune_code.expression, wanted.commune),
    ]
    asked = {lexeme for lexemes in wanted.filters for lexeme in lexemes}
    narrow = [(counted.exact.get(lexeme, 0), column, value) for lexeme, column, value in possible if lexeme in asked]
    for _count, column, value in sorted(narrow, key=lambda one: one[0]):
        if value:
            return column, value
    return None
