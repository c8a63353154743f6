"""A hundred thousand operations, in crowds as a market day sends them, answered and booked as plain books would."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from app.core.database import db, transaction
from app.payments.ledger import operations, queries, services
from app.payments.ledger.books import check_books
from app.payments.ledger.errors import AccountInUse, LedgerError
from app.payments.ledger.models import Account, AccountKind, Transfer, TransferKind
from app.payments.ledger.operations import NewTransfer, Posted
from tests.fakes.clock import FrozenClock
from tests.payments.ledger.accounts import make_account, move, resolve
from tests.payments.ledger.busy_days import WORLD, BusyDay
from tests.payments.ledger.plain_books import Answer, PlainBooks

SHARDS = 4
OPERATIONS = 100_000
# Of kinds that no other room's invariant explains: money of no request would break those books.
CLOSABLE = (AccountKind.RECEIVED, AccountKind.PAYABLE, AccountKind.SELLER_DEBT)
KINDS = (*WORLD, *CLOSABLE, *CLOSABLE, AccountKind.PAYABLE)
SEEDS = st.integers(0, 2**32 - 1)


class CrowdMachine(RuleBasedStateMachine):
    """Ten accounts and more; each rule sends the ledger a crowd of sets that one seed draws."""

    done: ClassVar[Counter[str]]
    found_before: ClassVar[set[str]]

    @initialize()
    def open_accounts(self) -> None:
        self.clock = FrozenClock()
        self.plain = PlainBooks()
        self.moments: list[tuple[datetime, dict[UUID, int]]] = []
        for kind in KINDS:
            self._open(kind)

    @rule(seed=SEEDS, sets=st.integers(100, 300))
    def a_crowd_at_once(self, seed: int, sets: int) -> None:
        crowd, expected = self._draw(random.Random(seed), sets, self.plain)
        with transaction():
            answers = operations.post_each(crowd, clock=self.clock)
        self._compare(crowd, answers, expected)

    @rule(seed=SEEDS, sets=st.integers(50, 150))
    def a_crowd_in_small_groups(self, seed: int, sets: int) -> None:
        chance = random.Random(seed)
        crowd, expected = self._draw(chance, sets, self.plain)
        answers: list[list[Posted] | LedgerError] = []
        while len(answers) < len(crowd):
            group = crowd[len(answers) :][: chance.choice((1, 1, 7, 40))]
            with transaction():
                answers += operations.post_each(group, clock=self.clock)
        self._compare(crowd, answers, expected)

    @rule(seed=SEEDS, sets=st.integers(100, 200))
    def a_crowd_tells_it_all_again(self, seed: int, sets: int) -> None:
        """Every set a second time, out of order: what landed is known, what was refused is judged anew."""
        chance = random.Random(seed)
        crowd, expected = self._draw(chance, sets, self.plain)
        again = [linked for linked, answer in zip(crowd, expected, strict=True) if isinstance(answer, list)]
        chance.shuffle(again)
        expected += [self.plain.post(linked, now=self.clock.now()) for linked in again]
        with transaction():
            answers = operations.post_each(crowd + again, clock=self.clock)
        self._compare(crowd + again, answers, expected)

    @rule(seed=SEEDS)
    def a_crowd_is_thrown_away(self, seed: int) -> None:
        """The caller's transaction fails after posting: none of it happened."""
        crowd, expected = self._draw(random.Random(seed), 20, self.plain.copied())
        with pytest.raises(ZeroDivisionError), transaction():
            self._compare(crowd, operations.post_each(crowd, clock=self.clock), expected)
            raise ZeroDivisionError

    @rule(minutes=st.sampled_from((1, 9, 10, 30)), swept=st.booleans())
    def time_passes(self, minutes: int, swept: bool) -> None:
        """Often to the very moment at which something expires; the sweep may be late."""
        self.clock.advance(minutes=minutes)
        if not swept:
            return
        released = services.expire_pending(clock=self.clock)
        assert released == self.plain.expire(self.clock.now())
        self.done["expired"] += released
        self.balances_agree()

    @rule(seed=SEEDS, emptied=st.booleans())
    def an_account_closes(self, seed: int, emptied: bool) -> None:
        """As it is, or after its money and promises went elsewhere; another opens."""
        choice = random.Random(seed)
        account_id = choice.choice([id for id, one in self.plain.accounts.items() if one.kind in CLOSABLE])
        if emptied:
            self._empty(account_id)
        may = self.plain.close(account_id)
        assert self._close(account_id) == may
        self.done["closed"] += may
        closed = sum(one.closed for one in self.plain.accounts.values())
        if may and closed < 6:
            self._open(self.plain.accounts[account_id].kind)

    @rule(seed=SEEDS)
    def somebody_looks_back(self, seed: int) -> None:
        """Balances at a moment, and a statement between two of them."""
        self.clock.advance(seconds=1)
        self.moments.append((self.clock.now(), {id: one.balance_vnd for id, one in self.plain.accounts.items()}))
        self.clock.advance(seconds=1)
        chance = random.Random(seed)
        since, until = sorted(chance.choices(self.moments, k=2), key=lambda moment: moment[0])
        for account_id in chance.sample(list(self.plain.accounts), 3):
            account = queries.get_account(account_id)
            assert account
            told = queries.statement(account, since=since[0], until=until[0])
            assert (told.opening_vnd, told.closing_vnd) == (since[1].get(account_id, 0), until[1].get(account_id, 0))
            assert queries.balance_at(account_id, until[0]) == told.closing_vnd

    def balances_agree(self) -> None:
        db.session.rollback()
        stand = sa.select(Account.id, Account.balance_vnd, Account.pending_in_vnd, Account.pending_out_vnd)
        rows = db.session.execute(stand.where(Account.id.in_(self.plain.accounts))).all()
        assert {tuple(row) for row in rows} == {
            (id, one.balance_vnd if one.tracked else None, one.incoming_vnd, one.outgoing_vnd)
            for id, one in self.plain.accounts.items()
        }

    def teardown(self) -> None:
        if not hasattr(self, "plain"):
            return
        self.balances_agree()
        for account_id, account in self.plain.accounts.items():
            assert queries.balance_vnd(account_id) == account.balance_vnd
        self._compare_rows()
        self.clock.advance(days=1)  # or the next example would find our reservations due
        assert services.expire_pending(clock=self.clock) == self.plain.expire(self.clock.now())
        self.balances_agree()
        problems = {f"{result.name}: {problem}" for result in check_books() for problem in result.problems}
        db.session.rollback()
        found = problems - self.found_before
        self.found_before.update(problems)  # they stay in the database and are not the next example's
        assert not found

    def _compare_rows(self) -> None:
        """What is written of each transfer is what was asked and moved; nothing more is written."""
        columns = (Transfer.id, Transfer.kind, Transfer.from_account_id, Transfer.to_account_id, Transfer.amount_vnd)
        ended = sa.func.coalesce(Transfer.pending_id, Transfer.reverses_id)
        ours = Transfer.from_account_id.in_(self.plain.accounts), Transfer.kind != TransferKind.EXPIRE_PENDING
        rows = db.session.execute(sa.select(*columns, ended).where(*ours)).all()
        assert {tuple(row) for row in rows} == {
            (one.id, one.kind, one.from_account_id, one.to_account_id, vnd, one.pending_id or one.reverses_id)
            for one, vnd in zip(self.plain.landed.values(), self.plain.moved_vnd.values(), strict=True)
            if one.kind is not TransferKind.EXPIRE_PENDING
        }

    def _draw(
        self, chance: random.Random, sets: int, plain: PlainBooks
    ) -> tuple[list[list[NewTransfer]], list[Answer]]:
        day = BusyDay(chance, plain, self.clock.now())
        crowd, expected = [], []
        for _set in range(sets):
            linked = day.next_set()
            crowd.append(linked)
            expected.append(plain.post(linked, now=self.clock.now()))
        return crowd, expected

    def _compare(
        self,
        crowd: Sequence[Sequence[NewTransfer]],
        answers: Sequence[list[Posted] | LedgerError],
        expected: Sequence[Answer],
    ) -> None:
        assert len(answers) == len(crowd)
        for linked, answer, hoped in zip(crowd, answers, expected, strict=True):
            if isinstance(answer, LedgerError):
                assert type(answer) is hoped, (linked, answer, hoped)
            else:
                assert [(one.created, one.amount_vnd) for one in answer] == hoped, (linked, answer, hoped)
                assert [one.id for one in answer] == [one.id for one in linked]
            said = "refused" if isinstance(hoped, type) else "repeated" if not hoped[0][0] else "landed"
            self.done[said] += len(linked)
            self.done[hoped.__name__ if isinstance(hoped, type) else "-"] += 1
        if not db.session().info.get("transaction_open"):
            self.balances_agree()

    def _open(self, kind: AccountKind) -> None:
        self.plain.open(make_account(kind, clock=self.clock, owner=str(uuid4())).id, kind)

    def _close(self, account_id: UUID) -> bool:
        try:
            with transaction():
                operations.close_account(account_id, clock=self.clock)
        except AccountInUse:
            return False
        return True

    def _empty(self, account_id: UUID) -> None:
        """Let go of what is reserved; pay out what is there, or pay in what is owed."""
        now = self.clock.now()
        held = [one for one in self.plain.waiting.values() if account_id in (one.from_account_id, one.to_account_id)]
        crowd = [[resolve(one, TransferKind.VOID_PENDING, 0, at=now)] for one in held]
        account, world = Account(id=account_id), Account(id=next(iter(self.plain.accounts)))
        balance_vnd = self.plain.accounts[account_id].balance_vnd
        if balance_vnd:
            sides = (account, world) if balance_vnd > 0 else (world, account)
            crowd.append([move(*sides, abs(balance_vnd), at=now)])
        expected = [self.plain.post(linked, now=now) for linked in crowd]
        with transaction():
            answers = operations.post_each(crowd, clock=self.clock)
        self._compare(crowd, answers, expected)


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_hundred_thousand_operations_agree_with_plain_books(app: Flask, shard: int) -> None:
    class Shard(CrowdMachine):
        done: ClassVar[Counter[str]] = Counter()
        found_before: ClassVar[set[str]] = set()

    def operations_done() -> int:
        return sum(Shard.done[said] for said in ("landed", "repeated", "refused", "expired", "closed"))

    while operations_done() < OPERATIONS // SHARDS:
        run_state_machine_as_test(
            Shard,
            settings=settings(
                max_examples=4,
                stateful_step_count=16,
                deadline=None,
                database=None,
                phases=[Phase.generate],  # a seed does not shrink; each step's is told, and draws the same again
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert Shard.done["landed"] > operations_done() // 3, Shard.done
