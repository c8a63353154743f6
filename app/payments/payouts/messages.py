"""What all readers of the bank's XML need: text by path, payout codes, amounts."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core.codes import is_valid, normalise
from app.core.money import MAX_VND
from app.core.texts import tidy
from app.payments.payouts.models import PAYOUT_PREFIX


def text_of(parent: Any, path: str) -> str:
    """The tidied text of the first element at the path; nothing when there is none."""
    return tidy(parent.findtext(path) or "")


def payout_codes(ids: Iterable[str]) -> set[str]:
    """Which of these are codes of payouts, normalised."""
    return {code for code in map(normalise, ids) if code.startswith(PAYOUT_PREFIX) and is_valid(code)}


def whole_vnd(text: str) -> int | None:
    """An amount in whole đồng above zero; None for anything else."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        return None
    return int(amount) if amount.is_finite() and 0 < amount <= MAX_VND and amount == int(amount) else None


def short(text: str, longest: int) -> str | None:
    """The text cut to a length; None for nothing."""
    return text[:longest] or None
