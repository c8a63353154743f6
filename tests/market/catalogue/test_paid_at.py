"""A shop's money follows the account on its household's papers once an officer has said yes, held and told of."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM, Actor
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK, in_vietnam
from app.core.database import acting_as, db, transaction
from app.households.office import services as office
from app.households.own import services as own
from app.households.registry import amendments
from app.households.registry import queries as registry
from app.households.registry import services as registry_services
from app.households.registry.models import Household, HouseholdAmendment
from app.identity.roles import Role
from app.market.catalogue.models import Shop
from app.payments.payees import queries as payees
from app.payments.payees.errors import AccountTaken
from app.payments.payouts.errors import NothingToPay
from app.payments.payouts.limits import HOLD
from tests.factories.households import (
    a_phone,
    an_officer,
    known_areas,  # noqa: F401  # a fixture
    speaking_for,
)
from tests.factories.market import make_product, make_seller, make_shop
from tests.factories.payments import make_purpose
from tests.factories.people import actor_for, make_user
from tests.market.catalogue.test_owners import messages
from tests.market.orders.conftest import buy, request_of
from tests.payments.payouts.world import At, build, collect, payouts

NEW = {"account_bin": "970436", "account_number": "2233445566", "account_holder": "NGUYEN THI THU"}
LONG_AGO = At(SYSTEM_CLOCK.now() - timedelta(days=30))
WHY = "Gọi lại thì không đúng"


@pytest.fixture
def finance(app: Flask, known_areas: None) -> Actor:  # noqa: F811
    make_purpose()
    return actor_for(make_user(role=Role.FINANCE))


@pytest.fixture
def shop(finance: Actor) -> Shop:
    return make_shop(clock=LONG_AGO, phone="0912345678")


def ask(shop: Shop, **changes: str | None) -> HouseholdAmendment:
    """The household asks the commune."""
    return own.correct(
        actor=speaking_for(shop.household_id), amendment_id=uuid4(), changes=changes, base_version=version(shop),
        clock=SYSTEM_CLOCK,
    )  # fmt: skip


def accept(shop: Shop, asked: HouseholdAmendment, officer: Actor | None = None) -> None:
    office.accept_amendment(
        actor=officer or an_officer(), amendment_id=asked.id, seen_version=version(shop), clock=SYSTEM_CLOCK
    )


def version(shop: Shop) -> int:
    db.session.rollback()
    with acting_as(SYSTEM):
        return db.session.get_one(Household, shop.household_id, populate_existing=True).version


def paid_at(shop: Shop) -> str | None:
    """The number of the account the shop is paid at."""
    db.session.rollback()
    with acting_as(SYSTEM):
        account = payees.active_account(shop.payee_id)
        return payees.account_number(account) if account else None


def acts(shop: Shop) -> list[str]:
    wanted = sa.select(AuditEvent.action).where(AuditEvent.subject_id == shop.id).order_by(AuditEvent.id)
    return list(db.session.scalars(wanted))


def test_an_accepted_account_is_the_shops_after_the_hold_and_the_old_phone_hears_at_once(
    finance: Actor, shop: Shop
) -> None:
    before = paid_at(shop)
    collect(shop.payee_id, 50_000)
    asked = ask(shop, **NEW)
    assert (paid_at(shop), messages()) == (before, [])
    accept(shop, asked)
    assert paid_at(shop) == "2233445566"
    assert acts(shop)[-1] == "shop.account_changed"
    [(to, text)] = messages()
    assert to == "+84912345678"
    assert in_vietnam(SYSTEM_CLOCK.now() + HOLD).strftime("%d/%m") in text
    assert "5566" not in text
    for _twice in range(2):
        with pytest.raises(NothingToPay):
            build(finance)
    assert len(messages()) == 1
    batch = build(finance, clock=At(SYSTEM_CLOCK.now() + HOLD + timedelta(minutes=1)))
    [payout] = payouts(batch)
    with acting_as(SYSTEM):
        assert payees.account_number(payees.get_account(payout.bank_account_id)) == "2233445566"


def test_the_phone_before_hears_even_when_the_number_changes_with_it(shop: Shop) -> None:
    accept(shop, ask(shop, **NEW, phone=a_phone()))
    assert [to for to, _text in messages()] == ["+84912345678"]


def test_the_next_buyer_is_shown_the_new_account(finance: Actor) -> None:
    seller = make_seller(clock=LONG_AGO)
    product = make_product(seller=seller, clock=LONG_AGO)
    accept(seller.shop, ask(seller.shop, **NEW))
    request = request_of(buy([(product, 1)], clock=SYSTEM_CLOCK))
    with acting_as(SYSTEM):
        assert request.bank_account_id
        assert payees.account_number(payees.get_account(request.bank_account_id)) == "2233445566"


def test_undone_the_old_account_is_back_and_held_too(finance: Actor, shop: Shop) -> None:
    before, officer = paid_at(shop), an_officer()
    collect(shop.payee_id, 50_000)
    asked = ask(shop, **NEW)
    accept(shop, asked, officer)
    office.take_back_decision(actor=officer, amendment_id=asked.id, reason=WHY, clock=SYSTEM_CLOCK)
    assert paid_at(shop) == before
    with pytest.raises(NothingToPay):
        build(finance)


def test_refused_nothing_moves(shop: Shop) -> None:
    before, asked = paid_at(shop), ask(shop, **NEW)
    office.refuse_amendment(actor=an_officer(), amendment_id=asked.id, reason=WHY, clock=SYSTEM_CLOCK)
    assert (paid_at(shop), messages()) == (before, [])


def test_what_is_no_account_moves_no_account(shop: Shop) -> None:
    accept(shop, ask(shop, address="Nhà mới đầu xóm"))
    assert "shop.account_changed" not in acts(shop)
    assert messages() == []


def test_another_shops_account_is_refused_and_nothing_changes(shop: Shop, finance: Actor) -> None:
    other = make_shop(clock=LONG_AGO)
    before, taken = paid_at(shop), paid_at(other)
    asked = ask(shop, **NEW | {"account_bin": "970415", "account_number": taken})
    was = version(shop)
    with pytest.raises(AccountTaken):
        accept(shop, asked)
    assert (paid_at(shop), version(shop), messages()) == (before, was, [])


def test_an_account_taken_off_the_papers_is_paid_no_more(shop: Shop) -> None:
    accept(shop, ask(shop, **dict.fromkeys(NEW)))
    assert paid_at(shop) is None
    assert acts(shop)[-1] == "shop.account_removed"
    accept(shop, ask(shop, **NEW))
    assert paid_at(shop) == "2233445566"


def test_while_the_commune_has_not_said_yes_nothing_moves_and_then_the_shop_catches_up(shop: Shop) -> None:
    before = paid_at(shop)
    home, first = shop.household_id, an_officer()
    office.take_back_approval(actor=first, household_id=home, reason=WHY, clock=SYSTEM_CLOCK)
    with transaction(actor=first):
        amendments.apply(first, registry.get(home, for_update=True), dict(NEW), clock=SYSTEM_CLOCK)
    assert paid_at(shop) == before
    registry_services.verify(actor=an_officer(), household_id=home, clock=SYSTEM_CLOCK)
    assert paid_at(shop) == "2233445566"
    assert [to for to, _text in messages()] == ["+84912345678"]
