"""What somebody looks for, as the words and filters of one tsquery."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.core.texts import fold, tidy
from app.market.catalogue.models import PRICE_MAX_VND
from app.market.catalogue.search import MAX_LETTERS, accented, query_words

PRICE_STEPS_VND = (10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000)
"""Where one price step ends and the next begins; `product_price_step` in the database knows the same."""

MOST_STARS = 5
MANY = 1_000
"""What is in so many products is rather the word that was meant than the beginning of one."""


@dataclass(frozen=True)
class Wanted:
    """What to look for; what is left out does not matter.

    Args:
        q: words; each must be in the name, the shop or the commune, accents or not; the last may be half typed.
        category: a group (`food`) or a kind (`food.fruit`).
        commune: code of the commune it comes from.
        near: codes of communes, any of which will do.
        stars: OCOP stars, at least so many.
        month: 1 to 12; only what is in season then.
        lowest_vnd, highest_vnd: the price of one unit in đồng, both included.
    """

    q: str = ""
    category: str | None = None
    commune: str | None = None
    near: tuple[str, ...] = ()
    stars: int | None = None
    month: int | None = None
    lowest_vnd: int | None = None
    highest_vnd: int | None = None

    @cached_property
    def words(self) -> list[str]:
        """The folded words."""
        return [word[:MAX_LETTERS] for word in query_words(self.q)]

    @cached_property
    def spelt(self) -> list[str]:
        """Those words that were typed with accents."""
        return [] if fold(self.q) == tidy(self.q).lower() else accented(self.q)

    @property
    def finds_nothing(self) -> bool:
        """Something was typed, but no letter or digit."""
        return bool(self.q.strip()) and not self.words

    @property
    def floor_vnd(self) -> int:
        """The lowest price that will do."""
        return self.lowest_vnd or 0

    @property
    def ceiling_vnd(self) -> int:
        """The highest price that will do."""
        return self.highest_vnd if self.highest_vnd is not None else PRICE_MAX_VND

    @cached_property
    def filters(self) -> tuple[tuple[str, ...], ...]:
        """Lexemes, of each group of which a product must have one."""
        return tuple(self._filters())

    def query(self, known: Collection[str]) -> str:
        """The text of a tsquery for everything that will do.

        Args:
            known: words to be taken as they are; others may be the beginning of one.
        """
        return self._joined(self._said(known))

    def in_name(self, known: Collection[str]) -> str:
        """The same, only that all words must stand in the name."""
        return self._joined(self._said(known, "."))

    def tiers(self, known: Collection[str]) -> list[str]:
        """Tsqueries that together find everything that will do and no product twice, the closest first."""
        if not self.words:
            return [self._joined("")]
        named = self._said(known, ".")
        others = self._joined(f"{self._said(known)} & !({named})")
        if not self.spelt:
            return [self._joined(named), others]
        alike = " & ".join(_quoted("=" + word) + ":*" for word in self.spelt)
        return [self._joined(f"{named} & {alike}"), self._joined(f"{named} & !({alike})"), others]

    def _said(self, known: Collection[str], mark: str = "") -> str:
        return " & ".join(_quoted(mark + word) + ("" if word in known else ":*") for word in self.words)

    def _joined(self, said: str) -> str:
        groups = ("(" + " | ".join(map(_quoted, group)) + ")" for group in self.filters)
        return " & ".join((*((said,) if said else ()), *groups))

    def _filters(self) -> Iterator[tuple[str, ...]]:
        if self.category:
            yield (f"@{'c' if '.' in self.category else 'g'}:{self.category}",)
        if self.commune:
            yield (f"@m:{self.commune}",)
        if self.near:
            yield tuple(f"@m:{code}" for code in self.near)
        if self.stars:
            yield tuple(f"@s:{stars}" for stars in range(self.stars, MOST_STARS + 1))
        if self.month:
            yield (f"@n:{self.month}",)
        if self.lowest_vnd is not None or self.highest_vnd is not None:
            first, last = (bisect_right(PRICE_STEPS_VND, vnd) for vnd in (self.floor_vnd, self.ceiling_vnd))
            yield tuple(f"@p:{step}" for step in range(first, last + 1)) or ("@p:none",)


@dataclass(frozen=True)
class Counted:
    """How many products on sale have each lexeme, as of the last count; and how many have a word beginning so."""

    exact: Mapping[str, int] = field(default_factory=dict)
    beginning: int = 0

    def whole(self, wanted: Wanted) -> frozenset[str]:
        """The words that are not the beginning of another: known ones, but the last only when it is in very many."""
        last = wanted.words[-1:]
        return frozenset(word for word, count in self.exact.items() if word not in last or count >= MANY)

    def at_most(self, wanted: Wanted) -> int | None:
        """No more products than this can be found; None when nothing was asked for."""
        whole = self.whole(wanted)
        limits = [self.exact[word] for word in wanted.words if word in whole]
        limits += [self.beginning] if wanted.words and wanted.words[-1] not in whole else []
        limits += [sum(self.exact.get(lexeme, 0) for lexeme in group) for group in wanted.filters]
        return min(limits, default=None)


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
