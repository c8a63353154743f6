"""Public codes that people read aloud, type and write on paper.

A code is a two-letter prefix naming its kind, random characters, and one check character. The alphabet has 32
characters without 0/O/1/I. The check is a weighted sum over GF(2^5) with distinct non-zero weights, so any single wrong
character and any two swapped characters are noticed.
"""

from __future__ import annotations

import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_PRIMITIVE = 0b100101  # x^5 + x^2 + 1
BODY_LENGTH = 8


def _double(value: int) -> int:
    value <<= 1
    return value ^ _PRIMITIVE if value & 0b100000 else value


def check_character(text: str) -> str:
    """The check character of `text`, which holds alphabet characters only."""
    total = 0
    for character in text:
        total = _double(total ^ _VALUE[character])
    return ALPHABET[total]


def new_code(prefix: str) -> str:
    """A new random code: the prefix, seven random characters (35 bits) and the check character."""
    body = prefix + "".join(secrets.choice(ALPHABET) for _ in range(BODY_LENGTH - 1))
    return body + check_character(body)


def is_valid(code: str) -> bool:
    """Whether `code` (already normalised) has the right characters and check character."""
    if len(code) != BODY_LENGTH + 2 or any(character not in _VALUE for character in code):
        return False
    return check_character(code[:-1]) == code[-1]


def normalise(text: str) -> str:
    """What a person typed, as we store it: upper case, without spaces, dots and dashes."""
    return "".join(character for character in text.upper() if character.isalnum())
