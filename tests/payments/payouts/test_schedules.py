"""Random sales, batches, answers and repeats: the books balance after every schedule; planted faults are found."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from itertools import product
from typing import Any

import psycopg
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.config import libpq_url
from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.core.errors import AppError
from app.core.states import ImpossibleStep
from app.payments.ledger.books import check_books
from app.payments.payouts import services, states
from app.payments.payouts.models import Payout, PayoutBatch
from app.payments.payouts.states import Event
from tests.payments.payouts.bank import report
from tests.payments.payouts.world import (
    OWN,
    at_the_bank_vnd,
    build,
    by_hand,
    change_account,
    collect,
    money,
    payouts,
    promise,
    sent,
    sold,
)

WHICH = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("sell"), WHICH, st.integers(1, 90_000)),
    st.tuples(st.just("promise"), WHICH, st.integers(1, 30_000)),
    st.tuples(st.just("move_account"), WHICH),
    st.tuples(st.just("draft"), st.booleans()),
    st.tuples(st.just("approve"), WHICH),
    st.tuples(st.just("send"), WHICH),
    st.tuples(st.just("cancel"), WHICH),
    st.tuples(st.just("hand"), WHICH, WHICH, st.sampled_from([Event.CONFIRMED, Event.RETURNED, Event.ARRIVED])),
    st.tuples(st.just("file"), WHICH, st.lists(st.sampled_from(["ACSC", "RJCT", "ACSP"]), min_size=6, max_size=6)),
)
_numbers, _days = itertools.count(5_550_000_001), itertools.count(1)


class World:
    """Three sellers, two officers, and what may happen to them."""

    def __init__(self, maker: Actor, approver: Actor) -> None:
        self.maker, self.approver = maker, approver
        self.sellers = [sold(30_000) for _each in range(3)]
        self.batches: list[PayoutBatch] = []
        self.day = date(2030, 1, 1) + timedelta(days=next(_days))

    def sell(self, which: int, amount_vnd: int) -> None:
        collect(self.sellers[which % 3], amount_vnd)

    def promise(self, which: int, amount_vnd: int) -> None:
        seller = self.sellers[which % 3]
        balance, held = money(seller)
        if balance - held >= amount_vnd:
            promise(seller, amount_vnd)

    def move_account(self, which: int) -> None:
        change_account(self.sellers[which % 3], str(next(_numbers)))

    def draft(self, next_day: bool) -> None:
        if next_day:
            self.day = date(2030, 1, 1) + timedelta(days=next(_days))
        self.batches.append(build(self.maker, period=self.day))

    def approve(self, which: int) -> None:
        services.approve(self._batch(which).id, actor=self.approver, clock=SYSTEM_CLOCK)

    def send(self, which: int) -> None:
        services.xml_file(self._batch(which).id, own=OWN, actor=self.approver, clock=SYSTEM_CLOCK)

    def cancel(self, which: int) -> None:
        services.cancel(self._batch(which).id, reason="Thôi", actor=self.maker, clock=SYSTEM_CLOCK)

    def hand(self, which: int, payout: int, event: Event) -> None:
        found = payouts(self._batch(which))
        actor = self.approver if event is Event.ARRIVED else self.maker
        by_hand(found[payout % len(found)], event, actor)

    def file(self, which: int, words: list[str]) -> None:
        batch = self._batch(which)
        data = report(batch, [(payout, word, "") for payout, word in zip(payouts(batch), words, strict=False)])
        for _twice in range(2):
            made = services.upload(batch.id, data=data, file_name="x", actor=self.maker, clock=SYSTEM_CLOCK)
            services.apply(made.id, actor=self.maker, clock=SYSTEM_CLOCK)

    def _batch(self, which: int) -> PayoutBatch:
        return self.batches[which % len(self.batches)]

    def all_payouts(self) -> list[Payout]:
        return [payout for batch in self.batches for payout in payouts(batch)]


@given(steps=st.lists(STEPS, min_size=4, max_size=24))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_happens_the_books_balance(app: Flask, maker: Actor, approver: Actor, steps: list[Any]) -> None:
    before_vnd = at_the_bank_vnd()
    world = World(maker, approver)
    for name, *arguments in steps:
        if name not in ("sell", "promise", "move_account", "draft") and not world.batches:
            continue
        try:
            getattr(world, name)(*arguments)
        except AppError:
            db.session.rollback()
    found = world.all_payouts()
    arrived_vnd = sum(payout.amount_vnd for payout in found if payout.status == "confirmed")
    assert at_the_bank_vnd() - before_vnd == arrived_vnd
    live = [(payout.payee_id, payout.period) for payout in found if payout.status != "cancelled"]
    assert len(live) == len(set(live))
    assert [broken for broken in check_books() if broken.problems] == []


MOVED = "the ledger moved what confirmed payouts say to their payees' banks, and nothing for any other payout"
HELD = "an approved or sent payout holds its amount in reserve, every other none"
TOLD = "all money between the ledger and payees' own banks is told of by a payout"
STANDS = "a batch stands where its payouts stand"
FAULTS = {
    "a confirmed payout of another amount": ("UPDATE payout SET amount_vnd = 1 WHERE status = 'confirmed'", {MOVED}),
    "a payout that says it came back": (
        "UPDATE payout SET status = 'returned', reason_code = 'x' WHERE status = 'confirmed'",
        {MOVED},
    ),
    "a payout under way without its reserve": ("UPDATE payout SET amount_vnd = 1 WHERE status = 'sent'", {HELD}),
    "a payout that is gone": ("DELETE FROM payout WHERE status = 'confirmed'", {TOLD}),
    "money under another name": (
        "UPDATE ledger_transfer SET purpose_kind = 'other' WHERE purpose_kind = 'payout' AND kind = 'post_pending'",
        {MOVED, TOLD},
    ),
    "a batch that ended too early": ("UPDATE payout_batch SET status = 'settled', finished_at = now()", {STANDS}),
}


@pytest.mark.breaks_books
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_by_name(database_url: str, maker: Actor, approver: Actor, fault: str) -> None:
    sold(20_000), sold(30_000)
    batch = sent(maker, approver)
    by_hand(payouts(batch)[0], Event.CONFIRMED, maker)
    assert [broken.name for broken in check_books() if broken.problems] == []
    db.session.rollback()
    sql, names = FAULTS[fault]
    with psycopg.connect(libpq_url(database_url), autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(sql)
    assert {broken.name for broken in check_books() if broken.problems} == names


@pytest.mark.parametrize(("state", "event"), list(product(states.State, Event)))
def test_every_pair_of_a_payout_leads_where_the_table_says_or_raises(state: states.State, event: Event) -> None:
    assert states.fits(state, event) is ((state, event) in states.NEXT)
    if not states.fits(state, event):
        with pytest.raises(ImpossibleStep):
            states.step(state, event)


@pytest.mark.parametrize(("state", "event"), list(product(states.BatchState, Event)))
def test_every_pair_of_a_batch_leads_where_the_table_says_or_raises(state: states.BatchState, event: Event) -> None:
    assert states.batch_fits(state, event) is ((state, event) in states.NEXT_OF_BATCH)
    if not states.batch_fits(state, event):
        with pytest.raises(ImpossibleStep):
            states.step_batch(state, event)
