"""Đồng as people write and read them."""

from contextlib import suppress

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import MAX_VND, AmountError, AmountReason, format_vnd, parse_vnd


@pytest.mark.parametrize(
    ("amount_vnd", "text"),
    [(0, "0\u00a0₫"), (999, "999\u00a0₫"), (50_000, "50.000\u00a0₫"), (-1_250_000, "-1.250.000\u00a0₫")],
)
def test_an_amount_is_shown_with_dots_and_a_sign_that_stays_on_its_line(amount_vnd: int, text: str) -> None:
    assert format_vnd(amount_vnd) == text


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_amount_is_shown_as_the_vietnamese_locale_has_it(amount_vnd: int) -> None:
    assert format_vnd(amount_vnd) == format_currency(amount_vnd, "VND", locale="vi")


@pytest.mark.parametrize(
    ("text", "amount_vnd"),
    [
        ("0", 0),
        ("500", 500),
        ("50000", 50_000),
        ("50.000", 50_000),
        ("50,000", 50_000),
        ("50 000", 50_000),
        ("50 000 đ", 50_000),
        ("50\u202f000", 50_000),
        ("185,000", 185_000),
        ("185.000", 185_000),
        ("1.250.000", 1_250_000),
        ("50.000\u00a0₫", 50_000),
        ("50.000đ", 50_000),
        ("50.000 ĐỒNG", 50_000),
        ("50.000 đồng", 50_000),
        ("50000 VND", 50_000),
        ("50000VNĐ", 50_000),
        ("VND 50,000", 50_000),
        ("₫50,000", 50_000),
        ("  50.000  ", 50_000),
        ("\uff15\uff10.\uff10\uff10\uff10", 50_000),
        ("50k", 50_000),
        ("50K", 50_000),
        ("50 nghìn", 50_000),
        ("50 ngàn đồng", 50_000),
        ("1.500k", 1_500_000),
        ("2tr", 2_000_000),
        ("2 triệu", 2_000_000),
        ("9.999.999.999.999", MAX_VND),
    ],
)
def test_an_amount_is_read_as_people_type_it(text: str, amount_vnd: int) -> None:
    assert parse_vnd(text) == amount_vnd


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", AmountReason.EMPTY),
        (" \u00a0 ", AmountReason.EMPTY),
        ("-50000", AmountReason.SIGN),
        ("+50000", AmountReason.SIGN),
        ("\u221250000", AmountReason.SIGN),
        ("0912345678", AmountReason.LEADING_ZERO),
        ("0.500", AmountReason.LEADING_ZERO),
        ("00", AmountReason.LEADING_ZERO),
        ("50.00", AmountReason.GROUPING),
        ("50.0", AmountReason.GROUPING),
        ("185,000.00", AmountReason.GROUPING),
        ("1.000,000", AmountReason.GROUPING),
        ("1.000 000,000", AmountReason.GROUPING),
        ("5000.000", AmountReason.GROUPING),
        ("1,5tr", AmountReason.GROUPING),
        ("1.5k", AmountReason.GROUPING),
        ("50000.", AmountReason.NOT_A_NUMBER),
        ("50..000", AmountReason.NOT_A_NUMBER),
        ("1 00 000", AmountReason.NOT_A_NUMBER),
        ("năm mươi", AmountReason.NOT_A_NUMBER),
        ("đ", AmountReason.NOT_A_NUMBER),
        ("k", AmountReason.NOT_A_NUMBER),
        ("50kk", AmountReason.NOT_A_NUMBER),
        ("1e5", AmountReason.NOT_A_NUMBER),
        ("1_000", AmountReason.NOT_A_NUMBER),
        ("\u0665\u0660\u0660\u0660\u0660", AmountReason.NOT_A_NUMBER),
        ("50 USD", AmountReason.NOT_A_NUMBER),
        ("$50", AmountReason.NOT_A_NUMBER),
        ("50\n000\x00", AmountReason.NOT_A_NUMBER),
        ("x" * 10_000, AmountReason.NOT_A_NUMBER),
        ("9" * 10_000, AmountReason.TOO_LARGE),
        ("10.000.000.000.000", AmountReason.TOO_LARGE),
        ("10.000.000 triệu", AmountReason.TOO_LARGE),
    ],
)
def test_what_could_be_misread_is_refused_with_its_reason(text: str, reason: AmountReason) -> None:
    with pytest.raises(AmountError) as refusal:
        parse_vnd(text)
    assert refusal.value.reason is reason


@given(st.integers(0, MAX_VND))
def test_what_we_show_we_also_read(amount_vnd: int) -> None:
    assert parse_vnd(format_vnd(amount_vnd)) == amount_vnd
    assert parse_vnd(f"{amount_vnd:,}") == amount_vnd
    assert parse_vnd(str(amount_vnd)) == amount_vnd
    assert parse_vnd(format_currency(amount_vnd, "VND", locale="en")) == amount_vnd


@given(st.text(st.sampled_from("0123456789., \u00a0-+kKtrđ₫dvn"), max_size=45))
def test_any_typed_text_is_an_amount_within_bounds_or_refused(text: str) -> None:
    with suppress(AmountError):
        assert 0 <= parse_vnd(text) <= MAX_VND
