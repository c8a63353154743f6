"""Whatever people do at the desk in whatever order, the books stay balanced and say what plain sums say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.core.errors import AppError
from app.core.money import FOUR_EYES_VND
from app.payments.desk.models import DeskAction
from app.payments.ledger.books import check_books
from app.payments.ledger.models import AccountKind
from app.payments.requests import operations as request_operations
from app.payments.requests import queries as requests
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.payments.desk.world import (
    act,
    approve,
    attach,
    balance_vnd,
    fresh,
    keep,
    person,
    reject,
    send_back,
    strand,
    undo,
    waiting_vnd,
)

MILLION = 1_000_000
WHICH = st.integers(0, 2)
PARTS = st.lists(st.tuples(st.none() | WHICH, st.integers(1, 6)), min_size=1, max_size=3)


@dataclass
class Asked:
    """A request as a plain sum; an even amount may be taken back after it was paid."""

    request: PaymentRequest
    paid_vnd: int = 0
    cancelled: bool = False

    @property
    def missing_vnd(self) -> int:
        return self.request.amount_vnd - self.paid_vnd

    @property
    def is_open(self) -> bool:
        return not self.cancelled and self.missing_vnd > 0

    @property
    def status(self) -> str:
        if self.cancelled:
            return "cancelled"
        return "asked" if not self.paid_vnd else "part_paid" if self.missing_vnd else "paid"


@dataclass
class Done:
    """An action as plain facts."""

    action: DeskAction
    notice: UUID
    asked: Asked | None
    maker: int
    state: str
    checker: int | None = None
    closer: int | None = None
    needs_two: bool = False
    undo_asker: int | None = None
    amount_vnd: int = field(init=False)

    def __post_init__(self) -> None:
        self.amount_vnd = self.action.amount_vnd


class DeskMachine(RuleBasedStateMachine):
    """Three people, three requests of one payee, money that strands."""

    app: Flask

    @initialize()
    def open_the_office(self) -> None:
        purpose: Any = make_purpose()
        purpose.may_undo = lambda request: request.amount_vnd % 2 == 0
        self.payee, self.number = make_payee()
        self.people = [person() for _number in range(3)]
        self.asked = [
            Asked(make_request(payee_id=self.payee.id, amount_vnd=vnd))
            for vnd in (3 * MILLION, 4 * MILLION + 1, 8 * MILLION)
        ]
        self.waiting: dict[UUID, int] = {}
        self.done: list[Done] = []
        self.elsewhere = balance_vnd(AccountKind.SUSPENSE, "sepay")

    @rule(millions=st.integers(1, 12))
    def money_strands(self, millions: int) -> None:
        notice = strand(self.app.test_client(), self.number, millions * MILLION)
        self.waiting[notice] = millions * MILLION

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), parts=PARTS, who=WHICH)
    def somebody_acts(self, data: st.DataObject, parts: list[tuple[int | None, int]], who: int) -> None:
        notice = data.draw(st.sampled_from(sorted(self.waiting)))
        wanted = [(None if which is None else self.asked[which], millions * MILLION) for which, millions in parts]
        total = sum(vnd for _asked, vnd in wanted)
        given = [asked.request.code for asked, _vnd in wanted if asked]
        allowed = (
            total <= self.waiting[notice]
            and len(set(given)) == len(given)
            and all(asked is None or (asked.is_open and vnd <= asked.missing_vnd) for asked, vnd in wanted)
        )
        wishes = [attach(asked.request, vnd) if asked else send_back(vnd) for asked, vnd in wanted]
        acted = self.both(allowed, lambda: act(notice, *wishes, by=self.people[who]))
        if acted is None:
            return
        alone = total + sum(
            one.amount_vnd
            for one in self.done
            if (one.notice, one.maker, one.state, one.checker) == (notice, who, "done", None)
        )
        state = "proposed" if alone > FOUR_EYES_VND else "done"
        self.waiting[notice] -= total
        for action, (asked, vnd) in zip(acted, wanted, strict=True):
            assert action.state == state
            self.done.append(Done(action, notice, asked, who, state, needs_two=state == "proposed"))
            if asked and state == "done":
                asked.paid_vnd += vnd

    @precondition(lambda self: self.done)
    @rule(data=st.data(), who=WHICH)
    def somebody_approves(self, data: st.DataObject, who: int) -> None:
        one = self.pick(data)
        again = one.state == "done" and one.checker == who
        fits = one.asked is None or (one.asked.is_open and one.amount_vnd <= one.asked.missing_vnd)
        allowed = again or (one.state == "proposed" and one.maker != who and fits)
        if self.both(allowed, lambda: approve(one.action, self.people[who])) and not again:
            one.state, one.checker = "done", who
            if one.asked:
                one.asked.paid_vnd += one.amount_vnd

    @precondition(lambda self: self.done)
    @rule(data=st.data(), who=WHICH)
    def somebody_rejects(self, data: st.DataObject, who: int) -> None:
        one = self.pick(data)
        again = one.state == "rejected" and one.closer == who
        if self.both(again or one.state == "proposed", lambda: reject(one.action, self.people[who])) and not again:
            one.state, one.closer = "rejected", who
            self.waiting[one.notice] += one.amount_vnd

    @precondition(lambda self: self.done)
    @rule(data=st.data(), who=WHICH)
    def somebody_undoes(self, data: st.DataObject, who: int) -> None:
        one = self.pick(data)
        again = (one.state == "undone" and one.closer == who) or (one.state == "done" and one.undo_asker == who)
        built_upon = one.asked is not None and one.asked.status == "paid" and one.asked.request.amount_vnd % 2 == 1
        alone = one.amount_vnd + sum(
            other.amount_vnd
            for other in self.done
            if (other.notice, other.closer, other.state, other.undo_asker) == (one.notice, who, "undone", None)
        )
        only_asks = one.undo_asker is None and (one.needs_two or alone > FOUR_EYES_VND)
        allowed = again or (one.state == "done" and (only_asks or not built_upon))
        if one.state == "done" and not again and only_asks:
            assert self.both(True, lambda: undo(one.action, self.people[who])).state == "done"
            one.undo_asker = who
        elif self.both(allowed, lambda: undo(one.action, self.people[who])) and not again:
            one.state, one.closer = "undone", who
            self.waiting[one.notice] += one.amount_vnd
            if one.asked:
                one.asked.paid_vnd -= one.amount_vnd

    @precondition(lambda self: self.done)
    @rule(data=st.data(), who=WHICH)
    def somebody_keeps(self, data: st.DataObject, who: int) -> None:
        one = self.pick(data)
        if self.both(one.state == "done", lambda: keep(one.action, self.people[who])):
            one.undo_asker = None

    @rule(which=WHICH)
    def the_asker_cancels(self, which: int) -> None:
        asked = self.asked[which]
        if asked.is_open:
            with transaction():
                request_operations.cancel(requests.by_code(asked.request.code, for_update=True), clock=SYSTEM_CLOCK)
            asked.cancelled = True

    def pick(self, data: st.DataObject) -> Done:
        return self.done[data.draw(st.integers(0, len(self.done) - 1))]

    def both(self, allowed: bool, do: Callable[[], Any]) -> Any:
        """What was done, or None when it was refused, as the plain sums foretold; then both say the same."""
        try:
            result = do()
        except AppError:
            result = None
        assert (result is not None) == allowed
        return result

    def teardown(self) -> None:
        if not hasattr(self, "asked"):
            return
        for asked in self.asked:
            now = fresh(asked.request)
            assert (now.status, now.paid_vnd) == (asked.status, asked.paid_vnd)
        for notice, vnd in self.waiting.items():
            assert waiting_vnd(notice) == vnd
        proposed = sum(one.amount_vnd for one in self.done if one.state == "proposed")
        in_suspense = balance_vnd(AccountKind.SUSPENSE, "sepay") - self.elsewhere
        assert in_suspense == sum(self.waiting.values()) + proposed
        assert balance_vnd(AccountKind.RECEIVED, self.payee.id) == sum(asked.paid_vnd for asked in self.asked)
        db.session.rollback()
        assert [result for result in check_books() if result.problems] == []


@pytest.mark.usefixtures("app")
def test_any_schedule_of_acts_ends_in_the_same_books(app: Flask) -> None:
    DeskMachine.app = app
    run_state_machine_as_test(
        DeskMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
