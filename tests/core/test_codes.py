"""Codes survive being read aloud, typed and copied, or are noticed to be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.codes import ALPHABET, check_character, is_valid, new_code, normalise

BODIES = st.text(ALPHABET, min_size=9, max_size=9)


def test_the_alphabet_holds_nothing_that_looks_alike() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("0O1I") & set(ALPHABET)


@given(body=BODIES)
def test_every_single_wrong_character_is_noticed(body: str) -> None:
    code = body + check_character(body)
    assert is_valid(code)
    for place in range(len(code)):
        for wrong in set(ALPHABET) - {code[place]}:
            assert not is_valid(code[:place] + wrong + code[place + 1 :])


@given(body=BODIES)
def test_every_swap_of_two_characters_is_noticed(body: str) -> None:
    code = body + check_character(body)
    for left in range(len(code)):
        for right in range(left + 1, len(code)):
            if code[left] != code[right]:
                swapped = list(code)
                swapped[left], swapped[right] = code[right], code[left]
                assert not is_valid("".join(swapped))


@pytest.mark.parametrize("prefix", ["CP", "DH", "UH", "HG", "AS", "GH", "SP", "QS"])
def test_new_codes_are_sound_and_differ(prefix: str) -> None:
    codes = {new_code(prefix) for _number in range(200)}
    assert len(codes) == 200
    assert all(code.startswith(prefix) and len(code) == 10 and is_valid(code) for code in codes)


@pytest.mark.parametrize("typed", ["cp23 4567-89", " CP.23.4567.89 ", "cp23456789"])
def test_what_people_type_becomes_the_stored_code(typed: str) -> None:
    assert normalise(typed) == "CP23456789"


@pytest.mark.parametrize("wrong", ["", "CP", "CP2345678", "CP234567890", "CP0O1I2345", "cp23456789", "ĐP23456789"])
def test_what_is_no_code_is_not_valid(wrong: str) -> None:
    assert not is_valid(wrong)
