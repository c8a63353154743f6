"""Amounts in Vietnamese words, for ears: the sound page, screen readers, and the "in words" line of receipts.

The northern standard: nghìn, linh, mốt, lăm. Four after a ten stays "bốn", which every listener knows. A group of three
that is empty is skipped ("một triệu không trăm linh một"), as people say it, not "không nghìn" as in schoolbooks.
"""

from typing import Final

LIMIT_VND: Final = 10**18
"""Amounts from here on have no settled reading."""

_DIGITS: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_BILLION: Final = 10**9


def vnd_in_words(amount: int) -> str:
    """`105000` as "một trăm linh năm nghìn đồng", in lower case; an amount below zero begins with "âm".

    Raises:
        ValueError: the amount is 10^18 đồng or more, either side of zero.
    """
    if abs(amount) >= LIMIT_VND:
        raise ValueError("amounts in words stay below 10^18 đồng")
    number = " ".join(_number(abs(amount))) or _DIGITS[0]
    return f"{'âm ' if amount < 0 else ''}{number} đồng"


def _number(number: int) -> list[str]:
    """Words of a number, none for 0."""
    billions, rest = divmod(number, _BILLION)
    words = [*_number(billions), "tỷ"] if billions else []
    for size, name in ((1_000_000, ["triệu"]), (1_000, ["nghìn"]), (1, [])):
        group, rest = divmod(rest, size)
        if group:
            words += _group(group, full=bool(words)) + name
    return words


def _group(group: int, *, full: bool) -> list[str]:
    """Words of 1 to 999; `full` when larger groups were spoken before, so that the hundreds are spoken even if 0."""
    hundreds, below = divmod(group, 100)
    words = [_DIGITS[hundreds], "trăm"] if hundreds or full else []
    return words + _below_hundred(below, after_hundreds=bool(words))


def _below_hundred(number: int, *, after_hundreds: bool) -> list[str]:
    tens, ones = divmod(number, 10)
    if tens == 0:
        if ones == 0:
            return []
        return ["linh", _DIGITS[ones]] if after_hundreds else [_DIGITS[ones]]
    words = ["mười"] if tens == 1 else [_DIGITS[tens], "mươi"]
    if ones == 1 and tens > 1:
        return [*words, "mốt"]
    if ones == 5:
        return [*words, "lăm"]
    return [*words, _DIGITS[ones]] if ones else words
