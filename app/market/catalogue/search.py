"""Words to find products by: folded, so that "che dinh", "Chè Đinh" and "CHE ĐINH" are the same."""

from __future__ import annotations

from app.core.texts import fold, tidy

MAX_WORDS = 8
MAX_LETTERS = 40


def words(text: str) -> list[str]:
    """The folded words of a text: runs of letters and digits."""
    return _runs(fold(text))


def accented(text: str) -> list[str]:
    """Those words of a text that folding changes, as they are spelt."""
    return [word for word in spelt_words(text) if fold(word) != word]


def spelt_words(text: str) -> list[str]:
    """The words of a text as they are spelt, in small letters."""
    return _runs(tidy(text).lower())


def query_words(q: str) -> list[str]:
    """The first few words somebody searches for."""
    return words(q)[:MAX_WORDS]


def search_text(*, name: str, shop: str, commune: str) -> str:
    """What a product is found by: the name, a bar, shop and commune; then, after another bar, the words of the name
    that have accents, as they are spelt. Each word has a space before it."""
    found = f"{name_part(name)} {' '.join(words(f'{shop} {commune}'))}"
    spelt = accented(name)
    return f"{found} | {' '.join(spelt)}" if spelt else found


def name_part(name: str) -> str:
    """How the search text of everything of this name begins."""
    return f" {' '.join(words(name))} |"


def _runs(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text).split()
