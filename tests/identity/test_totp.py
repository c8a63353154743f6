"""Authenticator codes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from app.core.actor import SYSTEM
from app.core.errors import Conflict
from app.identity import services, totp
from app.identity.errors import TooManyTries, WrongTotp
from app.identity.models import User
from app.identity.roles import Role
from tests.factories.people import TOTP_SECRET, make_user
from tests.fakes.clock import FrozenClock

# RFC 6238 appendix B, SHA-1, secret "12345678901234567890", cut to six digits.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_CODES = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}


@pytest.mark.parametrize(("second", "code"), RFC_CODES.items())
def test_codes_are_those_of_the_standard(second: int, code: str) -> None:
    moment = datetime.fromtimestamp(second, UTC)
    assert totp.code_at(RFC_SECRET, totp.step_of(moment)) == code
    assert totp.match(RFC_SECRET, code, at=moment, after=None) == second // 30


@pytest.fixture
def officer(app: Flask) -> User:
    return make_user(Role.COMMUNE_OFFICER, areas=["05503"])


def _code(clock: FrozenClock, steps: int = 0) -> str:
    return totp.code_at(TOTP_SECRET, totp.step_of(clock.now()) + steps)


def test_a_code_is_accepted_once(officer: User, clock: FrozenClock) -> None:
    services.check_totp(user_id=officer.id, code=_code(clock), clock=clock)
    with pytest.raises(WrongTotp):
        services.check_totp(user_id=officer.id, code=_code(clock), clock=clock)
    clock.advance(seconds=30)
    with pytest.raises(WrongTotp):
        services.check_totp(user_id=officer.id, code=_code(clock, -1), clock=clock)
    services.check_totp(user_id=officer.id, code=_code(clock), clock=clock)


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(officer: User, clock: FrozenClock, steps: int, fits: bool) -> None:
    if fits:
        services.check_totp(user_id=officer.id, code=_code(clock, steps), clock=clock)
    else:
        with pytest.raises(WrongTotp):
            services.check_totp(user_id=officer.id, code=_code(clock, steps), clock=clock)


def test_five_wrong_codes_lock_for_a_quarter_of_an_hour(officer: User, clock: FrozenClock) -> None:
    for _ in range(5):
        with pytest.raises(WrongTotp):
            services.check_totp(user_id=officer.id, code="1", clock=clock)
    with pytest.raises(TooManyTries):
        services.check_totp(user_id=officer.id, code=_code(clock), clock=clock)
    clock.advance(minutes=15)
    services.check_totp(user_id=officer.id, code=_code(clock), clock=clock)


def test_an_app_counts_once_a_code_of_it_was_shown(app: Flask, clock: FrozenClock) -> None:
    user = make_user(Role.FINANCE, totp_secret=None)
    secret = services.begin_totp(user_id=user.id, clock=clock)
    assert services.begin_totp(user_id=user.id, clock=clock) == secret
    code = totp.code_at(secret, totp.step_of(clock.now()))
    services.check_totp(user_id=user.id, code=code, clock=clock)
    with pytest.raises(Conflict):
        services.begin_totp(user_id=user.id, clock=clock)


def test_a_lost_app_is_forgotten_and_set_up_anew(officer: User, clock: FrozenClock) -> None:
    services.reset_totp(actor=SYSTEM, user_id=officer.id, clock=clock)
    with pytest.raises(WrongTotp):
        services.check_totp(user_id=officer.id, code=_code(clock), clock=clock)
    assert services.begin_totp(user_id=officer.id, clock=clock) != TOTP_SECRET


def test_the_qr_says_what_an_app_needs() -> None:
    text = totp.uri(RFC_SECRET, label="Chị Lan")
    assert text.startswith("otpauth://totp/Ch%E1%BB%A3%20Phi%C3%AAn:Ch%E1%BB%8B%20Lan?secret=" + RFC_SECRET)
    assert "issuer=Ch%E1%BB%A3%20Phi%C3%AAn" in text and "digits=6" in text and "period=30" in text
