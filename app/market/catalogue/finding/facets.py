"""How many of what was found are of which kind, from where, with how many stars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.core.database import db
from app.market.catalogue.categories import group_of

from .models import SearchTerm

SAMPLE = 500
"""So many of the best are counted when too many were found to count them all."""


@dataclass(frozen=True)
class Facets:
    """Counts by code. With `at_least`, there may be more of each, and others; `seen` were counted."""

    categories: Mapping[str, int] = field(default_factory=dict)
    communes: Mapping[str, int] = field(default_factory=dict)
    stars: Mapping[int, int] = field(default_factory=dict)
    seen: int = 0
    at_least: bool = False

    @property
    def groups(self) -> Mapping[str, int]:
        """Counts by group of kinds."""
        found: Counter[str] = Counter()
        for category, count in self.categories.items():
            found[group_of(category)] += count
        return found


def exactly(rows: Iterable[Any]) -> Facets:
    """Counts of all that was found."""
    found = list(rows)
    return Facets(
        categories=Counter(row.category for row in found),
        communes=Counter(row.commune_code for row in found),
        stars=Counter(row.ocop_stars for row in found if row.ocop_stars),
        seen=len(found),
    )


def at_least(walked: sa.Subquery, *fits: sa.ColumnElement[bool]) -> Facets:
    """Counts of the best few hundred that were walked to."""
    best = sa.select(walked.c.category, walked.c.commune_code, walked.c.ocop_stars)
    some = best.where(*fits).limit(SAMPLE).subquery()
    columns = some.c.category, some.c.commune_code, some.c.ocop_stars
    sets = sa.func.grouping_sets(*(sa.tuple_(column) for column in columns))
    rows = db.session.execute(sa.select(*columns, sa.func.count().label("products")).group_by(sets)).all()
    categories = {row.category: row.products for row in rows if row.category}
    return Facets(
        categories=categories,
        communes={row.commune_code: row.products for row in rows if row.commune_code},
        stars={row.ocop_stars: row.products for row in rows if row.ocop_stars},
        seen=sum(categories.values()),
        at_least=True,
    )


def of_all() -> Facets:
    """Counts of everything on sale, as of the last count."""
    marks = "@c:", "@m:", "@s:"
    query = sa.select(SearchTerm.term, SearchTerm.products).where(
        sa.or_(*(SearchTerm.term.op("^@", is_comparison=True)(mark) for mark in marks))
    )
    found: dict[str, dict[str, int]] = {mark: {} for mark in marks}
    for term, products in db.session.execute(query):
        found[term[:3]][term[3:]] = products
    return Facets(
        categories=found["@c:"],
        communes=found["@m:"],
        stars={int(stars): products for stars, products in found["@s:"].items()},
        seen=sum(found["@c:"].values()),
    )
