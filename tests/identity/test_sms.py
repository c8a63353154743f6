"""Text messages: sent once each, retried with the same key, unreadable later."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from app.core.crypto import KeyDestroyed
from app.core.database import db, transaction
from app.identity import operations, services, tasks
from app.identity.models import SmsMessage
from app.identity.sms import HttpGateway, SmsUnavailable
from tests.factories.people import make_user, texts_to
from tests.fakes.clock import FrozenClock
from tests.fakes.sms import FakeSms, sms_gateway

NUMBER = "+84912345678"


@pytest.fixture
def fake() -> Iterator[FakeSms]:
    with sms_gateway() as gateway:
        yield gateway


def _gateway(fake: FakeSms) -> HttpGateway:
    return HttpGateway(fake.url, fake.api_key, first_wait_s=0.01)


def _queue(clock: FrozenClock, text: str = "Chào bà con") -> UUID:
    with transaction():
        return operations.queue_sms(phone_e164=NUMBER, text=text, clock=clock).id


def _status(message_id: UUID) -> str:
    return db.session.get_one(SmsMessage, message_id, populate_existing=True).status


def test_a_message_reaches_its_number_once_however_often_the_job_runs(
    app: Flask, clock: FrozenClock, fake: FakeSms
) -> None:
    message_id = _queue(clock)
    for _ in range(2):
        services.deliver_sms(message_id=message_id, gateway=_gateway(fake), clock=clock)
    assert fake.texts_to(NUMBER) == ["Chào bà con"] and fake.requests == 1
    assert _status(message_id) == "sent"


def test_a_lost_answer_is_asked_for_again_with_the_same_key(app: Flask, clock: FrozenClock, fake: FakeSms) -> None:
    fake.faults = ["silent"]
    message_id = _queue(clock)
    services.deliver_sms(message_id=message_id, gateway=_gateway(fake), clock=clock)
    assert fake.requests == 2 and list(fake.sent) == [str(message_id)]
    assert _status(message_id) == "sent"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_gateway_leaves_the_message_for_the_next_run(
    app: Flask, clock: FrozenClock, fake: FakeSms, status: int
) -> None:
    fake.faults = [status]
    message_id = _queue(clock)
    with pytest.raises(SmsUnavailable):
        services.deliver_sms(message_id=message_id, gateway=_gateway(fake), clock=clock)
    assert _status(message_id) == "queued"
    services.deliver_sms(message_id=message_id, gateway=_gateway(fake), clock=clock)
    assert _status(message_id) == "sent"


def test_a_gateway_that_is_gone_says_nothing_of_the_message(app: Flask, clock: FrozenClock, fake: FakeSms) -> None:
    gateway = HttpGateway("http://127.0.0.1:9/sms", "key", first_wait_s=0.01)
    with pytest.raises(SmsUnavailable) as failure:
        services.deliver_sms(message_id=_queue(clock), gateway=gateway, clock=clock)
    assert NUMBER not in str(failure.value) and failure.value.__cause__ is None


def test_a_refused_message_is_given_up(app: Flask, clock: FrozenClock, fake: FakeSms) -> None:
    fake.faults = [422]
    message_id = _queue(clock)
    services.deliver_sms(message_id=message_id, gateway=_gateway(fake), clock=clock)
    assert _status(message_id) == "failed"


def test_a_message_past_its_time_is_not_sent(app: Flask, clock: FrozenClock, fake: FakeSms) -> None:
    message_id = _queue(clock)
    clock.advance(hours=24)
    services.deliver_sms(message_id=message_id, gateway=_gateway(fake), clock=clock)
    assert _status(message_id) == "failed" and not fake.sent


def test_a_message_falls_with_the_transaction_that_asked_for_it(app: Flask, clock: FrozenClock) -> None:
    with pytest.raises(RuntimeError), transaction():
        operations.queue_sms(phone_e164=NUMBER, text="Chào", clock=clock)
        raise RuntimeError
    assert texts_to(NUMBER) == []


def test_a_person_is_written_to_by_who_they_are(app: Flask, clock: FrozenClock) -> None:
    user = make_user(phone=NUMBER)
    with transaction():
        operations.queue_sms(user=user, text="Chào", clock=clock)
    assert texts_to(NUMBER) == ["Chào"]


def test_the_job_finds_gateway_and_key_in_the_settings(app: Flask, clock: FrozenClock, fake: FakeSms) -> None:
    before = app.config["CHOPHIEN"]
    app.config["CHOPHIEN"] = dataclasses.replace(before, sms_url=fake.url, sms_api_key=fake.api_key)
    try:
        clock.advance(days=36_500)  # the job reads the real clock
        tasks.send_sms(sms_id=str(_queue(clock)))
    finally:
        app.config["CHOPHIEN"] = before
    assert fake.texts_to(NUMBER) == ["Chào bà con"]


def test_old_messages_can_no_longer_be_read(app: Flask, clock: FrozenClock) -> None:
    _queue(clock)
    clock.advance(**{"seconds": (services.KEEP_MESSAGES + timedelta(seconds=1)).total_seconds()})
    services.forget_old(clock=clock)
    with pytest.raises(KeyDestroyed):
        texts_to(NUMBER)
