"""Vietnamese text as machines compare it."""

from __future__ import annotations

import unicodedata

_D = str.maketrans({"đ": "d", "Đ": "D"})


def fold(text: str) -> str:
    """Lower case without accents and with đ as d: what people type on a phone without Vietnamese keys."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", text.translate(_D))
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark)).lower()


def tidy(text: str) -> str:
    """One Unicode form (NFC), single spaces, no ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())
