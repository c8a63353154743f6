"""What somebody may be about to type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from app.core.database import db
from app.market.catalogue.cards import LIVE
from app.market.catalogue.categories import CATEGORIES
from app.market.catalogue.models import Product
from app.market.catalogue.search import MAX_LETTERS, query_words, words

from .models import SearchTerm
from .queries import begins

SUGGESTED, LOOKED_AT = 6, 200


@dataclass(frozen=True)
class Suggestion:
    """Words to search for, as they are spelt, or a kind of goods (then with its code)."""

    text: str
    category: str | None = None


def suggest(typed: str) -> list[Suggestion]:
    """At most six: a kind of goods that begins so, then names of products that begin so, then words that end it."""
    folded = [word[:MAX_LETTERS] for word in query_words(typed)]
    if not folded:
        return []
    found = [*_kinds(folded), *_names(folded), *_words(typed, folded)]
    unlike = {suggestion.text.casefold(): suggestion for suggestion in reversed(found)}
    return [one for one in found if unlike[one.text.casefold()] is one][:SUGGESTED]


def _kinds(folded: list[str]) -> list[Suggestion]:
    phrase = " " + " ".join(folded)
    return [
        Suggestion(str(label), code)
        for code, label in CATEGORIES.items()
        if (" " + " ".join(words(str(label)))).startswith(phrase)
    ][:2]


def _names(folded: list[str]) -> list[Suggestion]:
    """Of the first few names in the order of letters, those that most products have."""
    first = (
        sa.select(Product.name)
        .where(LIVE, begins(Product.search_text, " " + " ".join(folded)))
        .order_by(sa.text("search_text USING ~<~"))
        .limit(LOOKED_AT)
    )
    return [Suggestion(name) for name, _count in Counter(db.session.scalars(first)).most_common(SUGGESTED)]


def _words(typed: str, folded: list[str]) -> list[Suggestion]:
    """The last word brought to its end, the words that most products have first."""
    begun = typed.split()[:-1]
    query = (
        sa.select(SearchTerm.term)
        .where(begins(SearchTerm.term, folded[-1]))
        .order_by(SearchTerm.products.desc(), SearchTerm.term)
        .limit(SUGGESTED)
    )
    terms = db.session.scalars(query).all()
    spelt = as_spelt(terms)
    return [Suggestion(" ".join((*begun, spelt.get(term, term)))) for term in terms]


def as_spelt(terms: Collection[str]) -> dict[str, str]:
    """How most products spell these words; words without accents are missing."""
    query = (
        sa.select(SearchTerm.folded, SearchTerm.term)
        .where(SearchTerm.folded.in_(terms))
        .order_by(SearchTerm.products, SearchTerm.term)
    )
    return {folded: term[1:] for folded, term in db.session.execute(query) if folded} if terms else {}
