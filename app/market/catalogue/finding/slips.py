"""What somebody meant who mistyped: a letter too many, missing, wrong or swapped, two words run together, or Telex that
was left as it is typed ("mieens" for "miến").

Each word on the market is kept with its variants, one letter left out (the symmetric deletes of SymSpell). A mistyped
word and what was meant share one of them, so that the index answers without comparing with every word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from app.core.database import db

from .models import SearchSlip, SearchTerm

SHORTEST, LONGEST = 3, 24
_DOUBLES = re.compile(r"(a)a|(e)e|(o)o|(d)d")
_MARKS = re.compile(r"(?<=[a-z])[sfrxjw]")


def variants(word: str) -> set[str]:
    """The word, and the word with each letter left out; none for one that is no letters or has too few or too many."""
    if not SHORTEST <= len(word) <= LONGEST or not word.isalpha():
        return set()
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def correct(words: Sequence[str]) -> list[str] | None:
    """The words that were meant, as far as the market has them; None when nothing better is known."""
    unknown = [word for word in words if word.isalpha() and SHORTEST <= len(word) <= LONGEST]
    known = _known({*words, *(half for word in unknown for pair in _halves(word) for half in pair)})
    unknown = [word for word in unknown if word not in known]
    near = _near(unknown)
    better = [part for word in words for part in (_best(word, near, known) if word in unknown else (word,))]
    return better if better != list(words) else None


def distance(one: str, other: str) -> int:
    """How many letters must be added, left out, changed or swapped with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, match in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != match))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == match:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]


def without_telex(word: str) -> str:
    """The word without what Telex types for accents: doubled letters, and s f r x j w behind a vowel."""
    return _MARKS.sub("", _DOUBLES.sub(lambda found: found[0][0], word))


def _best(word: str, near: Mapping[str, int], known: Mapping[str, int]) -> tuple[str, ...]:
    plain = without_telex(word)
    if plain in near:
        return (plain,)
    far = 1 if len(word) <= 4 else 2
    close = [(distance(word, term), -products, term) for term, products in near.items()]
    together = [(distance, -common, (term,)) for distance, common, term in close if distance <= far]
    apart = [(1, -min(known[a], known[b]), (a, b)) for a, b in _halves(word) if a in known and b in known]
    return min([*together, *apart], default=(0, 0, (word,)))[2]


def _halves(word: str) -> Iterable[tuple[str, str]]:
    return ((word[:place], word[place:]) for place in range(2, len(word) - 1))


def _known(words: set[str]) -> Mapping[str, int]:
    query = sa.select(SearchTerm.term, SearchTerm.products).where(SearchTerm.term.in_(words))
    return dict(db.session.execute(query).all()) if words else {}


def _near(words: Sequence[str]) -> Mapping[str, int]:
    """Words of the market that share a variant with one of these, and how many products have each."""
    typed = {*words, *map(without_telex, words)}
    wanted = {variant for word in typed for variant in (*variants(word), word)}
    query = (
        sa.select(SearchTerm.term, SearchTerm.products)
        .join(SearchSlip, SearchSlip.term == SearchTerm.term)
        .where(SearchSlip.variant.in_(wanted))
        .distinct()
    )
    return dict(db.session.execute(query).all()) if wanted else {}
