"""One payout that the gateway, or we, cannot speak of must not keep the others from being found and booked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from app.core.clock import SYSTEM_CLOCK
from app.payments.card_payouts import gateway, queries, services
from app.payments.card_payouts.gateway import LinePage, PayoutWord
from app.payments.cards.gateway import GatewayRefused
from tests.fakes.clock import FrozenClock
from tests.payments.card_payouts.world import discover, known


class Poisoned:
    """The wire, refusing some payouts and telling nonsense of them in its list."""

    def __init__(self, bad: Collection[str]) -> None:
        self.wire, self.bad = gateway.current(), bad

    def payout(self, payout_id: str) -> PayoutWord:
        if payout_id in self.bad:
            raise GatewayRefused("InvalidRequestError 404")
        return self.wire.payout(payout_id)

    def lines(self, payout_id: str, *, after: str | None) -> LinePage:
        return self.wire.lines(payout_id, after=after)

    def payouts(self, *, since: datetime, after: str | None) -> tuple[Sequence[PayoutWord], str | None]:
        words, cursor = self.wire.payouts(since=since, after=after)
        return [replace(word, amount_vnd=0) if word.id in self.bad else word for word in words], cursor


@pytest.fixture
def three(stripe_wire, pay):
    """The gateway's names of three paid payouts, oldest first."""
    names = []
    for _day in range(3):
        pay()
        names.append(stripe_wire.pay_out()["id"])
    return names


def test_two_that_are_refused_do_not_keep_the_sweep_from_the_third(stripe_wire, three):
    discover()
    for name in three:
        stripe_wire.finish_payout(name)
    rows = sorted((known(name) for name in three), key=lambda payout: payout.id)
    clock = FrozenClock(max(row.checked_at for row in rows) + queries.PATIENCE)
    poisoned = Poisoned([row.payout_id for row in rows[:2]])
    assert services.sweep(gateway=poisoned, clock=clock) == 3
    assert known(rows[2].payout_id).booked_at
    assert known(rows[0].payout_id).booked_at is None


def test_one_that_says_nothing_sensible_does_not_hide_older_ones(three):
    assert services.discover(gateway=Poisoned([three[2]]), clock=SYSTEM_CLOCK) == 2
    assert known(three[0]).amount_vnd


def test_one_in_another_currency_does_not_hide_older_ones(three, monkeypatch):
    read = gateway.read_payout

    def in_dollars(told: dict[str, Any]) -> PayoutWord:
        return read(dict(told) | ({"currency": "usd"} if told["id"] == three[2] else {}))

    monkeypatch.setattr(gateway, "read_payout", in_dollars)
    assert discover() == 2
