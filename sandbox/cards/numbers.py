"""The test cards, and what each does. A number that is not one of them is never kept and never charged."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from sandbox.cards.errors import GatewayError, missing

SUCCEEDS, ASKS = "succeeds", "asks"


@dataclass(frozen=True, slots=True)
class Card:
    """A card as far as the gateway remembers it. `behaviour`: succeeds, asks (3-D Secure), or a decline code."""

    brand: str
    last4: str
    behaviour: str


TEST_CARDS = {
    "4242424242424242": Card("visa", "4242", SUCCEEDS),
    "5555555555554444": Card("mastercard", "4444", SUCCEEDS),
    "4000000000000002": Card("visa", "0002", "generic_decline"),
    "4000000000009995": Card("visa", "9995", "insufficient_funds"),
    "4000002500003155": Card("visa", "3155", ASKS),
}
TEST_METHODS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_authenticationRequired": "4000002500003155",
    "pm_card_threeDSecure2Required": "4000002500003155",
}


def _card_error(message: str, code: str, param: str) -> GatewayError:
    return GatewayError(message, status=402, kind="card_error", code=code, param=param)


def passes_luhn(number: str) -> bool:
    """ISO/IEC 7812 check digit."""
    digits = [int(digit) for digit in reversed(number)]
    return (sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0


def _check_expiry(card: dict[str, Any]) -> None:
    month, year = str(card.get("exp_month", "")), str(card.get("exp_year", ""))
    if not re.fullmatch(r"0?[1-9]|1[0-2]", month):
        raise _card_error("Your card's expiration month is invalid.", "invalid_expiry_month", "exp_month")
    if not re.fullmatch(r"[0-9]{2}|20[0-9]{2}", year):
        raise _card_error("Your card's expiration year is invalid.", "invalid_expiry_year", "exp_year")
    now = time.gmtime()
    if (int(year) % 100 + 2000, int(month)) < (now.tm_year, now.tm_mon):
        raise _card_error("Your card has expired.", "expired_card", "exp_month")


def chosen_card(params: dict[str, Any]) -> Card | None:
    """The card a confirmation names, as `payment_method=pm_card_…` or as typed `payment_method_data[card]`.

    None when it names none.

    Raises:
        GatewayError: 400 for an unknown payment method, 402 for a card that was typed wrongly.
    """
    method = params.get("payment_method")
    if method:
        if method not in TEST_METHODS:
            raise GatewayError(
                f"No such PaymentMethod: '{method}'", status=404, code="resource_missing", param="payment_method"
            )
        return TEST_CARDS[TEST_METHODS[method]]
    data = params.get("payment_method_data")
    if not data:
        return None
    card = data.get("card") if isinstance(data, dict) else None
    if not isinstance(card, dict):
        raise missing("payment_method_data[card]")
    number = re.sub(r"[ -]", "", str(card.get("number", "")))
    if not re.fullmatch(r"[0-9]{12,19}", number) or not passes_luhn(number):
        raise _card_error("Your card number is incorrect.", "incorrect_number", "number")
    _check_expiry(card)
    if not re.fullmatch(r"[0-9]{3,4}", str(card.get("cvc", ""))):
        raise _card_error("Your card's security code is invalid.", "invalid_cvc", "cvc")
    return TEST_CARDS.get(number, Card("unknown", number[-4:], "test_mode_live_card"))
