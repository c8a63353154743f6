"""Whatever is asked of it in whatever order, the ledger answers and holds what plain books would."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.core.database import transaction
from app.core.ids import uuid7
from app.payments.ledger import operations, queries, services
from app.payments.ledger.books import check_books
from app.payments.ledger.errors import LedgerError
from app.payments.ledger.models import Account, AccountKind, TransferKind
from app.payments.ledger.operations import NewTransfer
from tests.fakes.clock import FrozenClock
from tests.payments.ledger.accounts import hold, make_account, move, reread, resolve
from tests.payments.ledger.plain_books import Answer, PlainBooks

KINDS = (AccountKind.OUTSIDE_CARD, AccountKind.RECEIVED, AccountKind.PAYABLE, AccountKind.RECEIVED)
AMOUNTS = st.integers(1, 60)
SIDES = st.tuples(st.integers(0, 3), st.integers(0, 3))
ENDS = st.sampled_from([TransferKind.POST_PENDING, TransferKind.VOID_PENDING, TransferKind.EXPIRE_PENDING])


class LedgerMachine(RuleBasedStateMachine):
    """Four accounts, one of them the world; every rule is asked of both and answered alike."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FrozenClock()
        self.plain = PlainBooks()
        self.accounts: list[Account] = []

    @initialize()
    def open_accounts(self) -> None:
        self.owners = [str(uuid4()) for _kind in KINDS]
        for kind, owner in zip(KINDS, self.owners, strict=True):
            account = make_account(kind, clock=self.clock, owner=owner)
            self.accounts.append(account)
            self.plain.open(account.id, kind)

    @rule(which=st.integers(0, 3))
    def open_again(self, which: int) -> None:
        again = make_account(KINDS[which], clock=self.clock, owner=self.owners[which])
        assert again.id == self.accounts[which].id

    @rule(sides=SIDES, amount=AMOUNTS)
    def post_one(self, sides: tuple[int, int], amount: int) -> None:
        self.both(move(self.accounts[sides[0]], self.accounts[sides[1]], amount, at=self.clock.now()))

    @rule(which=st.integers(1, 3), amount=st.integers(50, 200))
    def money_comes_in(self, which: int, amount: int) -> None:
        self.both(move(self.accounts[0], self.accounts[which], amount, at=self.clock.now()))

    @rule(parts=st.lists(st.tuples(SIDES, AMOUNTS, st.booleans()), min_size=2, max_size=4))
    def post_linked(self, parts: list[tuple[tuple[int, int], int, bool]]) -> None:
        now = self.clock.now()
        self.both(
            *(
                (hold if held else move)(self.accounts[sides[0]], self.accounts[sides[1]], amount, at=now)
                for sides, amount, held in parts
            )
        )

    @rule(sides=SIDES, amount=AMOUNTS, minutes=st.none() | st.integers(1, 30))
    def reserve(self, sides: tuple[int, int], amount: int, minutes: int | None) -> None:
        now = self.clock.now()
        soon = FrozenClock(now)
        soon.advance(minutes=minutes or 0)
        expires_at = soon.now() if minutes else None
        self.both(hold(self.accounts[sides[0]], self.accounts[sides[1]], amount, at=now, expires_at=expires_at))

    @rule(source=st.integers(1, 3), other=st.integers(0, 3), share=st.integers(40, 110), held=st.booleans())
    def spend_about_all(self, source: int, other: int, share: int, held: bool) -> None:
        """Of the balance, whatever of it is promised: some of these must be refused."""
        amount = max(self.plain.accounts[self.accounts[source].id].balance_vnd * share // 100, 1)
        make = hold if held else move
        self.both(make(self.accounts[source], self.accounts[other], amount, at=self.clock.now()))

    @precondition(lambda self: self.plain.waiting)
    @rule(data=st.data(), kind=ENDS, share=st.integers(1, 110))
    def resolve_one(self, data: st.DataObject, kind: TransferKind, share: int) -> None:
        held = data.draw(st.sampled_from(list(self.plain.waiting.values())))
        amount = max(held.amount_vnd * share // 100, 1) if kind is TransferKind.POST_PENDING else 0
        self.both(resolve(held, kind, amount, at=self.clock.now()))

    @precondition(lambda self: self.plain.landed)
    @rule(data=st.data(), kind=ENDS)
    def resolve_what_may_not_be_pending(self, data: st.DataObject, kind: TransferKind) -> None:
        named = data.draw(st.sampled_from(list(self.plain.landed.values())))
        amount = 1 if kind is TransferKind.POST_PENDING else 0
        self.both(resolve(named, kind, amount, at=self.clock.now()))

    @precondition(lambda self: self.plain.landed)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(list(self.plain.landed.values())))
        assert self.both(old) == [(False, old.amount_vnd)]

    @precondition(lambda self: self.plain.landed)
    @rule(data=st.data())
    def repeat_with_other_content(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(list(self.plain.landed.values())))
        other = data.draw(
            st.sampled_from(
                [
                    replace(old, amount_vnd=old.amount_vnd + 1),
                    replace(old, from_account_id=old.to_account_id, to_account_id=old.from_account_id),
                    replace(old, purpose=("other", uuid4())),
                ]
            )
        )
        assert isinstance(self.both(other), type)

    @precondition(lambda self: self.plain.landed)
    @rule(data=st.data())
    def reverse_one(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from([one for one in self.plain.landed.values() if one.reverses_id is None]))
        if old.kind not in (TransferKind.POSTED, TransferKind.POST_PENDING):
            return
        back = replace(
            move(self.accounts[0], self.accounts[1], old.amount_vnd, at=self.clock.now()),
            from_account_id=old.to_account_id,
            to_account_id=old.from_account_id,
            reverses_id=old.id,
        )
        expected = self.plain.post([back], now=self.clock.now())
        assert self._reverse(old, back) == expected

    @rule(minutes=st.integers(1, 40))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)
        assert services.expire_pending(clock=self.clock) == self.plain.expire(self.clock.now())

    @invariant()
    def balances_agree(self) -> None:
        for account in self.accounts:
            plain, real = self.plain.accounts[account.id], reread(account.id)
            assert queries.balance_vnd(account.id) == plain.balance_vnd
            if plain.tracked:
                assert (real.pending_in_vnd, real.pending_out_vnd) == (plain.incoming_vnd, plain.outgoing_vnd)

    def teardown(self) -> None:
        self.clock.advance(days=1)  # or the next example would find our reservations due
        assert services.expire_pending(clock=self.clock) == self.plain.expire(self.clock.now())
        assert [result for result in check_books() if result.problems] == []

    def both(self, *batch: NewTransfer) -> Answer:
        expected = self.plain.post(batch, now=self.clock.now())
        assert self._real(batch) == expected
        return expected

    def _real(self, batch: tuple[NewTransfer, ...]) -> Answer:
        try:
            with transaction():
                return [(posted.created, posted.amount_vnd) for posted in operations.post(batch, clock=self.clock)]
        except LedgerError as refusal:
            return type(refusal)

    def _reverse(self, old: NewTransfer, back: NewTransfer) -> Answer:
        try:
            with transaction():
                posted = operations.reverse(old.id, new_id=back.id, event_at=back.event_at, clock=self.clock)
                return [(posted.created, posted.amount_vnd)]
        except LedgerError as refusal:
            return type(refusal)


@pytest.mark.slow
def test_the_ledger_agrees_with_plain_books(app: Flask) -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_an_empty_batch_is_nothing(app: Flask, clock: FrozenClock) -> None:
    with transaction():
        assert operations.post([], clock=clock) == []


def test_ending_a_transfer_nobody_knows_is_refused_by_name(app: Flask, clock: FrozenClock) -> None:
    source = make_account(AccountKind.OUTSIDE_BANK, clock=clock)
    target = make_account(AccountKind.RECEIVED, clock=clock)
    ghost = hold(source, target, 5, at=clock.now())
    with pytest.raises(LedgerError, match="pending"), transaction():
        operations.post([resolve(ghost, TransferKind.VOID_PENDING, 0, at=clock.now())], clock=clock)
    with pytest.raises(LedgerError, match="unknown account"), transaction():
        lost = replace(move(source, target, 5, at=clock.now()), to_account_id=uuid7())
        operations.post([lost], clock=clock)
