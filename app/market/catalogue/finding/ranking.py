"""How close a product is to the words somebody typed."""

from __future__ import annotations

from .wanted import Wanted

STARTS, TOGETHER, IN_NAME, ELSEWHERE = range(4)


def rank(wanted: Wanted, search_text: str) -> int:
    """Smaller is closer: the name begins so, has the words in this order, has them all, or only shop and commune do.

    Within that, names with the very accents that were typed come first ("dưa" before "dứa").
    """
    name, _bar, others = search_text.partition("|")
    spelt = others.rpartition("|")[2] if "|" in others else ""
    other_accents = any(f" {word}" not in spelt for word in wanted.spelt)
    return _closeness(wanted.words, name) * 2 + other_accents


def _closeness(words: list[str], name: str) -> int:
    phrase = " " + " ".join(words)
    if name.startswith(phrase):
        return STARTS
    if phrase in name:
        return TOGETHER
    return IN_NAME if all(f" {word}" in name for word in words) else ELSEWHERE
