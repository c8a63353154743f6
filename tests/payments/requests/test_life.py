"""Asking, expiring, withdrawing, and the codes that stand on a stall."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.codes import is_valid
from app.core.database import TransactionMisuse, db, transaction
from app.core.ids import uuid7
from app.payments.payees import operations as payees
from app.payments.payees.models import Payee, PayeeKind
from app.payments.requests import operations, queries, services, views
from app.payments.requests.errors import AlreadyPaid, NoAccount, RequestNotFound
from app.payments.requests.models import Method, PaymentRequest, Purpose, Settlement
from app.payments.requests.operations import GRACE
from app.payments.vietqr.codec import decode
from tests.factories.payments import make_payee, make_purpose, make_request, make_standing_code
from tests.fakes.banks import notify, transfer
from tests.fakes.clock import FrozenClock
from tests.fakes.purposes import KIND, RememberingPurpose
from tests.payments.ledger.parallel import at_once

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def purpose() -> RememberingPurpose:
    return make_purpose()


def fresh(request: PaymentRequest) -> PaymentRequest:
    db.session.expire_all()
    return queries.by_code(request.code)


def cancel(request: PaymentRequest, clock: FrozenClock) -> None:
    with transaction():
        operations.cancel(queries.by_code(request.code, for_update=True), clock=clock)


def test_a_new_request_has_a_sound_code_and_goes_straight_to_the_payee(purpose, clock):
    payee, _number = make_payee(clock=clock)
    request = make_request(payee_id=payee.id, clock=clock)
    assert is_valid(request.code)
    assert request.code.startswith("CP")
    assert (request.status, request.settlement, request.paid_vnd) == ("asked", Settlement.DIRECT, 0)
    assert request.missing_vnd == request.amount_vnd == 50_000


def test_the_qr_names_payee_amount_and_code(purpose, clock):
    payee, number = make_payee(clock=clock)
    request = make_request(payee_id=payee.id, amount_vnd=123_456, clock=clock)
    read = decode(views.vietqr_text(request) or "")
    assert (read.bin, read.account, read.amount_vnd, read.bill) == ("970403", number, 123_456, request.code)
    assert request.code in (read.purpose or "")


def test_a_payee_without_account_can_only_be_paid_by_card(purpose, clock):
    with transaction():
        payee = payees.create_payee(kind=PayeeKind.SHOP, owner_id=uuid7(), clock=clock)
    with pytest.raises(NoAccount):
        make_request(payee_id=payee.id, clock=clock)
    by_card = make_request(payee_id=payee.id, method="card", clock=clock)
    assert by_card.settlement == Settlement.COLLECTED
    assert views.vietqr_text(by_card) is None


def test_asking_needs_an_open_transaction(purpose, clock):
    payee, _number = make_payee(clock=clock)
    with pytest.raises(TransactionMisuse):
        operations.ask(
            purpose=Purpose(KIND, uuid7()),
            payee_id=payee.id,
            amount_vnd=1,
            method=Method.VIETQR,
            label="Khoản mẫu",
            expires_at=clock.now(),
            clock=clock,
        )


@pytest.mark.parametrize("amount", [0, -1])
def test_asking_for_nothing_is_refused_by_the_database(purpose, clock, amount):
    payee, _number = make_payee(clock=clock)
    with pytest.raises(Exception, match="ck_payment_request_amount"):
        make_request(payee_id=payee.id, amount_vnd=amount, clock=clock)


def test_a_request_expires_after_its_time_and_grace_and_tells_its_purpose(purpose, clock):
    payee, _number = make_payee(clock=clock)
    request = make_request(payee_id=payee.id, clock=clock)
    clock.advance(minutes=30)
    clock.advance(seconds=GRACE.total_seconds())
    assert services.expire_due(clock=clock) == 0
    clock.advance(seconds=1)
    assert services.expire_due(clock=clock) == 1
    assert services.expire_due(clock=clock) == 0
    assert fresh(request).status == "expired"
    assert purpose.expired == [request.purpose_id]
    assert purpose.paid == []


def expire(request: PaymentRequest, at: datetime) -> bool:
    """What the sweep does with one that it found due."""
    with transaction():
        return operations.expire(request.id, clock=FrozenClock(at))


def test_a_request_is_not_closed_an_instant_before_time_and_grace_are_over(purpose, clock):
    payee, _number = make_payee(clock=clock)
    request = make_request(payee_id=payee.id, clock=clock)
    over = request.expires_at + GRACE
    assert [expire(request, over + timedelta(microseconds=late)) for late in (-1, 0, 1, 2)] == [False] * 2 + [
        True,
        False,
    ]
    assert purpose.expired == [request.purpose_id]
    assert purpose.told_at == over + timedelta(microseconds=1)


def test_what_was_paid_since_the_sweep_found_it_stays_paid(app: Flask, purpose):
    payee, number = make_payee()
    request = make_request(payee_id=payee.id, lasts=timedelta(minutes=-10))
    sent = request.created_at - timedelta(minutes=20)
    over = FrozenClock(request.expires_at + timedelta(hours=1))
    with transaction():
        found = queries.by_code(request.code)
        told = partial(notify, app.test_client(), "sepay", transfer(number, 50_000, found.code, at=sent))
        assert [answer.status_code for answer in at_once(app, [told])] == [200]
        assert found.status == "asked"
        assert operations.expire(request.id, clock=over) is False
    assert (fresh(request).status, purpose.expired) == ("paid", [])
    assert expire(request, over.now()) is False


def test_the_sweep_waits_for_nobody_and_skips_what_is_not_there(app: Flask, purpose):
    payee, _number = make_payee()
    request = make_request(payee_id=payee.id, lasts=timedelta(minutes=-10))
    over = FrozenClock(request.expires_at + timedelta(hours=1))
    with db.engine.begin() as elsewhere:
        assert elsewhere.execute(sa.select(PaymentRequest.id).with_for_update()).scalars().all() == [request.id]
        with transaction() as session:
            session.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
            assert operations.expire(request.id, clock=over) is False
    assert expire(request, over.now()) is True
    with transaction():
        assert operations.expire(uuid7(), clock=over) is False


def test_a_purpose_that_fails_does_not_hold_up_the_others(purpose, clock, monkeypatch):
    payee, _number = make_payee(clock=clock)
    broken, sound = (make_request(payee_id=payee.id, clock=clock) for _one in range(2))
    told = purpose.on_expired

    def fail_for_the_first(request, *, clock):
        if request.id == broken.id:
            raise RuntimeError("a purpose's own fault")
        told(request, clock=clock)

    monkeypatch.setattr(purpose, "on_expired", fail_for_the_first)
    clock.advance(hours=1)
    assert services.expire_due(clock=clock) == 1
    assert (fresh(broken).status, fresh(sound).status) == ("asked", "expired")


def test_two_sweeps_close_each_request_once(app: Flask, purpose, clock):
    payee, _number = make_payee(clock=clock)
    requests = [make_request(payee_id=payee.id, clock=clock) for _number in range(12)]
    clock.advance(hours=1)
    closed = at_once(app, [lambda: services.expire_due(clock=clock)] * 2)
    assert sum(closed) == 12
    assert sorted(purpose.expired) == sorted(request.purpose_id for request in requests)


def test_money_and_the_sweep_at_once_leave_one_truth(app: Flask, purpose):
    payee, number = make_payee()
    requests = [make_request(payee_id=payee.id, lasts=timedelta(minutes=-10)) for _number in range(6)]
    expired = FrozenClock(requests[0].expires_at + timedelta(hours=1))
    paying = [
        transfer(number, 50_000, request.code, at=request.created_at - timedelta(minutes=20)) for request in requests
    ]
    works = [lambda moved=moved: notify(app.test_client(), "sepay", moved).status_code for moved in paying]
    answers = at_once(app, [*works, lambda: services.expire_due(clock=expired)])
    assert answers[:-1] == [200] * 6
    assert isinstance(answers[-1], int), answers[-1]
    states = {request.purpose_id: fresh(request).status for request in requests}
    assert {id for id, status in states.items() if status == "paid"} == set(purpose.paid)
    assert {id for id, status in states.items() if status == "expired"} == set(purpose.expired)
    assert set(states.values()) <= {"paid", "expired"}


def test_a_withdrawn_request_takes_no_money_and_never_expires(client, purpose):
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    cancel(request, FrozenClock())
    notify(client, "sepay", transfer(number, 50_000, request.code))
    assert fresh(request).status == "cancelled"
    assert fresh(request).paid_vnd == 0
    assert services.expire_due(clock=FrozenClock(request.expires_at + timedelta(days=1))) == 0
    assert (purpose.paid, purpose.expired) == ([], [])


def test_what_is_paid_or_closed_can_not_be_withdrawn(client, purpose, clock):
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    notify(client, "sepay", transfer(number, 50_000, request.code))
    with pytest.raises(AlreadyPaid):
        cancel(request, clock)
    assert fresh(request).status == "paid"
    withdrawn = make_request(payee_id=payee.id)
    cancel(withdrawn, clock)
    with pytest.raises(AlreadyPaid):
        cancel(withdrawn, clock)


def test_a_handler_that_fails_leaves_money_and_request_for_the_pump(client, purpose, monkeypatch):
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the room above is broken")

    monkeypatch.setattr(purpose, "on_paid", fail)
    assert notify(client, "sepay", transfer(number, 50_000, request.code)).status_code == 200
    assert fresh(request).status == "asked"
    assert queries.arrivals_since(payee.id, 0) == []


def test_requests_are_found_by_purpose(purpose, clock):
    payee, _number = make_payee(clock=clock)
    first, second = (make_request(payee_id=payee.id, clock=clock) for _number in range(2))
    assert queries.for_purpose(first.purpose) == [first]
    found = queries.for_purposes(KIND, [first.purpose_id, second.purpose_id, uuid7()])
    assert found == {first.purpose_id: [first], second.purpose_id: [second]}
    assert queries.for_purposes(KIND, []) == {}
    with pytest.raises(RequestNotFound):
        queries.get(uuid7())


def test_a_standing_code_takes_any_amount_as_a_paid_request(client, purpose):
    payee, number = make_payee()
    standing = make_standing_code(payee_id=payee.id)
    read = decode(views.standing_vietqr_text(standing) or "")
    assert (read.account, read.amount_vnd, read.bill) == (number, None, standing.code)
    for amount in (15_000, 27_000):
        notify(client, "payos", transfer(number, amount, f"{standing.code} CHO PHIEN"))
    db.session.rollback()
    paid = queries.for_purpose(Purpose(standing.purpose_kind, standing.purpose_id))
    assert [(request.status, request.amount_vnd) for request in paid] == [("paid", 15_000), ("paid", 27_000)]
    assert purpose.paid == [standing.purpose_id] * 2
    assert [arrival.seq for arrival in queries.arrivals_since(payee.id, 0)] == [1, 2]


def test_a_new_standing_code_revokes_the_one_before(client, purpose, clock):
    payee, number = make_payee()
    old = make_standing_code(payee_id=payee.id)
    where = Purpose(old.purpose_kind, old.purpose_id)
    other = make_standing_code(payee_id=payee.id)
    with transaction():
        new = operations.issue_standing_code(purpose=where, payee_id=payee.id, label="Sạp mẫu", clock=clock)
    assert queries.standing_by_codes([old.code]) is None
    assert queries.standing_for(where) == new
    found = queries.standing_by_codes([old.code, other.code])
    assert found is not None
    assert found[0] == other
    notify(client, "sepay", transfer(number, 9_000, old.code))
    assert purpose.paid == []
    notify(client, "sepay", transfer(number, 9_000, new.code))
    assert purpose.paid == [where.id]


def test_a_new_standing_code_leaves_that_of_another_kind_alone(client, purpose, clock):
    """A room may let people pay for two things by the id of one."""
    payee, number = make_payee()
    old = make_standing_code(payee_id=payee.id)
    with transaction():
        new = operations.issue_standing_code(
            purpose=Purpose("another_kind", old.purpose_id), payee_id=payee.id, label="Sạp mẫu", clock=clock
        )
    found = queries.standing_by_codes([old.code])
    assert found is not None
    assert queries.standing_for(Purpose("another_kind", old.purpose_id)) == new
    notify(client, "sepay", transfer(number, 9_000, old.code))
    assert purpose.paid == [old.purpose_id]


def test_arrivals_of_today_are_those_since_midnight_in_vietnam(client, purpose):
    payee, number = make_payee()
    for amount in (1_000, 2_000):
        notify(client, "sepay", transfer(number, amount, make_standing_code(payee_id=payee.id).code))
    db.session.rollback()
    arrivals = queries.arrivals_since(payee.id, 0)
    today = FrozenClock(arrivals[-1].created_at)
    tomorrow = FrozenClock(arrivals[-1].created_at + timedelta(days=1))
    ears = sa.select(Payee.id, sa.literal("loa")).where(Payee.id == payee.id)
    assert queries.heard_so_far(ears, clock=today) == [queries.Heard(payee.id, "loa", last_seq=2, total_vnd=3_000)]
    assert queries.heard_so_far(ears, clock=tomorrow) == [queries.Heard(payee.id, "loa", last_seq=2, total_vnd=0)]
    assert queries.arrivals_since(payee.id, 1) == arrivals[1:]
