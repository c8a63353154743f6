"""A hundred connections want the same thing at the same moment: one happens."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.config import load
from app.core import jobs
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.core.money import FOUR_EYES_VND
from app.identity.roles import Role
from app.payments.cards import gateway
from app.payments.desk.errors import NotEnoughWaiting, NotFinished
from app.payments.ledger.models import OUTSIDE, AccountKind
from app.payments.payouts import services as payouts
from app.payments.payouts.errors import NothingToPay, WrongMoment
from app.payments.payouts.models import PayoutBatch
from app.payments.payouts.states import Event
from app.payments.refunds.errors import NotRefundable, TooLate, TooMuch
from app.payments.refunds.models import Refund
from app.payments.requests import purposes
from tests.factories.payments import make_payee, make_request
from tests.factories.people import actor_for, make_user
from tests.fakes.banks import notify, transfer
from tests.fakes.purposes import KIND
from tests.fakes.stripe_gateway import FakeStripe, fake_stripe
from tests.faults.books import RecordingPurpose, demand_nothing_reserved, demand_paid_once, moved_vnd, told
from tests.payments.desk import world as desk
from tests.payments.ledger.parallel import at_once
from tests.payments.payouts import world as paying
from tests.payments.payouts.bank import report
from tests.payments.refunds.test_transfers import ClosedCard, sent
from tests.payments.refunds.world import ask, at_gateway, by_transfer, paid_by_card, sums

CROWD = 100
pytestmark = pytest.mark.slow


@pytest.fixture
def crowd(app: Flask, database_url: str) -> Iterator[Callable[[list[Callable[[], Any]]], list[Any]]]:
    """Runs a hundred works, each on a connection of its own that is open before any begins."""
    settings = {"APP_ENV": "test", "LOG_LEVEL": "CRITICAL", "DATABASE_CONNECTIONS": str(CROWD)}
    wide = create_app(load(settings | {"DATABASE_URL": database_url.replace("postgres@", "app@")}))
    purposes.register(KIND, RecordingPurpose())
    ready = threading.Barrier(CROWD)
    backends: list[int] = []

    def connected(work: Callable[[], Any]) -> Any:
        backends.append(db.session.scalar(sa.text("SELECT pg_backend_pid()")))
        ready.wait(60)
        return work()

    def run(works: list[Callable[[], Any]]) -> list[Any]:
        backends.clear()
        answers = at_once(wide, [partial(connected, work) for work in works])
        assert len(set(backends)) == len(works) == CROWD
        return answers

    yield run
    with wide.app_context():
        db.engine.dispose()
    jobs.bind(app)


@pytest.fixture
def stripe(app: Flask, tmp_path: Path) -> Iterator[FakeStripe]:
    before = gateway.current()
    with fake_stripe(tmp_path) as fake:
        gateway.use(fake.gateway(timeout_s=60))
        yield fake
    gateway.use(before)


def kinds(answers: list[Any]) -> dict[str, int]:
    return dict(Counter(type(answer).__name__ for answer in answers))


def test_refunds_of_the_same_payment(crowd, stripe):
    paid = paid_by_card(stripe, make_payee()[0].id)
    answers = crowd([partial(ask, paid, None, key=f"whole-{n}") for n in range(CROWD)])
    assert sum(isinstance(answer, Refund) for answer in answers) == 1, kinds(answers)
    assert sum(isinstance(answer, NotRefundable | TooMuch) for answer in answers) == CROWD - 1, kinds(answers)
    assert [each["amount"] for each in at_gateway(stripe)] == [50_000]
    assert (sums(paid), told(paid)) == (("refunded", 0, 50_000), ["test.paid", "test.refunded"])
    demand_nothing_reserved()


def test_one_refund_pressed_a_hundred_times(crowd, stripe):
    paid = paid_by_card(stripe, make_payee()[0].id)
    answers = crowd([lambda: ask(paid, 20_000, key="one").id] * CROWD)
    assert len(set(answers)) == 1, kinds(answers)
    assert [each["amount"] for each in at_gateway(stripe)] == [20_000]
    assert sums(paid) == ("paid", 0, 20_000)


def test_transfers_in_the_place_of_one_refund(crowd, stripe):
    finance, colleague = (actor_for(make_user(role=Role.FINANCE)) for _each in range(2))
    paid = paid_by_card(stripe, make_payee()[0].id)
    refused = ask(paid, 20_000, actor=finance, through=ClosedCard())
    chosen = crowd([lambda: by_transfer(refused, actor=finance)] * CROWD)
    [waiting] = [answer for answer in chosen if isinstance(answer, Refund)]
    assert sum(isinstance(answer, TooLate) for answer in chosen) == CROWD - 1, kinds(chosen)
    crowd([partial(sent, waiting, colleague, f"FT{n}") for n in range(CROWD)])
    assert sums(paid) == ("paid", 0, 20_000)
    assert moved_vnd(waiting.id, AccountKind.OUTSIDE_PAYER) == [20_000]


def test_payouts_of_the_same_money(crowd):
    maker, approver = (actor_for(make_user(role=Role.FINANCE)) for _each in range(2))
    seller = paying.sold()
    held_vnd = paying.money(seller)[0]
    built = crowd([partial(paying.build, maker, key=f"batch-{n}") for n in range(CROWD)])
    [batch] = [answer for answer in built if isinstance(answer, PayoutBatch)]
    assert sum(isinstance(answer, NothingToPay) for answer in built) == CROWD - 1, kinds(built)

    approved = crowd([lambda: payouts.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)] * CROWD)
    assert kinds(approved) == {"PayoutBatch": CROWD}
    assert paying.money(seller) == (held_vnd, held_vnd)

    payouts.xml_file(batch.id, own=paying.OWN, actor=maker, clock=SYSTEM_CLOCK)
    payout = paying.the_payout(batch)
    answer = report(batch, [(payout, "ACSC", "")])
    upload = partial(payouts.upload, batch.id, data=answer, file_name="a.xml", actor=maker, clock=SYSTEM_CLOCK)
    [result_id] = set(crowd([lambda: upload().id] * CROWD))
    apply = lambda: payouts.apply(result_id, actor=maker, clock=SYSTEM_CLOCK)  # noqa: E731 - one act of a crowd
    by_hand = lambda: paying.by_hand(payout, Event.CONFIRMED, maker)  # noqa: E731 - one act of a crowd
    counted = crowd([apply, by_hand] * (CROWD // 2))
    assert {type(each) for each in counted if isinstance(each, Exception)} <= {WrongMoment}, kinds(counted)
    assert paying.states(batch) == ["confirmed"]
    assert (paying.money(seller), paying.at_the_bank_vnd()) == ((0, 0), held_vnd)


def test_deliveries_of_the_same_notice(app: Flask, crowd):
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    moved = transfer(number, 50_000, f"{request.code} CHO PHIEN")
    assert set(crowd([lambda: _deliver(moved)] * CROWD)) == {200}
    demand_paid_once(request.code)


def test_notices_for_the_same_request(app: Flask, crowd):
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    moves = [transfer(number, 50_000, f"{request.code} CHO PHIEN") for _each in range(CROWD)]
    assert set(crowd([partial(_deliver, moved) for moved in moves])) == {200}
    demand_paid_once(request.code)
    assert desk.balance_vnd(AccountKind.SUSPENSE, "sepay") == (CROWD - 1) * 50_000
    assert desk.balance_vnd(AccountKind.OUTSIDE_BANK, "sepay") == -CROWD * 50_000


def _deliver(moved: dict[str, Any]) -> int:
    """On this thread's own connection."""
    from flask import current_app

    db.session.rollback()
    return notify(current_app.test_client(), "sepay", moved).status_code


def test_matches_of_the_same_money(app: Flask, client, crowd):
    payee, number = make_payee()
    asked = [make_request(payee_id=payee.id) for _each in range(CROWD)]
    notice = desk.strand(client, number, 50_000)
    answers = crowd([partial(desk.act, notice, desk.attach(request, 50_000)) for request in asked])
    assert sum(isinstance(answer, list) for answer in answers) == 1, kinds(answers)
    assert sum(isinstance(answer, NotEnoughWaiting) for answer in answers) == CROWD - 1, kinds(answers)
    assert Counter(desk.fresh(request).status for request in asked) == {"paid": 1, "asked": CROWD - 1}
    assert desk.waiting_vnd(notice) == 0


def test_approvals_of_the_same_match(app: Flask, client, crowd):
    payee, number = make_payee()
    amount_vnd = FOUR_EYES_VND + 1
    request = make_request(payee_id=payee.id, amount_vnd=amount_vnd)
    [action] = desk.act(desk.strand(client, number, amount_vnd), desk.attach(request, amount_vnd))
    answers = crowd([lambda: desk.approve(action, desk.person()) for _each in range(CROWD)])
    assert sum(isinstance(answer, NotFinished) for answer in answers) == CROWD - 1, kinds(answers)
    db.session.rollback()
    assert _moved_in(request.id) == [-amount_vnd]
    assert desk.fresh(request).paid_vnd == amount_vnd


def _moved_in(request_id: UUID) -> list[int]:
    return moved_vnd(request_id, *OUTSIDE, AccountKind.SUSPENSE)
