"""A household hears of the 1,000 đ before they come, and how it ended; each thing once, and nothing that tells who."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.core import crypto
from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.core.errors import AppError
from app.households.registry.models import Household, How, Purpose
from app.households.welfare import services
from app.payments.payouts.states import Event
from tests.factories import households as make
from tests.factories.people import texts_to
from tests.payments.ledger.parallel import at_once
from tests.payments.payouts.world import by_hand, the_payout

from .test_welfare_trials import approver, ask, do_jobs, issued, maker, read, sent, tell  # noqa: F401 - fixtures among them

PHONE = "+84912777055"


def told(phone: str = PHONE) -> list[str]:
    """Messages about the test, oldest first."""
    with acting_as(SYSTEM):
        db.session.rollback()
        found = [text for text in texts_to(phone) if "chuyển thử" in text]
        db.session.rollback()
    return found


def a_try(**changes: Any) -> tuple[Household, Actor]:
    household, officer = issued(**({"phone": PHONE} | changes))
    ask(household, officer)
    return household, officer


def test_it_hears_before_and_once_the_money_arrived(maker: Actor, approver: Actor) -> None:  # noqa: F811
    household, officer = a_try()
    before = told()
    assert ["sẽ có 1.000 đ" in text for text in before] == [True]
    assert "Không phải trả lại" in before[0]
    assert "OTP" in before[0]
    ask(household, officer)
    batch = sent(maker, approver)
    assert told() == before
    tell(batch, "ACSC", maker)
    do_jobs(times=2)
    assert ["đã đến" in text for text in told()] == [False, True]


def test_it_hears_that_it_did_not_arrive_and_what_to_bring(maker: Actor, approver: Actor) -> None:  # noqa: F811
    a_try()
    tell(sent(maker, approver), "RJCT", maker, "AC04")
    do_jobs(times=2)
    assert ["không đến được" in text for text in told()] == [False, True]
    assert "sổ ngân hàng" in told()[1]


def test_it_hears_that_the_money_came_back_after_all(maker: Actor, approver: Actor) -> None:  # noqa: F811
    a_try()
    batch = sent(maker, approver)
    tell(batch, "ACSC", maker)
    do_jobs()
    by_hand(the_payout(batch), Event.RETURNED, maker, "Chủ thẻ không nhận")
    do_jobs(times=2)
    assert len(told()) == 3
    assert "tạm dừng nhận tiền" in told()[2]


def test_no_message_names_the_household_its_account_or_its_need(maker: Actor, approver: Actor) -> None:  # noqa: F811
    household, _officer = a_try()
    batch = sent(maker, approver)
    tell(batch, "ACSC", maker)
    do_jobs()
    by_hand(the_payout(batch), Event.RETURNED, maker, "Số 8888000999 không có")
    do_jobs()
    words = " ".join(told()).lower()
    for telling in ("8888000999", "0999", "thu", household.code, "nghèo", "an sinh", "ủng hộ", "sách vở"):
        assert f" {telling.lower()}" not in words.replace("chuyển thử", "")


def test_giving_up_and_asking_again_tells_once(app: Flask) -> None:
    household, officer = a_try()
    for _each in range(3):
        services.withdraw_test(actor=officer, household_id=household.id, clock=SYSTEM_CLOCK)
        ask(household, officer)
    assert len(told()) == 1


def test_a_hundred_who_press_at_once_send_one_message(app: Flask) -> None:
    household, officer = issued(phone=PHONE)

    def press() -> None:
        with acting_as(officer):
            ask(household, officer)

    at_once(app, [press] * 20)
    assert len(told()) == 1


def test_what_is_refused_tells_nobody(app: Flask) -> None:
    household, _officer = issued(phone=PHONE)
    with pytest.raises(AppError):
        ask(household, make.an_officer(make.DAI_PHUC))
    assert told() == []


def test_a_relatives_phone_is_used_only_while_the_household_agrees_to_be_reached(app: Flask) -> None:
    selling = {Purpose.SELLING: How.SPOKEN}
    a_try(phone_is_contact=True, consents=selling)
    assert told() == []
    a_try(phone="+84912777056", number="8888000111", phone_is_contact=True, consents={Purpose.CONTACT: How.SPOKEN})
    assert len(told("+84912777056")) == 1


def test_without_a_phone_the_test_goes_on(app: Flask) -> None:
    household, officer = issued(phone=None)
    assert ask(household, officer).status == "verifying"


def test_an_erased_household_is_told_nothing_and_the_account_still_follows(
    maker: Actor,  # noqa: F811
    approver: Actor,  # noqa: F811
) -> None:
    household, _officer = a_try()
    batch = sent(maker, approver)
    with transaction(actor=SYSTEM):
        crypto.destroy_data_key(household.data_key_id, clock=SYSTEM_CLOCK)
    tell(batch, "RJCT", maker, "AC04")
    do_jobs()
    assert read(household).status == "issued"
    assert len(told()) == 1


def test_it_is_in_vietnamese_whatever_the_officer_reads(app: Flask) -> None:
    household, officer = issued(phone=PHONE)
    with app.test_request_context(headers={"Accept-Language": "en"}), acting_as(officer):
        ask(household, officer)
    assert "sẽ có 1.000 đ" in told()[0]
