"""Đồng as people write and read them. Inside the platform money is a whole number of đồng, named `…_vnd`."""

import re
import unicodedata
from enum import StrEnum
from typing import Final

MAX_VND: Final = 9_999_999_999_999
"""The most one payment can carry: 13 digits, the width of the amount in a VietQR (EMVCo field 54). In đồng."""

FOUR_EYES_VND: Final = 5_000_000
"""Above this one person does not move money alone. In đồng."""

_MAX_TYPED: Final = 40
"""Characters; longer than any sensible way to type MAX_VND."""

_SHAPE: Final = re.compile(
    r"(?:vnd|vnđ|₫|đ)?\s?"
    r"(?P<number>[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+)"
    r"\s?(?P<unit>k|nghìn|ngàn|tr|triệu)?"
    r"\s?(?:vnd|vnđ|₫|đ|d|đồng|dong)?"
)
_DECIMALS: Final = re.compile(r"[0-9][.,][0-9]")
_TIMES: Final = {None: 1, "k": 1_000, "nghìn": 1_000, "ngàn": 1_000, "tr": 1_000_000, "triệu": 1_000_000}


class AmountReason(StrEnum):
    """Why a text is not an amount. The values are stable: forms translate them."""

    EMPTY = "empty"
    SIGN = "sign"
    LEADING_ZERO = "leading_zero"
    GROUPING = "grouping"
    NOT_A_NUMBER = "not_a_number"
    TOO_LARGE = "too_large"


class AmountError(ValueError):
    """A text that is not an amount in đồng; `reason` says why."""

    def __init__(self, reason: AmountReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def format_vnd(amount: int) -> str:
    """`50000` as "50.000 ₫", with a no-break space (U+00A0) before the sign, as the Vietnamese locale data has it."""
    return f"{amount:,}".replace(",", ".") + "\N{NO-BREAK SPACE}₫"


def parse_vnd(text: str) -> int:
    """Read an amount that a person typed, as whole đồng from 0 to MAX_VND.

    Accepted: "50000"; groups of three parted by one and the same dot, comma or space ("50.000", "50,000", "50 000");
    đ, ₫, d, đồng or VND after the number, or đ, ₫ or VND before it; and spoken thousands and millions after a whole
    number ("50k", "50 nghìn", "2tr", "2 triệu").

    Refused rather than guessed, because a wrong guess is off by a factor of a thousand: decimals and half groups
    ("50.00", "1,5tr", "1.000,00"), signs, and leading zeros (mostly a phone number in the wrong box).

    Raises:
        AmountError: a ValueError whose `reason` says what is wrong.
    """
    typed = unicodedata.normalize("NFKC", text[: _MAX_TYPED + 1]).strip().lower()
    if not typed:
        raise AmountError(AmountReason.EMPTY)
    if len(text) > _MAX_TYPED:
        raise AmountError(AmountReason.TOO_LARGE if typed.isdecimal() else AmountReason.NOT_A_NUMBER)
    if typed[0] in "+-\u2212":
        raise AmountError(AmountReason.SIGN)
    match = _SHAPE.fullmatch(typed)
    if match is None:
        raise AmountError(AmountReason.GROUPING if _DECIMALS.search(typed) else AmountReason.NOT_A_NUMBER)
    number = match["number"]
    if number.startswith("0") and number != "0":
        raise AmountError(AmountReason.LEADING_ZERO)
    amount_vnd = int(re.sub(r"[., ]", "", number)) * _TIMES[match["unit"]]
    if amount_vnd > MAX_VND:
        raise AmountError(AmountReason.TOO_LARGE)
    return amount_vnd
