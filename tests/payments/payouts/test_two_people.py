"""Nobody alone lets money go, says that it came back, and lets it go again."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from app.config import libpq_url
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.identity.roles import Role
from app.payments.payouts import services
from app.payments.payouts.errors import ApproverSaidReturned, ReturnedByApprover
from app.payments.payouts.states import Event
from tests.factories.people import actor_for, make_user, post_form, sign_in
from tests.payments.payouts.bank import csv_sheet, report
from tests.payments.payouts.world import OWN, At, by_hand, fresh, money, payouts, sold, states, the_payout

LIST = "/dieu-hanh/chi-tra"
NOW = SYSTEM_CLOCK.now()


def daily(days: int = 0):
    batch = services.build_daily(clock=At(NOW + timedelta(days=days)))
    assert batch is not None
    return batch


def sent_daily(approver):
    """The clock's batch of one payout, approved by one person and at the bank."""
    batch = daily()
    services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    services.xml_file(batch.id, own=OWN, actor=approver, clock=SYSTEM_CLOCK)
    return fresh(batch)


@pytest.mark.parametrize("after", [None, Event.CONFIRMED])
def test_who_approved_a_batch_says_of_none_of_its_payouts_that_it_came_back(maker, approver, after):
    seller = sold()
    batch = sent_daily(approver)
    if after:
        by_hand(the_payout(batch), after, approver)
    before, left = states(batch), money(seller)
    with pytest.raises(ReturnedByApprover):
        by_hand(the_payout(batch), Event.RETURNED, approver)
    assert (states(batch), money(seller)) == (before, left)
    by_hand(the_payout(batch), Event.RETURNED, maker)
    assert (states(batch), the_payout(batch).answered_by) == (["returned"], maker.user_id)


def test_a_home_made_sheet_is_no_second_person(maker, approver):
    sold(), sold()
    batch = sent_daily(approver)
    one, two = payouts(batch)
    sheet = csv_sheet([(1, one.code, "", "Thành công", "", ""), (2, two.code, "", "Thất bại", "", "")])
    made = services.upload(batch.id, data=sheet, file_name="x.csv", actor=approver, clock=SYSTEM_CLOCK)
    with pytest.raises(ReturnedByApprover):
        services.apply(made.id, actor=approver, clock=SYSTEM_CLOCK)
    assert states(batch) == ["sent", "sent"]
    services.apply(made.id, actor=maker, clock=SYSTEM_CLOCK)
    assert states(batch) == ["confirmed", "returned"]


def test_who_approved_a_batch_may_apply_a_file_in_which_all_arrived(approver):
    sold()
    batch = sent_daily(approver)
    data = report(batch, [(the_payout(batch), "ACSC", "")])
    made = services.upload(batch.id, data=data, file_name="x.xml", actor=approver, clock=SYSTEM_CLOCK)
    services.apply(made.id, actor=approver, clock=SYSTEM_CLOCK)
    assert states(batch) == ["confirmed"]


@pytest.mark.parametrize("by", ["hand", "file"])
def test_who_said_that_it_came_back_lets_it_not_go_again_for_ninety_days(maker, approver, by):
    sold()
    batch = sent_daily(approver)
    if by == "hand":
        by_hand(the_payout(batch), Event.RETURNED, maker)
    else:
        data = report(batch, [(the_payout(batch), "RJCT", "AC04")])
        made = services.upload(batch.id, data=data, file_name="x.xml", actor=approver, clock=SYSTEM_CLOCK)
        services.apply(made.id, actor=maker, clock=SYSTEM_CLOCK)
    again = daily(1)
    for days in (1, 89):
        with pytest.raises(ApproverSaidReturned):
            services.approve(again.id, actor=maker, clock=At(NOW + timedelta(days=days)))
    assert fresh(again).status == "draft"
    assert services.approve(again.id, actor=approver, clock=SYSTEM_CLOCK).status == "approved"


def test_after_ninety_days_or_for_other_payees_it_does_not_matter(maker, approver):
    sold()
    batch = sent_daily(approver)
    by_hand(the_payout(batch), Event.RETURNED, maker)
    late = NOW + timedelta(days=91)
    assert services.approve(daily(1).id, actor=maker, clock=At(late)).status == "approved"
    sold()
    assert services.approve(daily(2).id, actor=maker, clock=SYSTEM_CLOCK).status == "approved"


@pytest.mark.parametrize("who", ["approved_by", "NULL"])
def test_the_database_itself_wants_a_second_person_for_a_return(database_url, approver, who):
    sold()
    batch = sent_daily(approver)
    db.session.rollback()
    with psycopg.connect(libpq_url(database_url)) as superuser, pytest.raises(psycopg.errors.IntegrityError) as refused:
        superuser.execute(
            "UPDATE payout SET status = 'returned', reason_code = 'x', answered_by ="
            f" (SELECT {who}::uuid FROM payout_batch WHERE id = batch_id) WHERE batch_id = %s",
            [batch.id],
        )
    expected = {"approved_by": "payout_second_person", "NULL": "ck_payout_answered"}[who]
    assert refused.value.diag.constraint_name == expected


def test_the_pages_name_who_else_can_do_it(app, client):
    other_user, approver_user = make_user(role=Role.FINANCE), make_user(role=Role.FINANCE)
    other, approver = actor_for(other_user), actor_for(approver_user)
    sold()
    batch = sent_daily(approver)
    payout = the_payout(batch)
    made = services.upload(
        batch.id, data=report(batch, [(payout, "RJCT", "")]), file_name="x", actor=other, clock=SYSTEM_CLOCK
    )
    sign_in(client, approver_user)
    for path in (f"{LIST}/khoan/{payout.id}", f"{LIST}/ket-qua/{made.id}"):
        page = client.get(path).text
        assert ("Nhờ người khác trong phòng tài chính ghi" in page, "Ghi là bị trả lại" in page) == (True, False)
        assert "Ghi kết quả</button>" not in page
    alone = post_form(client, f"{LIST}/khoan/{payout.id}/tra-lai", reason="Sai số tài khoản")
    assert (alone.status_code, "Nhờ người khác" in alone.text) == (403, True)
    assert post_form(client, f"{LIST}/ket-qua/{made.id}/ghi-so").status_code == 403
    by_hand(payout, Event.RETURNED, other)
    again = daily(1)
    browser = app.test_client()
    sign_in(browser, other_user)
    page = browser.get(f"{LIST}/{again.id}").text
    assert ("Nhờ người khác trong phòng tài chính duyệt" in page, "Duyệt chi" in page) == (True, False)
    assert post_form(browser, f"{LIST}/{again.id}/duyet").status_code == 403
    assert "Duyệt chi" in client.get(f"{LIST}/{again.id}").text
