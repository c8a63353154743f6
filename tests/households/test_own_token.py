"""A program of somebody with several households says for which one it speaks, and never speaks for a stranger's."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.phones import normalise_phone
from app.identity import queries as accounts
from app.identity import session
from tests.factories.households import a_phone, verified
from tests.fakes.clock import FrozenClock

OWN = "/api/v1/own"


def headers_of(phone: str, household_id: UUID | str | None = None) -> dict[str, str]:
    user = accounts.by_phone(normalise_phone(phone))
    assert user is not None
    token, _ends = session.new_token(user, second_factor=False)
    named = {} if household_id is None else {session.HOUSEHOLD_HEADER: str(household_id)}
    return {session.TOKEN_HEADER: token} | named


def test_with_one_household_nothing_needs_saying(app: Flask, client: FlaskClient, clock: FrozenClock) -> None:
    phone = a_phone()
    home = verified(clock=clock, phone=phone)
    assert client.get(OWN, headers=headers_of(phone)).get_json()["code"] == home.code


def test_with_several_the_header_says_which(app: Flask, client: FlaskClient, clock: FrozenClock) -> None:
    phone = a_phone()
    homes = [verified(clock=clock, phone=phone) for _each in range(2)]
    for home in homes:
        assert client.get(OWN, headers=headers_of(phone, home.id)).get_json()["code"] == home.code
    told = client.get("/api/v1/me", headers=headers_of(phone)).get_json()
    assert set(told["households"]) == {str(home.id) for home in homes}
    assert told["speaks_for_household"] is False


@pytest.mark.parametrize("named", [None, "", "x", "stranger"])
def test_with_several_and_none_of_them_named_it_is_asked(
    app: Flask, client: FlaskClient, clock: FrozenClock, named: str | None
) -> None:
    phone = a_phone()
    homes = [verified(clock=clock, phone=phone) for _each in range(2)]
    stranger = verified(clock=clock)
    headers = headers_of(phone, stranger.id if named == "stranger" else named)
    answer = client.get(OWN, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "household_unclear")
    assert set(answer.get_json()["households"]) == {str(home.id) for home in homes}


def test_a_stranger_learns_nothing_of_the_household_they_name(
    app: Flask, client: FlaskClient, clock: FrozenClock
) -> None:
    phone = a_phone()
    home, stranger = verified(clock=clock, phone=phone), verified(clock=clock)
    assert client.get(OWN, headers=headers_of(phone, stranger.id)).get_json()["code"] == home.code
