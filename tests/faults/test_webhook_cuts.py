"""The link to the database is cut at each protocol step between a bank's notice and the books.

Wherever it breaks: what was acknowledged is not lost, and after the provider's repeat and the pump the money is posted
exactly once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.config import load
from app.core import audit, jobs
from app.core.actor import SYSTEM
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK, Clock
from app.core.database import acting_as, db
from app.payments.bank import services
from app.payments.bank.models import BankNotice, NoticeAllocation
from app.payments.ledger.books import check_books
from app.payments.ledger.models import Entry, Transfer
from app.payments.requests import purposes, queries
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_payee, make_request
from tests.fakes.banks import WIRES, notify, transfer
from tests.fakes.purposes import KIND, RememberingPurpose
from tests.faults.proxy import Cut, Wire, wire_to

MOST_STEPS = 300


class RecordingPurpose(RememberingPurpose):
    """Leaves a row when told, so that what was told in a transaction that fell does not count."""

    def on_paid(self, request: PaymentRequest, *, clock: Clock) -> None:
        audit.record("test.paid", actor=SYSTEM, subject_kind=KIND, subject_id=request.purpose_id, clock=clock)


@pytest.fixture
def wire(database_url: str) -> Iterator[Wire]:
    (sockets,) = parse_qs(urlsplit(database_url).query)["host"]
    with wire_to(f"{sockets}/.s.PGSQL.5432") as wire:
        yield wire


@pytest.fixture
def wired(app: Flask, database_url: str, wire: Wire) -> Iterator[Flask]:
    """A second process's application, so to speak: everything it says to the database goes over the wire."""
    name = urlsplit(database_url).path
    url = f"postgresql://app@{name}?host={quote(str(wire.directory), safe='')}"
    application = create_app(load({"APP_ENV": "test", "DATABASE_URL": url, "LOG_LEVEL": "CRITICAL"}))
    purposes.register(KIND, RecordingPurpose())
    yield application
    with application.app_context():
        db.engine.dispose()
    jobs.bind(app)


def count(model: type, *conditions: sa.ColumnElement[bool]) -> int:
    db.session.rollback()
    return int(db.session.scalar(sa.select(sa.func.count()).select_from(model).where(*conditions)) or 0)


def pump(application: Flask) -> None:
    with application.app_context(), acting_as(SYSTEM):
        services.pump(clock=SYSTEM_CLOCK)


def start_afresh(application: Flask) -> None:
    """Drop pooled connections, so that connecting is among the steps."""
    with application.app_context():
        db.engine.dispose()


def demand_posted_once(request: PaymentRequest) -> None:
    """One posting, one arrival, one call of the handler, and books that balance."""
    db.session.expire_all()
    paid = queries.by_code(request.code)
    assert (paid.status, paid.paid_vnd) == ("paid", 50_000)
    posted = sa.and_(Transfer.purpose_kind == "payment_request", Transfer.purpose_id == request.id)
    assert count(Transfer, posted) == 1
    transfer_id = db.session.scalars(sa.select(Transfer.id).where(posted)).one()
    assert count(Entry, Entry.transfer_id == transfer_id) == 2
    assert count(AuditEvent, AuditEvent.subject_id == request.purpose_id) == 1
    notices = list(db.session.scalars(sa.select(BankNotice).where(BankNotice.request_id == request.id)))
    assert [notice.outcome for notice in notices] == ["matched"]
    assert count(NoticeAllocation, NoticeAllocation.request_id == request.id) == 1
    assert [arrival.request_id for arrival in queries.arrivals_since(request.payee_id, 0)] == [request.id]


@pytest.mark.slow
@pytest.mark.parametrize("cut", Cut)
def test_a_cut_at_any_step_leaves_exactly_one_posting(app: Flask, wired: Flask, wire: Wire, cut: Cut):
    statuses = []
    for step in range(MOST_STEPS):
        payee, number = make_payee()
        request = make_request(payee_id=payee.id)
        moved = transfer(number, 50_000, f"{request.code} CHO PHIEN")
        start_afresh(wired)
        stored_before = count(BankNotice)
        wire.cut_at(step, cut)
        statuses.append(notify(wired.test_client(), "sepay", moved).status_code)
        was_cut = wire.mend()
        if statuses[-1] == 200:
            assert count(BankNotice) == stored_before + 1, f"acknowledged and lost, cut at step {step}"
            pump(wired)
            demand_posted_once(request)
        assert notify(wired.test_client(), "sepay", moved).status_code == 200
        pump(wired)
        demand_posted_once(request)
        if not was_cut:
            break
    assert not was_cut, "a notice takes more steps than anybody thought"
    assert step > 15, "the wire saw too little: is the application really connected through it?"
    assert set(statuses) == {200, 500}, "both a lost acknowledgement and a late one must have been tried"
    assert [result for result in check_books() if result.problems] == []


@pytest.mark.slow
@pytest.mark.parametrize("cut", Cut)
def test_a_cut_while_the_pump_works_leaves_exactly_one_posting(app: Flask, wired: Flask, wire: Wire, cut: Cut):
    for step in range(MOST_STEPS):
        payee, number = make_payee()
        request = make_request(payee_id=payee.id)
        moved = transfer(number, 50_000, f"{request.code} CHO PHIEN")
        leave_in_the_inbox(wired, moved)
        start_afresh(wired)
        wire.cut_at(step, cut)
        with suppress(sa.exc.DBAPIError):  # the job fails and comes again within a minute
            pump(wired)
        was_cut = wire.mend()
        pump(wired)
        demand_posted_once(request)
        if not was_cut:
            break
    assert not was_cut
    assert step > 10


def leave_in_the_inbox(application: Flask, moved: dict[str, object]) -> None:
    """As if the process died between storing and handling."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "try_to_handle", lambda *_arguments, **_options: None)
        assert notify(application.test_client(), "sepay", moved).status_code == 200


@pytest.mark.parametrize("bank", WIRES)
def test_a_lost_answer_to_every_commit_is_no_second_posting(app: Flask, wired: Flask, wire: Wire, bank: str):
    """The provider hears nothing and repeats until it does."""
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    moved = transfer(number, 50_000, f"{request.code} CHO PHIEN")
    for step in range(40):
        start_afresh(wired)
        wire.cut_at(step, Cut.BEFORE_ANSWER)
        notify(wired.test_client(), bank, moved)
        wire.mend()
    demand_posted_once(request)
