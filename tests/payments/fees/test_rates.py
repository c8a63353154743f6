"""What the rules ask of a request's payments, by computing alone."""

from __future__ import annotations

from app.payments.fees.rates import Standing


def test_a_hair_below_a_dong_is_no_dong() -> None:
    assert Standing(parts=((3_333, 3),)).asked_vnd(0) == 0
    assert Standing(parts=((3_333, 3), (1, 1))).asked_vnd(0) == 1


def test_of_what_went_back_whole_nothing_is_asked_however_high_the_rate() -> None:
    assert Standing(parts=((1_000, 10_000),)).asked_vnd(999) == 1
    for back_vnd in (1_000, 1_001):
        assert Standing(parts=((1_000, 10_000),)).asked_vnd(back_vnd) == 0


def test_no_refund_is_promised_fees_of_what_is_gone_already() -> None:
    standing = Standing(parts=((60, 10_000), (40, 10_000)))
    assert standing.surely_back_vnd(60, 0) == 60
    assert standing.surely_back_vnd(60, 60) == 40
    assert standing.surely_back_vnd(60, 99) == 1
    assert standing.surely_back_vnd(60, 100) == 0


def test_where_no_payment_counts_no_refund_is_promised_anything() -> None:
    assert Standing(net_vnd=5).surely_back_vnd(5, 0) == 0
