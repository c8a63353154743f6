"""The same key and body is answered as the first time; the same key with another body is refused."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from flask import Flask, Response, jsonify

from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as
from app.core.errors import AppError, Conflict
from app.core.idempotency import forget_old_keys, idempotency_key, idempotent
from app.core.ids import uuid7
from tests.payments.ledger.parallel import at_once

pytestmark = pytest.mark.usefixtures("app")


class Till:
    """A view that counts its calls; keyed on the key it is given, as services are."""

    def __init__(self) -> None:
        self.calls = 0
        self.made: dict[str, int] = {}
        self._serial = itertools.count(1)
        self.view = idempotent(self._serve)

    def _serve(self) -> Response:
        self.calls += 1
        number = self.made.setdefault(idempotency_key(), next(self._serial))
        answer = jsonify(number=number)
        answer.status_code = 201
        return answer


@pytest.fixture
def till() -> Till:
    return Till()


def send(app: Flask, till: Till, key: str | None, body: bytes = b"{}", actor: Actor = SYSTEM) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    with app.test_request_context("/api/v1/things", method="POST", data=body, headers=headers), acting_as(actor):
        return till.view()


def test_the_same_key_and_body_gets_the_stored_answer(app: Flask, till: Till):
    first, second = (send(app, till, "k1", b'{"a": 1}') for _time in range(2))
    assert (first.status_code, first.json) == (second.status_code, second.json) == (201, {"number": 1})
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert till.calls == 1


def test_the_same_key_with_another_body_is_refused(app: Flask, till: Till):
    send(app, till, "k1", b'{"a": 1}')
    with pytest.raises(AppError) as refused:
        send(app, till, "k1", b'{"a": 2}')
    assert (refused.value.status, refused.value.code) == (409, "idempotency_key_reused")
    assert till.calls == 1


@pytest.mark.parametrize("key", [None, "", " ", "x" * 101, "chìa", "a\tb"])
def test_a_missing_or_unfit_key_is_refused_by_name(app: Flask, till: Till, key: str | None):
    with pytest.raises(AppError) as refused:
        send(app, till, key)
    assert (refused.value.status, refused.value.code) == (400, "idempotency_key_missing")
    assert till.calls == 0


def test_two_callers_may_choose_the_same_key(app: Flask, till: Till):
    one, other = Actor(uuid7()), Actor(uuid7())
    assert send(app, till, "k1", actor=one).json == {"number": 1}
    assert send(app, till, "k1", b'{"a": 2}', actor=other).json == {"number": 2}


def test_many_at_once_get_one_answer(app: Flask, till: Till):
    answers = at_once(app, [lambda: send(app, till, "k1").json] * 12)
    assert {answer["number"] for answer in answers} == {next(iter(till.made.values()))}


def test_a_refusal_is_not_stored_and_the_next_try_counts(app: Flask):
    moods: list[Any] = [Conflict("not now"), None]

    def moody() -> Response:
        mood = moods.pop(0)
        if mood:
            raise mood
        return jsonify(done=True)

    till = Till()
    till.view = idempotent(moody)
    with pytest.raises(Conflict):
        send(app, till, "k1")
    assert send(app, till, "k1").json == {"done": True}


def test_old_keys_are_forgotten(app: Flask, till: Till):
    send(app, till, "k1")
    assert forget_old_keys(SYSTEM_CLOCK.now()) == 1
    send(app, till, "k1")
    assert till.calls == 2
