"""When the account a household's money goes to is changed, its phone hears of it, once, before anything is paid out."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core import crypto
from app.core.clock import SYSTEM_CLOCK, in_vietnam
from app.core.crypto import DataKey
from app.core.database import db
from app.identity.models import SmsMessage
from app.identity.operations import SMS_TEXT_FIELD, SMS_TO_FIELD
from app.identity.roles import Role
from app.payments.payouts.errors import NothingToPay
from tests.factories.households import a_phone, known_areas, with_welfare_account  # noqa: F401  # a fixture
from tests.factories.market import make_shop
from tests.factories.payments import make_payee, make_purpose
from tests.factories.people import actor_for, make_user
from tests.payments.payouts.world import At, build, change_account, collect


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
