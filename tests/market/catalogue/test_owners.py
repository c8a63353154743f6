"""When the account a household's money goes to is changed, its phone hears of it, once, before anything is paid out."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from app.core import crypto
from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK, in_vietnam
from app.core.crypto import DataKey
from app.core.database import acting_as, db
from app.households.office import services as office
from app.households.own import services as own
from app.households.registry import queries as registry
from app.households.registry.people import SalesAccount
from app.identity.models import SmsMessage
from app.identity.operations import SMS_TEXT_FIELD, SMS_TO_FIELD
from app.identity.roles import Role
from app.payments.payees import queries as payees
from app.payments.payees.errors import AccountTaken
from app.payments.payouts.errors import NothingToPay
from tests.factories.households import (  # noqa: F401  # a fixture
    a_phone,
    an_officer,
    known_areas,
    speaking_for,
    with_welfare_account,
)
from tests.factories.market import make_shop
from tests.factories.payments import make_payee, make_purpose
from tests.factories.people import actor_for, make_user
from tests.payments.payouts.world import At, build, change_account, collect, payouts

ACCOUNT = SalesAccount("970403", "0011012345678", "HO MAU MOT")


@pytest.fixture
def finance(app, known_areas):  # noqa: F811
    make_purpose()
    return actor_for(make_user(role=Role.FINANCE))


def messages() -> list[tuple[str, str]]:
    """Number and text of the messages about money that waits."""
    db.session.rollback()
    found = []
    for sms in db.session.scalars(sa.select(SmsMessage)):
        key = db.session.get_one(DataKey, sms.data_key_id)
        text = crypto.unseal(key, SMS_TEXT_FIELD, sms.text_enc)
        if "giữ đến" in text:
            found.append((crypto.unseal(key, SMS_TO_FIELD, sms.to_enc), text))
    return found


@pytest.mark.parametrize("kind", ["shop", "welfare"])
def test_the_phone_known_before_hears_of_it_once(finance, kind):
    long_ago = At(SYSTEM_CLOCK.now() - timedelta(days=30))
    if kind == "shop":
        payee_id = make_shop(clock=long_ago, phone="0912345678").payee_id
    else:
        payee_id = with_welfare_account(clock=long_ago, phone="0912345678")[1].payee_id
    collect(payee_id, 50_000)
    changed_at = SYSTEM_CLOCK.now() - timedelta(hours=1)
    change_account(payee_id, "2233445566", clock=At(changed_at))
    for _twice in range(2):
        with pytest.raises(NothingToPay):
            build(finance)
    [(to, text)] = messages()
    until = in_vietnam(changed_at + timedelta(hours=72)).strftime("%H:%M %d/%m")
    assert to == "+84912345678" and until in text
    assert "2233445566" not in text and "5566" not in text


def test_whom_nobody_knows_holds_up_nothing(finance):
    payee = make_payee(clock=At(SYSTEM_CLOCK.now() - timedelta(days=30)))[0]
    collect(payee.id, 50_000)
    change_account(payee.id, "2233445566")
    with pytest.raises(NothingToPay):
        build(finance)
    assert messages() == []


def changed_to(home, number, clock):
    """The household asks for another account and an officer of its commune says yes."""
    asked = own.correct(
        actor=speaking_for(home.id),
        amendment_id=uuid4(),
        changes={"account_bin": "970436", "account_number": number, "account_holder": "HO MAU MOT"},
        base_version=home.version,
        clock=clock,
    )
    officer = an_officer(home.commune_code)
    return office.accept_amendment(actor=officer, amendment_id=asked.id, seen_version=home.version, clock=clock)


def paid_into(payee_id):
    """Number and holder of the account that the shop's money goes to."""
    db.session.rollback()
    account = payees.active_account(payee_id)
    assert account is not None
    return payees.account_number(account), payees.account_holder(account)


def test_an_account_the_office_said_yes_to_is_the_shops_after_three_days(finance):
    long_ago = At(SYSTEM_CLOCK.now() - timedelta(days=30))
    shop = make_shop(clock=long_ago, phone="0912345678", sales_account=ACCOUNT)
    with acting_as(SYSTEM):
        home = registry.get(shop.household_id)
        db.session.expunge(home)
    collect(shop.payee_id, 50_000)
    just_now = At(SYSTEM_CLOCK.now() - timedelta(hours=1))
    changed_to(home, "2233445566", just_now)
    assert paid_into(shop.payee_id) == ("2233445566", "HO MAU MOT")
    with pytest.raises(NothingToPay):
        build(finance)
    [(to, _text)] = messages()
    assert to == "+84912345678"
    batch = build(finance, clock=At(SYSTEM_CLOCK.now() + timedelta(hours=72)))
    db.session.rollback()
    [payout] = payouts(batch)
    assert payees.account_number(payees.get_account(payout.bank_account_id)) == "2233445566"


def test_taken_back_the_shop_is_paid_as_before(finance):
    long_ago = At(SYSTEM_CLOCK.now() - timedelta(days=30))
    shop = make_shop(clock=long_ago, sales_account=ACCOUNT)
    before = paid_into(shop.payee_id)
    with acting_as(SYSTEM):
        home = registry.get(shop.household_id)
        db.session.expunge(home)
    accepted = changed_to(home, "2233445566", SYSTEM_CLOCK)
    office.take_back_decision(
        actor=an_officer(home.commune_code), amendment_id=accepted.id, reason="Nhầm hộ", clock=SYSTEM_CLOCK
    )
    assert paid_into(shop.payee_id) == before


def test_an_account_of_another_shop_is_refused_and_nothing_changes(finance):
    long_ago = At(SYSTEM_CLOCK.now() - timedelta(days=30))
    make_shop(clock=long_ago, sales_account=SalesAccount("970436", "2233445566", "HO MAU HAI"))
    shop = make_shop(clock=long_ago, sales_account=ACCOUNT)
    with acting_as(SYSTEM):
        home = registry.get(shop.household_id)
        db.session.expunge(home)
    before = paid_into(shop.payee_id)
    with pytest.raises(AccountTaken):
        changed_to(home, "2233445566", SYSTEM_CLOCK)
    assert paid_into(shop.payee_id) == before
