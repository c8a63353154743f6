"""A gift that needs more time, and one of which only part came in time."""

from __future__ import annotations

import pytest

from app.core.actor import GUEST
from app.core.errors import AppError
from app.giving.gifts import queries
from app.households.welfare import queries as welfare
from app.households.welfare.errors import NotListed
from app.payments.requests import services

from .conftest import give, pay, request_of


def half_given_and_expired(household, clock):
    gift = give(household, clock=clock)
    pay(gift, clock=clock, amount_vnd=50_000)
    clock.advance(days=8)
    assert services.expire_due(clock=clock) == 1
    assert queries.get(gift.id).status == "expired"
    return gift


def test_a_gift_waits_a_few_days_more_when_asked(household, clock):
    gift = give(household, clock=clock)
    services.extend(request_of(gift).code, seen=0, actor=GUEST, clock=clock)
    clock.advance(days=9)
    assert services.expire_due(clock=clock) == 0
    pay(gift, clock=clock)
    assert queries.get(gift.id).status == "received"


def test_the_rest_of_a_gift_completes_it_once_with_one_receipt(household, clock):
    gift = half_given_and_expired(household, clock)
    for _press in range(2):
        services.reopen(request_of(gift).code, actor=GUEST, clock=clock)
    assert (queries.get(gift.id).status, request_of(gift).status) == ("asked", "part_paid")
    pay(gift, clock=clock)
    received = queries.get(gift.id)
    assert (received.status, request_of(gift).status) == ("received", "paid")
    assert received.receipt_number is not None


def test_nothing_is_asked_for_again_when_the_household_takes_no_gifts_any_more(household, clock, monkeypatch):
    gift = half_given_and_expired(household, clock)
    code = request_of(gift).code

    def not_listed(*_args: object, **_kwargs: object) -> None:
        raise NotListed

    monkeypatch.setattr(welfare, "public_by_code", not_listed)
    with pytest.raises(AppError):
        services.reopen(code, actor=GUEST, clock=clock)
    assert (queries.get(gift.id).status, request_of(gift).status) == ("expired", "expired")
