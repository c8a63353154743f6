"""More time for who needs it, and the rest of the money asked for again: once, in time, and only when the room can."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import GUEST
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.core.errors import Conflict
from app.payments.requests import operations, queries, services
from app.payments.requests.errors import NotExtendable, NotReopenable, RequestNotFound
from app.payments.requests.models import PaymentRequest
from app.payments.vietqr.codec import decode
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import make_user, post_form, sign_in
from tests.fakes.banks import notify, transfer
from tests.fakes.clock import FrozenClock
from tests.fakes.purposes import RememberingPurpose
from tests.payments.ledger.parallel import at_once

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def purpose() -> RememberingPurpose:
    return make_purpose()


def fresh(request: PaymentRequest) -> PaymentRequest:
    db.session.expire_all()
    return queries.by_code(request.code)


def extend(request: PaymentRequest, clock, seen: int = 0) -> PaymentRequest:
    return services.extend(request.code, seen=seen, actor=GUEST, clock=clock)


def reopen(request: PaymentRequest, clock=SYSTEM_CLOCK) -> PaymentRequest:
    return services.reopen(request.code, actor=GUEST, clock=clock)


def acts(action: str) -> int:
    return db.session.scalar(sa.select(sa.func.count()).where(AuditEvent.action == action)) or 0


def part_paid_and_expired(client, number: str, payee_id, paid_vnd: int = 20_000) -> PaymentRequest:
    request = make_request(payee_id=payee_id)
    notify(client, "sepay", transfer(number, paid_vnd, request.code))
    later = FrozenClock(request.expires_at + timedelta(hours=1))
    assert services.expire_due(clock=later) == 1
    return fresh(request)


def test_the_payer_gets_more_time_and_the_room_hears_of_it(purpose, clock):
    payee, _number = make_payee(clock=clock)
    request = make_request(payee_id=payee.id, clock=clock)
    until = request.expires_at
    extend(request, clock)
    assert fresh(request).expires_at == until + timedelta(minutes=30)
    assert (fresh(request).status, fresh(request).extensions) == ("asked", 1)
    assert purpose.extended == [request.purpose_id]
    assert acts("payment_request.extended") == 1
    clock.advance(minutes=50)
    assert services.expire_due(clock=clock) == 0


def test_two_presses_of_one_button_give_time_once(purpose, clock):
    payee, _number = make_payee(clock=clock)
    request = make_request(payee_id=payee.id, clock=clock)
    extend(request, clock)
    extend(request, clock)
    assert fresh(request).extensions == 1
    assert purpose.extended == [request.purpose_id]


def test_time_is_given_twice_and_no_more(purpose, clock):
    payee, _number = make_payee(clock=clock)
    request = make_request(payee_id=payee.id, clock=clock)
    extend(request, clock)
    extend(request, clock, seen=1)
    with pytest.raises(NotExtendable):
        extend(request, clock, seen=2)
    assert fresh(request).extensions == 2


def test_what_is_over_gets_no_more_time(client, purpose, clock):
    payee, number = make_payee()
    late, paid, withdrawn = (make_request(payee_id=payee.id) for _one in range(3))
    with pytest.raises(NotExtendable):
        extend(late, FrozenClock(late.expires_at + timedelta(seconds=1)))
    notify(client, "sepay", transfer(number, 50_000, paid.code))
    with transaction():
        operations.cancel(queries.by_code(withdrawn.code, for_update=True), clock=clock)
    for closed in (paid, withdrawn):
        with pytest.raises(NotExtendable):
            extend(closed, SYSTEM_CLOCK)
    with pytest.raises(RequestNotFound):
        services.extend("CP22222222", seen=0, actor=GUEST, clock=SYSTEM_CLOCK)
    assert purpose.extended == []


def test_a_room_that_can_not_wait_says_so_and_nothing_changes(client, purpose):
    payee, _number = make_payee()
    request = make_request(payee_id=payee.id)
    purpose.refusal = Conflict("Hộ này không nhận thêm nữa.")
    answer = post_form(client, f"/tra-tien/{request.code}/them-gio", seen="0")
    assert answer.status_code == 409
    assert "Hộ này không nhận thêm nữa." in answer.text
    assert fresh(request).extensions == 0


def test_more_time_and_the_sweep_at_once_leave_one_truth(app: Flask, purpose, clock):
    payee, _number = make_payee(clock=clock)
    requests = [make_request(payee_id=payee.id, clock=clock) for _one in range(6)]
    now, later = FrozenClock(clock.now()), FrozenClock(clock.now() + timedelta(minutes=34))
    works = [lambda request=request: extend(request, now).status for request in requests]
    at_once(app, [*works, lambda: services.expire_due(clock=later)])
    for request in requests:
        seen = fresh(request)
        assert (seen.status, seen.extensions) in {("asked", 1), ("expired", 0)}
        assert (seen.purpose_id in purpose.expired) == (seen.status == "expired")
        assert (seen.purpose_id in purpose.extended) == (seen.status == "asked")


def test_many_presses_at_once_give_time_once(app: Flask, purpose, clock):
    payee, _number = make_payee(clock=clock)
    request = make_request(payee_id=payee.id, clock=clock)
    at_once(app, [lambda: extend(request, clock).extensions] * 6)
    assert fresh(request).extensions == 1
    assert len(purpose.extended) == 1


def test_the_page_and_the_api_offer_more_time(client, purpose):
    payee, _number = make_payee()
    request = make_request(payee_id=payee.id)
    assert "Xin thêm thời gian" in client.get(f"/tra-tien/{request.code}").text
    pressed = post_form(client, f"/tra-tien/{request.code}/them-gio", seen="0")
    assert (pressed.status_code, pressed.location) == (303, f"/tra-tien/{request.code}")
    path = f"/api/v1/payment-requests/{request.code}/extension"
    again = client.post(path, json={"extensions": 1}, headers={"Idempotency-Key": "a"})
    assert (again.status_code, again.json["extensions"]) == (200, 2)
    repeated = client.post(path, json={"extensions": 1}, headers={"Idempotency-Key": "a"})
    assert (repeated.status_code, repeated.json["extensions"]) == (200, 2)
    refused = client.post(path, json={"extensions": 2}, headers={"Idempotency-Key": "b"})
    assert (refused.status_code, refused.json["code"]) == (409, "payment_request_not_extendable")
    assert client.post(path, json={"extensions": 2}).status_code == 400
    assert client.post(path, json={"extensions": "x"}, headers={"Idempotency-Key": "c"}).status_code == 422
    assert "Xin thêm thời gian" not in client.get(f"/tra-tien/{request.code}").text


def test_part_of_the_money_of_an_expired_request_is_not_forgotten(client, purpose):
    payee, number = make_payee()
    request = part_paid_and_expired(client, number, payee.id)
    assert [(item.name, item.amount_vnd) for item in queries.kept_parts(limit=5).items] == [(request.code, 20_000)]
    assert [kept.code for kept in queries.kept_page(cursor=None, limit=5).items] == [request.code]
    page = client.get(f"/tra-tien/{request.code}").text
    assert "20.000" in page
    assert "đã trả sẽ được trả lại" in page


def test_the_rest_is_asked_for_again_under_the_same_code_and_completes_the_purpose_once(client, purpose):
    payee, number = make_payee()
    request = part_paid_and_expired(client, number, payee.id)
    for _press in range(2):
        reopen(request)
    assert (fresh(request).status, fresh(request).missing_vnd) == ("part_paid", 30_000)
    assert fresh(request).expires_at > SYSTEM_CLOCK.now()
    assert (purpose.reopened, acts("payment_request.reopened")) == ([request.purpose_id], 1)
    told = client.get(f"/api/v1/payment-requests/{request.code}").json
    assert (decode(told["vietqr"]).amount_vnd, decode(told["vietqr"]).bill) == (30_000, request.code)
    assert queries.kept_parts(limit=5).count == 0
    notify(client, "sepay", transfer(number, 30_000, request.code))
    assert fresh(request).status == "paid"
    assert purpose.paid == [request.purpose_id]


def test_a_reopened_request_may_expire_again(client, purpose):
    payee, number = make_payee()
    request = part_paid_and_expired(client, number, payee.id)
    reopen(request)
    assert services.expire_due(clock=FrozenClock(fresh(request).expires_at + timedelta(hours=1))) == 1
    assert fresh(request).status == "expired"
    assert purpose.expired == [request.purpose_id] * 2
    assert queries.kept_parts(limit=5).count == 1


def test_nothing_else_is_opened_again(client, purpose, clock):
    payee, number = make_payee()
    unpaid, paid, withdrawn = (make_request(payee_id=payee.id) for _one in range(3))
    notify(client, "sepay", transfer(number, 50_000, paid.code))
    with transaction():
        operations.cancel(queries.by_code(withdrawn.code, for_update=True), clock=clock)
    services.expire_due(clock=FrozenClock(unpaid.expires_at + timedelta(hours=1)))
    for request in (unpaid, paid, withdrawn):
        with pytest.raises(NotReopenable):
            reopen(request)
    assert purpose.reopened == []


def test_a_room_that_has_given_away_what_was_asked_for_refuses(client, purpose):
    payee, number = make_payee()
    request = part_paid_and_expired(client, number, payee.id)
    purpose.refusal = Conflict("Hàng đã hết.")
    with pytest.raises(Conflict, match="Hàng đã hết"):
        reopen(request)
    assert (fresh(request).status, queries.kept_parts(limit=5).count) == ("expired", 1)


def test_money_is_not_asked_for_at_an_account_its_payee_left(client, purpose, clock):
    payee, number = make_payee()
    request = part_paid_and_expired(client, number, payee.id)
    with transaction():
        account = payees_account(payee.id)
        account.active = False
    with pytest.raises(NotReopenable, match="đổi tài khoản"):
        reopen(request)


def payees_account(payee_id):
    from app.payments.payees import queries as payee_queries

    found = payee_queries.active_account(payee_id)
    assert found is not None
    return found


def test_many_who_ask_again_at_once_do_it_once(app: Flask, client, purpose):
    payee, number = make_payee()
    request = part_paid_and_expired(client, number, payee.id)
    assert at_once(app, [lambda: reopen(request).status] * 6) == ["part_paid"] * 6
    assert purpose.reopened == [request.purpose_id]


def test_only_the_finance_office_opens_again_over_the_api(client, purpose):
    payee, number = make_payee()
    request = part_paid_and_expired(client, number, payee.id)
    path, key = f"/api/v1/payment-requests/{request.code}/reopening", {"Idempotency-Key": "a"}
    assert client.post(path, headers=key).status_code == 401
    sign_in(client, make_user(role="auditor"))
    assert client.post(path, headers=key).status_code == 403
    sign_in(client, make_user(role="finance"))
    assert client.post(path, headers=key).json["status"] == "part_paid"
