"""Words to find products by: folded, so that "che dinh", "Chè Đinh" and "CHE ĐINH" are the same."""

from __future__ import annotations

from app.core.texts import fold

MAX_WORDS = 8


def words(text: str) -> list[str]:
    """The folded words of a text: runs of letters and digits."""
    spaced = "".join(letter if letter.isalnum() else " " for letter in fold(text))
    return spaced.split()


def query_words(q: str) -> list[str]:
    """The first few words somebody searches for."""
    return words(q)[:MAX_WORDS]


def search_text(*, name: str, shop: str, commune: str) -> str:
    """What a product is found by. Each word has a space before it; the bar ends the name."""
    return f"{name_part(name)} {' '.join(words(f'{shop} {commune}'))}"


def name_part(name: str) -> str:
    """How the search text of everything of this name begins."""
    return f" {' '.join(words(name))} |"
