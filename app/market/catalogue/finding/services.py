"""Counting what words there are on the market, and sorting what was there before there were kinds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload

from app.core.database import transaction
from app.core.texts import fold
from app.households.areas import queries as areas
from app.market.catalogue.categories import OTHER, guess
from app.market.catalogue.models import Product
from app.market.catalogue.search import search_text

from . import slips
from .models import SearchSlip, SearchTerm, SearchTermChange

AT_ONCE = 20_000
_SORTED_AT_ONCE = 500
_ROWS = 5_000  # of one INSERT; each value is a parameter, of which a statement may have 65,535
_ONE_COUNTS = 7_202_611  # any number, the same for all who count


def count_terms() -> int:
    """Add the changes noted since the last count; how many there were. One counts at a time, others leave it to it."""
    counted = 0
    while some := _count_some():
        counted += some
    return counted


def sort_old() -> int:
    """Give products of before there were kinds their kind and all words they are found by; how many there were."""
    done = 0
    while some := _sort_some():
        done += some
    return done


def _sort_some() -> int:
    with transaction() as session:
        old = (
            sa.select(Product)
            .where(Product.words_version < 1)
            .order_by(Product.id)
            .limit(_SORTED_AT_ONCE)
            .options(joinedload(Product.shop))
            .with_for_update(of=Product, skip_locked=True)
        )
        products = session.scalars(old).all()
        communes = areas.names(product.shop.commune_code for product in products)
        for product in products:
            shop = product.shop
            commune = communes.get(shop.commune_code, "")
            product.search_text = search_text(name=product.name, shop=shop.name, commune=commune)
            product.category = guess(product.name) if product.category == OTHER else product.category
            product.words_version = 1
        return len(products)


def _count_some() -> int:
    with transaction() as session:
        if not session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_ONE_COUNTS))):
            return 0
        by_id = sa.select(SearchTermChange.id).order_by(SearchTermChange.id)
        last = session.scalar(by_id.offset(AT_ONCE - 1).limit(1))
        taken = (
            sa.delete(SearchTermChange)
            .where(SearchTermChange.id <= last if last is not None else sa.true())
            .returning(SearchTermChange.term, SearchTermChange.change)
            .cte("taken")
        )
        sums = sa.select(taken.c.term, sa.func.sum(taken.c.change), sa.func.count()).group_by(taken.c.term)
        rows = session.execute(sums).all()
        _add(session, {term: change for term, change, _times in rows if change})
        return sum(times for _term, _change, times in rows)


def _add(session: Session, changes: dict[str, int]) -> None:
    rows = [{"term": term, "products": change, "folded": _folded(term)} for term, change in sorted(changes.items())]
    slipped = [
        {"variant": variant, "term": term}
        for term in changes
        if term[0] not in "@="
        for variant in sorted(slips.variants(term))
    ]
    for part in _parts(rows):
        adding = insert(SearchTerm).values(part)
        summed = SearchTerm.products + adding.excluded.products
        session.execute(adding.on_conflict_do_update(index_elements=[SearchTerm.term], set_={"products": summed}))
    for part in _parts(slipped):
        session.execute(insert(SearchSlip).values(part).on_conflict_do_nothing())
    session.execute(sa.delete(SearchTerm).where(SearchTerm.term.in_(list(changes)), SearchTerm.products <= 0))


def _folded(term: str) -> str | None:
    return fold(term[1:]) if term[0] == "=" else None


def _parts(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    return (list(rows[at : at + _ROWS]) for at in range(0, len(rows), _ROWS))
