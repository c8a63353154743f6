"""A trusted contact sells for a household and no more: money, full data and papers with its name are for its people."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.actor import SYSTEM, Actor
from app.core.database import acting_as
from app.core.phones import normalise_phone
from app.households.own import guards
from app.households.own.errors import ThroughContact
from app.households.registry.models import Household
from app.households.registry.people import SalesAccount
from app.identity import queries as accounts
from app.identity.models import User
from app.market.catalogue import services
from tests.factories.households import a_phone, known_areas, verified  # noqa: F401  # a fixture
from tests.factories.market import Seller, a_product, make_product
from tests.factories.people import sign_in
from tests.fakes.clock import FrozenClock

ELSEWHERE = SalesAccount("970436", "0999888777", "NGUOI MAU")


@pytest.fixture
def contact(app: Flask, known_areas: None, clock: FrozenClock) -> Iterator[tuple[Household, User, Actor]]:  # noqa: F811
    """A household with no phone of its own, and who stands in for it."""
    phone = a_phone()
    home = verified(clock=clock, phone=phone, phone_is_contact=True)
    user = accounts.by_phone(normalise_phone(phone))
    assert user is not None
    yield home, user, accounts.actor_of(user, clock=clock)


def test_a_contact_opens_the_shop_and_sells(contact: tuple[Household, User, Actor], clock: FrozenClock) -> None:
    home, _user, actor = contact
    shop = services.open_shop(actor=actor, household_id=home.id, name="Chè nhà mẫu", clock=clock)
    product = make_product(clock=clock, seller=Seller(actor, shop))
    services.set_paused(actor=actor, code=product.code, paused=True, clock=clock)
    assert a_product().name == product.name


def test_a_contact_does_not_say_where_the_money_goes(
    contact: tuple[Household, User, Actor], clock: FrozenClock
) -> None:
    home, _user, actor = contact
    with pytest.raises(ThroughContact):
        services.open_shop(actor=actor, household_id=home.id, name="Chè nhà mẫu", account=ELSEWHERE, clock=clock)


def test_the_households_own_people_do(app: Flask, known_areas: None, clock: FrozenClock) -> None:  # noqa: F811
    home = verified(clock=clock)
    own = Actor(user_id=uuid4(), roles=frozenset({"household"}), household_id=home.id)
    assert services.open_shop(actor=own, household_id=home.id, name="Chè nhà mẫu", account=ELSEWHERE, clock=clock)


def test_a_contact_takes_no_statement_along_and_opens_no_buyers_account(
    contact: tuple[Household, User, Actor], client: FlaskClient, clock: FrozenClock
) -> None:
    home, user, actor = contact
    services.open_shop(actor=actor, household_id=home.id, name="Chè nhà mẫu", clock=clock)
    sign_in(client, user)
    assert client.get("/ban-hang").status_code == 200
    refused = client.get("/ban-hang/thu-nhap/2026.pdf")
    assert refused.status_code == 403
    assert "Người liên hệ giúp không làm thay" in refused.text
    page = client.get("/ban-hang/san-pham/moi").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    asked = client.post(f"/ban-hang/don-hang/DH-MAU/tai-khoan-khach/{uuid4()}", data={"csrf_token": token})
    assert asked.status_code == 403


def test_others_are_not_held_up_by_the_guard(contact: tuple[Household, User, Actor]) -> None:
    home, _user, actor = contact
    with acting_as(SYSTEM):
        assert guards.stands_in(actor)
        for other in (SYSTEM, Actor(), Actor(user_id=uuid4(), roles=frozenset({"finance"}))):
            guards.demand_kin(other)
        assert home.phone_is_contact
