"""How personal data looks when it need not be read in full."""

from __future__ import annotations


def mask_tail(text: str, *, keep: int = 4) -> str:
    """All but the last `keep` characters as dots: account and citizen numbers."""
    return "•" * max(len(text) - keep, 0) + text[-keep:]


def mask_phone(text: str) -> str:
    """`09•• ••• 321`: enough to recognise one's own number."""
    return f"{text[:2]}•• ••• {text[-3:]}" if len(text) >= 8 else "•" * len(text)


def mask_name(text: str) -> str:
    """Family name and initials: `Nguyễn Thị Lan` becomes `Nguyễn T. L.`."""
    first, *rest = text.split() or [""]
    return " ".join([first, *(f"{word[0]}." for word in rest)])
