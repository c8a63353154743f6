"""What banks do to a memo on its way: the ways seen in the field, one small function each."""

from __future__ import annotations

from collections.abc import Callable

TRUNCATED_CHARS = 4


def _separated(memo: str) -> str:
    """A mark after every third character of each long word, alternating between the marks banks insert."""
    marks = " .-"
    words = []
    for word in memo.split(" "):
        parts = [word[start : start + 3] for start in range(0, len(word), 3)] if len(word) > 5 else [word]
        pieced = parts[0]
        for index, part in enumerate(parts[1:]):
            pieced += marks[index % len(marks)] + part
        words.append(pieced)
    return " ".join(words)


def _typo(memo: str) -> str:
    """One character of the first word changed, as when a person types the memo by hand."""
    if not memo:
        return memo
    first = memo.split(" ", 1)[0]
    at = len(first) // 2
    swapped = "7" if first[at : at + 1] != "7" else "4"
    return memo[:at] + swapped + memo[at + 1 :]


MANGLES: dict[str, tuple[str, Callable[[str], str]]] = {
    "lower": ("Viết thường hết", str.lower),
    "prefix": ("Ngân hàng thêm mã đằng trước", lambda memo: f"MBVCB.123456789.{memo}"),
    "separators": ("Chèn dấu chấm, gạch, cách", _separated),
    "truncate": ("Cắt mất 4 ký tự cuối", lambda memo: memo[:-TRUNCATED_CHARS]),
    "typo": ("Gõ sai một ký tự", _typo),
    "destroy": ("Mất hẳn mã", lambda _memo: "CHUYEN TIEN"),
}


def mangle(memo: str, how: str | None) -> str:
    """`memo` as it arrives after `how` (a key of `MANGLES`) happened to it; None leaves it alone.

    Raises:
        KeyError: no such way.
    """
    return memo if not how else MANGLES[how][1](memo)
