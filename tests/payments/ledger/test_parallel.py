"""What many connections ask for at once lands once, without deadlock, and never below zero."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.database import db, transaction
from app.core.ids import uuid7
from app.payments.ledger import operations, services
from app.payments.ledger.errors import AccountInUse, DifferentContent, NotPending, Overdraft
from app.payments.ledger.models import Account, AccountKind, Entry, TransferKind
from app.payments.ledger.operations import Posted
from tests.fakes.clock import FrozenClock
from tests.payments.ledger.accounts import filled_account, hold, make_account, move, post, reread, resolve
from tests.payments.ledger.parallel import at_once


@pytest.fixture
def world(app: Flask, clock: FrozenClock, world: None) -> Account:
    return make_account(AccountKind.OUTSIDE_BANK, clock=clock)


def entries_of(account: Account) -> int:
    db.session.rollback()
    count = sa.select(sa.func.count()).where(Entry.account_id == account.id)
    return int(db.session.scalar(count) or 0)


def test_sixteen_connections_repeating_one_transfer_land_it_once(app: Flask, clock: FrozenClock, world: Account):
    target = make_account(AccountKind.RECEIVED, clock=clock)
    transfer = move(world, target, 500, at=clock.now())
    answers = at_once(app, [lambda: post(transfer, clock=clock)] * 16)
    assert Counter(answer[0].created for answer in answers) == {True: 1, False: 15}
    assert reread(target.id).balance_vnd == 500
    assert entries_of(target) == 1


def test_one_id_with_sixteen_contents_lands_one_of_them(app: Flask, clock: FrozenClock, world: Account):
    target = make_account(AccountKind.RECEIVED, clock=clock)
    transfer = move(world, target, 1, at=clock.now())
    works = [lambda n=n: post(replace(transfer, amount_vnd=n), clock=clock) for n in range(1, 17)]
    answers = at_once(app, works)
    assert sum(isinstance(answer, DifferentContent) for answer in answers) == 15
    (landed,) = [n for n, answer in enumerate(answers, 1) if not isinstance(answer, Exception)]
    assert reread(target.id).balance_vnd == landed


def test_opposite_transfers_never_deadlock(app: Flask, clock: FrozenClock):
    left, right = (filled_account(10_000, clock=clock) for _side in range(2))

    def back_and_forth(first: Account, second: Account) -> list[Posted]:
        return [
            posted
            for _round in range(10)
            for posted in post(
                move(first, second, 7, at=clock.now()), move(second, first, 7, at=clock.now()), clock=clock
            )
        ]

    works = [lambda: back_and_forth(left, right), lambda: back_and_forth(right, left)] * 4
    assert [error for error in at_once(app, works) if isinstance(error, Exception)] == []
    assert (reread(left.id).balance_vnd, reread(right.id).balance_vnd) == (10_000, 10_000)


@pytest.mark.parametrize("to_untracked", [False, True])
def test_many_connections_ending_one_reservation_end_it_once(app: Flask, clock: FrozenClock, to_untracked: bool):
    source = filled_account(1_000, clock=clock)
    target = make_account(AccountKind.OUTSIDE_CARD if to_untracked else AccountKind.RECEIVED, clock=clock)
    held = hold(source, target, 600, at=clock.now())
    post(held, clock=clock)
    ends = [(TransferKind.POST_PENDING, 400), (TransferKind.VOID_PENDING, 0), (TransferKind.EXPIRE_PENDING, 0)]
    works = [lambda end=end: (end, post(resolve(held, *end, at=clock.now()), clock=clock)) for end in ends * 8]
    answers = at_once(app, works)
    assert sum(isinstance(answer, NotPending) for answer in answers) == 23
    ((end, _posted),) = [answer for answer in answers if not isinstance(answer, Exception)]
    after = reread(source.id)
    assert (after.balance_vnd, after.pending_out_vnd) == (1_000 - end[1], 0)


def test_a_reservation_between_untracked_accounts_ends_once(app: Flask, clock: FrozenClock, world: Account):
    other = make_account(AccountKind.OUTSIDE_CARD, clock=clock)
    held = hold(world, other, 600, at=clock.now())
    post(held, clock=clock)
    works = [lambda: post(resolve(held, TransferKind.POST_PENDING, 600, at=clock.now()), clock=clock)] * 12
    answers = at_once(app, works)
    assert sum(isinstance(answer, NotPending) for answer in answers) == 11
    assert entries_of(other) == 1


def test_a_crowd_emptying_an_account_never_takes_it_below_zero(app: Flask, clock: FrozenClock):
    source = filled_account(1_000, clock=clock)
    targets = [make_account(AccountKind.RECEIVED, clock=clock) for _number in range(4)]
    works = [lambda n=n: post(move(source, targets[n % 4], 90, at=clock.now()), clock=clock) for n in range(24)]
    answers = at_once(app, works)
    assert Counter(type(answer) for answer in answers) == {list: 11, Overdraft: 13}, answers
    assert reread(source.id).balance_vnd == 1_000 - 11 * 90


def test_reservations_and_transfers_share_what_is_free(app: Flask, clock: FrozenClock, world: Account):
    source = filled_account(100, clock=clock)
    works = [lambda make=make: post(make(source, world, 30, at=clock.now()), clock=clock) for make in [hold, move] * 6]
    assert sum(isinstance(answer, Overdraft) for answer in at_once(app, works)) == 9
    after = reread(source.id)
    assert after.balance_vnd is not None
    assert after.balance_vnd - after.pending_out_vnd == 10


def test_two_sweeps_release_each_reservation_once(app: Flask, clock: FrozenClock):
    source = filled_account(1_000, clock=clock)
    target = make_account(AccountKind.PAYABLE, clock=clock)
    due = clock.now()
    post(*(hold(source, target, 10, at=due, expires_at=due) for _number in range(20)), clock=clock)
    clock.advance(minutes=1)
    released = at_once(app, [lambda: services.expire_pending(clock=clock)] * 4)
    assert sum(released) == 20
    assert reread(source.id).pending_out_vnd == 0


def test_opening_one_account_at_once_opens_one(app: Flask, clock: FrozenClock):
    owner = str(uuid7())
    works = [lambda: make_account(AccountKind.PAYABLE, clock=clock, owner=owner).id] * 12
    assert len(set(at_once(app, works))) == 1


def test_money_that_comes_while_an_account_is_closed_keeps_it_open(app: Flask, clock: FrozenClock, world: Account):
    account = make_account(AccountKind.RECEIVED, clock=clock)
    seen_empty, on_its_way = threading.Event(), threading.Event()

    def close() -> None:
        with transaction():
            known = operations.open_account(AccountKind.RECEIVED, account.owner_id, clock=clock)
            assert known.balance_vnd == 0
            seen_empty.set()
            assert on_its_way.wait(30)
            operations.close_account(account.id, clock=clock)

    def come() -> None:
        assert seen_empty.wait(30)
        with transaction():
            operations.post([move(world, account, 10, at=clock.now())], clock=clock)
            on_its_way.set()
            time.sleep(0.2)

    closed, _came = at_once(app, [close, come])
    assert isinstance(closed, AccountInUse)
    assert (reread(account.id).closed_at, reread(account.id).balance_vnd) == (None, 10)
