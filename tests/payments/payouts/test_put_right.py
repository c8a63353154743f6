"""A payout that was said to be returned by mistake is put right, once, by another person."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa

from app.config import libpq_url
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.identity.roles import Role
from app.payments.payouts import services
from app.payments.payouts.errors import ArrivedByTheSame, MoneyElsewhere, NoLongerPayable, WrongMoment
from app.payments.payouts.states import Event
from tests.factories.people import actor_for, make_user, post_form, sign_in
from tests.payments.ledger.parallel import at_once
from tests.payments.payouts.bank import report
from tests.payments.payouts.world import (
    at_the_bank_vnd,
    build,
    by_hand,
    fresh,
    money,
    promise,
    sent,
    sold,
    states,
    the_payout,
)

TOMORROW = SYSTEM_CLOCK.now().date() + timedelta(days=2)


@pytest.fixture
def seller(app):
    return sold(50_000)


@pytest.fixture
def batch(seller, maker, approver):
    """Its one payout was said to be returned."""
    made = sent(maker, approver)
    by_hand(the_payout(made), Event.RETURNED, maker)
    return fresh(made)


def test_the_money_leaves_anew_and_the_word_can_be_taken_back_again(batch, seller, maker, approver):
    for _twice in range(2):
        by_hand(the_payout(batch), Event.ARRIVED, approver, "Sao kê có khoản này")
    payout = the_payout(batch)
    assert (payout.status, payout.reason_code, payout.answered_by) == ("confirmed", None, approver.user_id)
    assert (money(seller), at_the_bank_vnd(), fresh(batch).status) == ((0, 0), 50_000, "settled")
    noted = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "payout_arrived_by_hand")).all()
    assert [event.details["reason"] for event in noted] == ["Sao kê có khoản này"]
    by_hand(the_payout(batch), Event.RETURNED, maker)
    assert (states(batch), money(seller), at_the_bank_vnd()) == (["returned"], (50_000, 0), 0)
    by_hand(the_payout(batch), Event.ARRIVED, approver)
    assert (states(batch), money(seller), at_the_bank_vnd()) == (["confirmed"], (0, 0), 50_000)


def test_who_said_that_it_came_back_does_not_say_that_it_arrived(batch, seller, maker):
    with pytest.raises(ArrivedByTheSame):
        by_hand(the_payout(batch), Event.ARRIVED, maker)
    assert (states(batch), money(seller)) == (["returned"], (50_000, 0))


def test_what_was_never_said_to_be_returned_does_not_arrive_this_way(seller, maker, approver):
    made = sent(maker, approver)
    with pytest.raises(WrongMoment):
        by_hand(the_payout(made), Event.ARRIVED, maker)


def test_a_file_never_does_it(batch, approver):
    data = report(batch, [(the_payout(batch), "ACSC", "")])
    made = services.upload(batch.id, data=data, file_name="x", actor=approver, clock=SYSTEM_CLOCK)
    services.apply(made.id, actor=approver, clock=SYSTEM_CLOCK)
    assert states(batch) == ["returned"]


def test_while_another_batch_holds_the_money_that_one_goes_first(batch, seller, maker, approver):
    again = build(maker, period=TOMORROW)
    services.approve(again.id, actor=approver, clock=SYSTEM_CLOCK)
    with pytest.raises(MoneyElsewhere) as refused:
        by_hand(the_payout(batch), Event.ARRIVED, approver)
    assert refused.value.details["batch"] == again.code
    assert "Hủy đợt đó trước" in refused.value.message
    assert (states(batch), money(seller)) == (["returned"], (50_000, 50_000))
    services.cancel(again.id, reason="Tiền đã đến", actor=maker, clock=SYSTEM_CLOCK)
    by_hand(the_payout(batch), Event.ARRIVED, approver)
    assert (states(batch), money(seller), at_the_bank_vnd()) == (["confirmed"], (0, 0), 50_000)


def test_what_already_left_again_has_to_come_back_first(batch, seller, maker, approver):
    again = sent(maker, approver, period=TOMORROW)
    with pytest.raises(MoneyElsewhere) as refused:
        by_hand(the_payout(batch), Event.ARRIVED, approver)
    assert "Nhờ ngân hàng dừng" in refused.value.message
    by_hand(the_payout(again), Event.RETURNED, maker)
    by_hand(the_payout(batch), Event.ARRIVED, approver)
    assert (states(batch), money(seller)) == (["confirmed"], (0, 0))


def test_money_that_is_spent_is_not_moved(batch, seller, approver):
    promise(seller, 1)
    with pytest.raises(MoneyElsewhere) as refused:
        by_hand(the_payout(batch), Event.ARRIVED, approver)
    assert (refused.value.details["batch"], money(seller)) == (None, (50_000, 1))


def test_a_draft_that_counted_on_the_money_pays_nothing_of_it(batch, seller, maker, approver):
    again = build(maker, period=TOMORROW)
    by_hand(the_payout(batch), Event.ARRIVED, approver)
    with pytest.raises(NoLongerPayable):
        services.approve(again.id, actor=approver, clock=SYSTEM_CLOCK)
    assert (money(seller), at_the_bank_vnd()) == ((0, 0), 50_000)


def test_putting_right_and_paying_again_at_once_move_the_money_once(app, batch, seller, maker, approver):
    again = build(maker, period=TOMORROW)
    payout = the_payout(batch)
    done = at_once(app, [
        *(lambda: by_hand(payout, Event.ARRIVED, approver) for _each in range(5)),
        *(lambda: services.approve(again.id, actor=approver, clock=SYSTEM_CLOCK) for _each in range(5)),
    ])  # fmt: skip
    refusals = {type(error) for error in done if isinstance(error, Exception)}
    arrived = states(batch) == ["confirmed"]
    assert refusals == ({NoLongerPayable} if arrived else {MoneyElsewhere})
    assert money(seller) == ((0, 0) if arrived else (50_000, 50_000))


def test_the_database_itself_wants_a_second_person_for_it(database_url, batch):
    db.session.rollback()
    with psycopg.connect(libpq_url(database_url)) as superuser, pytest.raises(psycopg.errors.IntegrityError) as refused:
        superuser.execute("UPDATE payout SET status = 'confirmed', posted_id = id WHERE batch_id = %s", [batch.id])
    assert refused.value.diag.constraint_name == "payout_second_person"


def test_the_page_offers_it_to_others_only(app, client, seller, maker, approver):
    user = make_user(role=Role.FINANCE)
    made = sent(maker, approver)
    path = f"/dieu-hanh/chi-tra/khoan/{the_payout(made).id}"
    sign_in(client, user)
    by_hand(the_payout(made), Event.RETURNED, actor_for(user))
    page = client.get(path).text
    assert ("Ghi nhầm? Nhờ người khác" in page, "Ghi lại là đã đến" in page) == (True, False)
    assert post_form(client, f"{path}/van-da-den", reason="Đã đến rồi").status_code == 403
    other = app.test_client()
    sign_in(other, make_user(role=Role.FINANCE))
    assert "Ghi lại là đã đến" in other.get(path).text
    assert post_form(other, f"{path}/van-da-den", reason="").status_code == 422
    assert post_form(other, f"{path}/van-da-den", reason="Sao kê", bank_reference="FT7").status_code == 303
    page = other.get(path).text
    assert ("đã đến tài khoản" in page, "FT7" in page, "Tiền vẫn còn nguyên" in page) == (True, True, False)
