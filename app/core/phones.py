"""Vietnamese phone numbers."""

from __future__ import annotations

import phonenumbers


def normalise_phone(text: str) -> str:
    """The number in E.164 (`+84912345678`).

    Raises:
        ValueError: not a Vietnamese phone number that can exist.
    """
    try:
        number = phonenumbers.parse(text, "VN")
    except phonenumbers.NumberParseException as error:
        raise ValueError("not a phone number") from error
    if number.country_code != 84 or not phonenumbers.is_possible_number(number):
        raise ValueError("not a Vietnamese phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def national(e164: str) -> str:
    """As people write it: `0912345678`."""
    return "0" + e164.removeprefix("+84")
