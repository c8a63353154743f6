"""Part of the money came, then time ran out: the office sees it, asks for the rest or has the part go back."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from flask import Flask

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.payments.ledger.models import AccountKind
from app.payments.refunds import queries as refund_queries
from app.payments.refunds import services as refunds
from app.payments.refunds.errors import KeyReused, NotRefundable
from app.payments.refunds.operations import PayerAccount
from app.payments.requests import queries as requests
from app.payments.requests import services
from app.payments.requests.errors import NotReopenable
from tests.factories.payments import make_payee, make_request
from tests.factories.people import actor_for, make_user, post_form, sign_in
from tests.fakes.banks import notify, transfer
from tests.fakes.clock import FrozenClock
from tests.payments.desk.world import balance_vnd, fresh
from tests.payments.ledger.parallel import at_once
from tests.payments.refunds.world import register_hearing_purpose

pytestmark = pytest.mark.usefixtures("app")
ACCOUNT = PayerAccount("970436", "0071000123456", "NGUYEN THI TRA")
TYPED = {"bank": "970436", "number": "0071000123456", "holder": "Nguyễn Thị Trà", "reason": "Hết hàng rồi"}


@pytest.fixture
def purpose():
    return register_hearing_purpose()


@pytest.fixture
def kept(client, purpose):
    """A request of 50,000 đ that expired with 20,000 đ paid."""
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    notify(client, "sepay", transfer(number, 20_000, request.code))
    services.expire_due(clock=FrozenClock(request.expires_at + timedelta(hours=1)))
    return fresh(request)


@pytest.fixture
def finance():
    return actor_for(make_user(role="finance"))


@pytest.fixture
def colleague():
    return actor_for(make_user(role="finance"))


def give_back(request, actor, key: str = "k", reason: str = "Hết hàng rồi"):
    return refunds.give_part_back(
        request.code, reason=reason, account=ACCOUNT, idempotency_key=key, actor=actor, clock=SYSTEM_CLOCK
    )


def sent(refund, actor):
    return refunds.mark_sent(refund.id, bank_reference="FT-TRA-1", actor=actor, clock=SYSTEM_CLOCK)


def test_the_part_goes_back_from_the_payees_own_account_with_two_people(client, kept, purpose, finance, colleague):
    refund = give_back(kept, finance)
    assert give_back(kept, finance).id == refund.id
    assert (refund.fees_vnd, refund.seller_vnd, refund.debt_vnd) == (0, 20_000, 0)
    assert requests.kept_parts(limit=5).count == 0
    assert "Đang hoàn lại 20.000" in client.get(f"/tra-tien/{kept.code}").text
    sent(refund, colleague)
    seen = fresh(kept)
    assert (seen.status, seen.refunded_vnd, seen.refunding_vnd) == ("expired", 20_000, 0)
    assert balance_vnd(AccountKind.RECEIVED, kept.payee_id) == 0
    assert balance_vnd(AccountKind.OUTSIDE_PAYER, "bank") == 20_000
    assert "Đã trả lại 20.000" in client.get(f"/tra-tien/{kept.code}").text
    assert purpose.paid == []


def test_a_transfer_that_bounced_leaves_the_part_to_be_dealt_with(kept, finance, colleague):
    refund = give_back(kept, finance)
    sent(refund, colleague)
    refunds.came_back(refund.id, reason="Tài khoản đã đóng", actor=finance, clock=SYSTEM_CLOCK)
    assert (fresh(kept).refunded_vnd, requests.kept_parts(limit=5).count) == (0, 1)
    assert balance_vnd(AccountKind.RECEIVED, kept.payee_id) == 20_000


def test_what_goes_back_is_not_asked_for_again_and_the_other_way_round(kept, purpose, finance, colleague):
    refund = give_back(kept, finance)
    with pytest.raises(NotReopenable):
        services.reopen(kept.code, actor=finance, clock=SYSTEM_CLOCK)
    refunds.withdraw(refund.id, actor=finance, clock=SYSTEM_CLOCK)
    services.reopen(kept.code, actor=finance, clock=SYSTEM_CLOCK)
    with pytest.raises(NotRefundable):
        give_back(kept, finance, key="other")
    with pytest.raises(KeyReused):
        give_back(kept, finance, reason="Vì lý do khác")


def test_back_and_again_at_once_do_one_of_the_two(app: Flask, kept, purpose, finance):
    reopen = partial(services.reopen, kept.code, actor=finance, clock=SYSTEM_CLOCK)
    results = at_once(app, [partial(give_back, kept, finance), reopen, partial(give_back, kept, finance, "other")])
    assert sum(not isinstance(result, Exception) for result in results) == 1
    assert {type(result) for result in results if isinstance(result, Exception)} <= {NotRefundable, NotReopenable}
    db.session.rollback()
    assert (fresh(kept).status == "part_paid") == (fresh(kept).refunding_vnd == 0)


def test_a_request_that_is_open_or_paid_has_no_part_to_give_back(client, purpose, finance):
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    notify(client, "sepay", transfer(number, 20_000, request.code))
    with pytest.raises(NotRefundable):
        give_back(request, finance)
    notify(client, "sepay", transfer(number, 30_000, request.code))
    with pytest.raises(NotRefundable):
        give_back(request, finance)


def test_the_office_works_through_its_list(client, kept):
    assert "/dang-nhap" in (client.get("/dieu-hanh/tra-thieu").location or "")
    sign_in(client, make_user(role="auditor"))
    assert kept.code in client.get("/dieu-hanh/tra-thieu").text
    assert post_form(client, f"/dieu-hanh/tra-thieu/{kept.code}/xin-tra-not").status_code == 403
    sign_in(client, make_user(role="finance"))
    stuck = client.get("/dieu-hanh/tien-ket").text
    assert "Hết hạn khi mới trả một phần" in stuck
    assert f"/dieu-hanh/tra-thieu/{kept.code}" in stuck
    page = client.get(f"/dieu-hanh/tra-thieu/{kept.code}").text
    assert "20.000" in page and "30.000" in page
    path = f"/dieu-hanh/tra-thieu/{kept.code}/tra-lai"
    assert post_form(client, path, key="0" * 32, **{**TYPED, "number": "x"}).status_code == 422
    made = post_form(client, path, key="0" * 32, **TYPED)
    assert made.status_code == 303
    assert post_form(client, path, key="0" * 32, **TYPED).location == made.location
    assert len(refund_queries.page(request_id=kept.id).items) == 1
    assert "20.000" in client.get(made.location or "").text
    assert "Không có khoản nào trả thiếu" in client.get("/dieu-hanh/tra-thieu").text


def test_the_office_asks_for_the_rest(client, kept, purpose):
    sign_in(client, make_user(role="finance"))
    path = f"/dieu-hanh/tra-thieu/{kept.code}/xin-tra-not"
    assert [post_form(client, path).status_code for _press in range(2)] == [303, 303]
    assert (fresh(kept).status, purpose.reopened) == ("part_paid", [kept.purpose_id])
