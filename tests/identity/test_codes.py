"""One-time codes: short-lived, used once, counted, and silent about who is known."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM
from app.core.database import acting_as, db
from app.identity import queries, services
from app.identity.errors import TooManyTries, WrongCode
from app.identity.models import OneTimeCode, SmsMessage
from tests.factories.people import code_in, make_user, new_phone, texts_to
from tests.fakes.clock import FrozenClock


@pytest.fixture
def phone(app: Flask, clock: FrozenClock) -> str:
    """A number whose person just asked for a code."""
    number = queries.phone_of(make_user())
    services.ask_code(phone=number, clock=clock)
    return number


def _code(phone: str) -> str:
    return code_in(texts_to(phone)[-1])


def _other(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_the_code_of_the_message_opens(phone: str, clock: FrozenClock) -> None:
    code = _code(phone)
    user = services.check_code(phone=phone, code=f"{code[:3]} {code[3:]}", clock=clock)
    assert queries.phone_of(user) == phone


def test_a_code_works_once(phone: str, clock: FrozenClock) -> None:
    services.check_code(phone=phone, code=_code(phone), clock=clock)
    with pytest.raises(WrongCode):
        services.check_code(phone=phone, code=_code(phone), clock=clock)


def test_a_code_lasts_five_minutes(phone: str, clock: FrozenClock) -> None:
    clock.advance(minutes=5)
    with pytest.raises(WrongCode):
        services.check_code(phone=phone, code=_code(phone), clock=clock)


def test_a_code_is_dead_after_five_wrong_tries(phone: str, clock: FrozenClock) -> None:
    code = _code(phone)
    for _ in range(5):
        with pytest.raises(WrongCode):
            services.check_code(phone=phone, code=_other(code), clock=clock)
    with pytest.raises(WrongCode):
        services.check_code(phone=phone, code=code, clock=clock)


def test_a_new_code_voids_the_one_before(phone: str, clock: FrozenClock) -> None:
    first = _code(phone)
    services.ask_code(phone=phone, clock=clock)
    if first == _code(phone):
        pytest.skip("the same six digits twice: one in a million")
    with pytest.raises(WrongCode):
        services.check_code(phone=phone, code=first, clock=clock)
    services.check_code(phone=phone, code=_code(phone), clock=clock)


def test_a_code_of_one_phone_does_not_open_another(phone: str, clock: FrozenClock) -> None:
    other = queries.phone_of(make_user())
    with pytest.raises(WrongCode):
        services.check_code(phone=other, code=_code(phone), clock=clock)


def test_eight_at_once_with_the_right_code_let_one_in(app: Flask, phone: str, clock: FrozenClock) -> None:
    code = _code(phone)
    ready = threading.Barrier(8)

    def attempt(_number: int) -> bool:
        with app.app_context(), acting_as(SYSTEM):
            ready.wait()
            try:
                services.check_code(phone=phone, code=code, clock=clock)
            except WrongCode:
                return False
            return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(8))) == 1


def test_eight_wrong_guesses_at_once_are_all_counted(app: Flask, phone: str, clock: FrozenClock) -> None:
    wrong = _other(_code(phone))

    def attempt(_number: int) -> None:
        with app.app_context(), acting_as(SYSTEM), pytest.raises(WrongCode):
            services.check_code(phone=phone, code=wrong, clock=clock)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(attempt, range(8)))
    db.session.rollback()
    assert db.session.scalars(sa.select(OneTimeCode.tries)).one() == 5


@pytest.mark.parametrize("known", [True, False])
def test_three_codes_in_ten_minutes_and_no_more_known_or_not(app: Flask, clock: FrozenClock, known: bool) -> None:
    number = queries.phone_of(make_user()) if known else new_phone()
    for _ in range(3):
        services.ask_code(phone=number, clock=clock)
    with pytest.raises(TooManyTries) as refused:
        services.ask_code(phone=number, clock=clock)
    assert refused.value.details["retry_after_s"] == 600
    clock.advance(minutes=10)
    services.ask_code(phone=number, clock=clock)


def test_eight_asking_at_once_get_three_codes(app: Flask, clock: FrozenClock) -> None:
    number = new_phone()

    def ask(_number: int) -> bool:
        with app.app_context(), acting_as(SYSTEM):
            try:
                services.ask_code(phone=number, clock=clock)
            except TooManyTries:
                return False
            return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(ask, range(8))) == 3


def test_an_unknown_number_gets_no_message_but_leaves_the_same_work(app: Flask, clock: FrozenClock) -> None:
    services.ask_code(phone=new_phone(), clock=clock)
    services.ask_code(phone=queries.phone_of(make_user()), clock=clock)
    assert sorted(db.session.scalars(sa.select(SmsMessage.status))) == ["queued", "withheld"]
    counts = db.session.execute(
        sa.text("SELECT (SELECT count(*) FROM one_time_code), (SELECT count(*) FROM procrastinate_jobs)")
    ).one()
    assert tuple(counts) == (2, 2)


def test_somebody_switched_off_is_as_unknown(app: Flask, clock: FrozenClock) -> None:
    user = make_user()
    services.deactivate(actor=SYSTEM, user_id=user.id, clock=clock)
    services.ask_code(phone=queries.phone_of(user), clock=clock)
    assert db.session.scalars(sa.select(SmsMessage.status)).one() == "withheld"


def test_neither_code_nor_number_is_kept_readable(phone: str, clock: FrozenClock) -> None:
    code = _code(phone).encode()
    dumped = db.session.execute(
        sa.text(
            "SELECT (SELECT string_agg(t::text, ' ') FROM one_time_code t) || (SELECT string_agg(t::text, ' ')"
            " FROM sms_message t) || (SELECT string_agg(args::text, ' ') FROM procrastinate_jobs)"
        )
    ).scalar_one()
    assert phone.removeprefix("+84") not in dumped
    issued = db.session.scalars(sa.select(OneTimeCode)).one()
    assert code not in issued.code_hash and len(issued.code_hash) == 32
