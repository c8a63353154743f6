"""Money above what was asked: its payer says what becomes of it, and the books follow to the last đồng."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import GUEST
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.core.errors import SignInNeeded
from app.core.money import FOUR_EYES_VND
from app.payments.desk import queries as desk
from app.payments.desk import services as desk_services
from app.payments.desk import wishes
from app.payments.desk.errors import (
    CreditSpent,
    ItemNotFound,
    NotEnoughWaiting,
    NotKept,
    NotTheirMoney,
    TooLateToChoose,
)
from app.payments.desk.models import PayerWish
from app.payments.ledger.models import AccountKind
from app.payments.refunds.operations import PayerAccount
from app.payments.requests import credits, operations, services
from app.payments.requests import queries as requests
from app.payments.requests.errors import CreditKeyUsed, CreditNotUsable
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import actor_for, make_user, post_form, sign_in
from tests.fakes.banks import notify, transfer
from tests.fakes.clock import FrozenClock
from tests.payments.desk.world import act, approve, balance_vnd, fresh, person, send_back, undo, waiting_vnd
from tests.payments.ledger.parallel import at_once

pytestmark = pytest.mark.usefixtures("app")
ACCOUNT = PayerAccount("970436", "0071000123456", "NGUYEN THI TRA")
OTHER = PayerAccount("970436", "0071000999999", "TRAN VAN KHAC")
TYPED = {"bank": "970436", "number": "0071000123456", "holder": "Nguyễn Thị Trà"}


@pytest.fixture
def purpose():
    return make_purpose()


@pytest.fixture
def shop(purpose):
    return make_payee()


@pytest.fixture
def buyer(purpose):
    user = make_user()
    purpose.payer = user.id
    return user


@pytest.fixture
def me(buyer):
    return actor_for(buyer)


def overpay(client, shop, excess_vnd: int = 20_000, *, amount_vnd: int = 50_000) -> tuple[PaymentRequest, UUID]:
    """A request paid with more than it asked for, and the notice that told of it."""
    request = make_request(payee_id=shop[0].id, amount_vnd=amount_vnd)
    notify(client, "sepay", transfer(shop[1], amount_vnd + excess_vnd, request.code))
    db.session.rollback()
    return request, desk.suspense(cursor=None, limit=1).items[0].notice_id


def want_back(request, notice: UUID, actor=GUEST, account=ACCOUNT):
    return desk_services.send_back(request.code, notice, account=account, actor=actor, clock=SYSTEM_CLOCK)


def keep(request, notice: UUID, actor):
    return desk_services.keep_as_credit(request.code, notice, actor=actor, clock=SYSTEM_CLOCK)


def spend(request, amount_vnd: int, actor, key: str = "k", clock=SYSTEM_CLOCK):
    return services.use_credit(request.code, amount_vnd=amount_vnd, idempotency_key=key, actor=actor, clock=clock)


def credit_vnd(shop, user) -> int:
    db.session.rollback()
    return credits.available_vnd(user.id, shop[0].id)


def acts(action: str) -> int:
    return db.session.scalar(sa.select(sa.func.count()).where(AuditEvent.action == action)) or 0


def wish_of(notice: UUID) -> PayerWish:
    db.session.rollback()
    found = wishes.of_notice(notice)
    assert found is not None
    return found


def test_the_page_says_how_much_came_too_much_and_asks(client, shop):
    request, notice = overpay(client, shop)
    page = client.get(f"/tra-tien/{request.code}").text
    assert "Bà con chuyển dư 20.000" in page
    assert "tài khoản ngân hàng của người nhận" in page
    form = client.get(f"/tra-tien/{request.code}/tien-du/{notice}").text
    assert "Nhận lại tiền" in form
    assert "Gửi lại cho lần sau" not in form, "nobody knows who paid"


def test_the_wish_to_have_it_back_reaches_the_office_and_can_be_changed(client, shop):
    request, notice = overpay(client, shop)
    path = f"/tra-tien/{request.code}/tien-du/{notice}/nhan-lai"
    assert post_form(client, path, **TYPED).status_code == 303
    assert post_form(client, path, **TYPED).status_code == 303
    assert (wish_of(notice).changes, acts("excess.send_back")) == (0, 1)
    page = client.get(f"/tra-tien/{request.code}").text
    assert "3456" in page and TYPED["number"] not in page
    want_back(request, notice, account=OTHER)
    assert wish_of(notice).changes == 1
    sign_in(client, make_user(role="finance"))
    assert "muốn nhận lại" in client.get("/dieu-hanh/tien-treo").text
    item = client.get(f"/dieu-hanh/tien-treo/{notice}").text
    assert "Đã đổi 1 lần" in item and OTHER.number not in item
    told = post_form(client, f"/dieu-hanh/tien-treo/{notice}/tai-khoan")
    assert OTHER.number in told.text
    assert acts("excess.account_shown") == 1


def test_what_is_typed_wrong_is_said_field_by_field(client, shop):
    request, notice = overpay(client, shop)
    answer = post_form(client, f"/tra-tien/{request.code}/tien-du/{notice}/nhan-lai", bank="1", number="x", holder="")
    assert answer.status_code == 422
    assert "Chọn ngân hàng" in answer.text


def test_once_the_office_sent_it_back_nothing_can_be_chosen(client, shop):
    request, notice = overpay(client, shop)
    want_back(request, notice)
    act(notice, send_back(20_000))
    with pytest.raises(TooLateToChoose):
        want_back(request, notice, account=OTHER)
    assert "Đã chuyển trả 20.000" in client.get(f"/tra-tien/{request.code}").text


def test_only_who_ordered_may_choose(client, shop, buyer, me):
    request, notice = overpay(client, shop)
    for stranger in (GUEST, actor_for(make_user())):
        with pytest.raises(NotTheirMoney):
            want_back(request, notice, actor=stranger)
    with pytest.raises(SignInNeeded):
        keep(request, notice, GUEST)
    with pytest.raises(NotTheirMoney):
        keep(request, notice, actor_for(make_user()))
    want_back(request, notice, actor=me)


def test_a_notice_of_another_request_is_not_there(client, shop):
    request, _notice = overpay(client, shop)
    _other, notice = overpay(client, shop)
    with pytest.raises(ItemNotFound):
        want_back(request, notice)
    assert client.get(f"/tra-tien/{request.code}/tien-du/{notice}").status_code == 404


def test_kept_money_pays_the_next_request_of_the_same_shop(client, shop, buyer, me, purpose):
    request, notice = overpay(client, shop)
    keep(request, notice, me)
    keep(request, notice, me)
    assert (waiting_vnd(notice), credit_vnd(shop, buyer)) == (0, 20_000)
    next_one = make_request(payee_id=shop[0].id)
    spend(next_one, 20_000, me)
    spend(next_one, 20_000, me)
    assert (fresh(next_one).status, fresh(next_one).missing_vnd, credit_vnd(shop, buyer)) == ("part_paid", 30_000, 0)
    assert balance_vnd(AccountKind.RECEIVED, shop[0].id) == 70_000
    assert "tiền gửi lần trước" in client.get(f"/tra-tien/{next_one.code}").text
    notify(client, "sepay", transfer(shop[1], 30_000, next_one.code))
    assert fresh(next_one).status == "paid"
    assert purpose.paid.count(next_one.purpose_id) == 1
    assert acts("excess.keep") == acts("payment_request.credit_used") == 1


def test_credit_that_covers_all_completes_the_purpose_once(client, shop, buyer, me, purpose):
    keep(*overpay(client, shop, 80_000), me)
    next_one = make_request(payee_id=shop[0].id)
    spend(next_one, 50_000, me)
    assert (fresh(next_one).status, credit_vnd(shop, buyer)) == ("paid", 30_000)
    assert purpose.paid.count(next_one.purpose_id) == 1


def test_the_page_offers_credit_to_its_owner_alone(client, shop, buyer, me):
    keep(*overpay(client, shop), me)
    next_one = make_request(payee_id=shop[0].id)
    assert "Dùng 20.000" not in client.get(f"/tra-tien/{next_one.code}").text
    sign_in(client, buyer)
    page = client.get(f"/tra-tien/{next_one.code}").text
    assert "Dùng 20.000" in page
    path = f"/tra-tien/{next_one.code}/dung-tien-gui"
    assert post_form(client, path, key="0" * 32, amount_vnd="20000").status_code == 303
    assert post_form(client, path, key="0" * 32, amount_vnd="20000").status_code == 303
    assert fresh(next_one).paid_vnd == 20_000
    assert post_form(client, path, key="1" * 32, amount_vnd="20000").status_code == 409


def test_credit_is_spent_by_its_owner_at_its_shop_in_time_and_by_transfer_only(client, shop, buyer, me):
    keep(*overpay(client, shop), me)
    next_one = make_request(payee_id=shop[0].id)
    elsewhere = make_request(payee_id=make_payee()[0].id)
    by_card = make_request(payee_id=shop[0].id, method="card")
    with pytest.raises(SignInNeeded):
        spend(next_one, 1_000, GUEST)
    refused = [
        (next_one, 1_000, actor_for(make_user()), SYSTEM_CLOCK),
        (elsewhere, 1_000, me, SYSTEM_CLOCK),
        (by_card, 1_000, me, SYSTEM_CLOCK),
        (next_one, 20_001, me, SYSTEM_CLOCK),
        (next_one, 50_001, me, SYSTEM_CLOCK),
        (next_one, 1_000, me, FrozenClock(next_one.expires_at + timedelta(seconds=1))),
    ]
    for request, amount, actor, clock in refused:
        with pytest.raises(CreditNotUsable):
            spend(request, amount, actor, clock=clock)
    spend(next_one, 1_000, me)
    with pytest.raises(CreditKeyUsed):
        spend(next_one, 2_000, me)
    assert credit_vnd(shop, buyer) == 19_000


def test_credit_spent_on_a_request_that_expires_comes_back(client, shop, buyer, me):
    keep(*overpay(client, shop), me)
    next_one = make_request(payee_id=shop[0].id)
    spend(next_one, 20_000, me)
    notify(client, "sepay", transfer(shop[1], 5_000, next_one.code))
    assert services.expire_due(clock=FrozenClock(next_one.expires_at + timedelta(hours=1))) == 1
    assert (fresh(next_one).status, fresh(next_one).paid_vnd, credit_vnd(shop, buyer)) == ("expired", 5_000, 20_000)
    assert requests.kept_parts(limit=5).items[0].amount_vnd == 5_000


def test_two_requests_that_want_the_same_credit_at_once_spend_it_once(app: Flask, client, shop, buyer, me):
    keep(*overpay(client, shop), me)
    wanted = [make_request(payee_id=shop[0].id) for _one in range(4)]
    at_once(app, [partial(spend, request, 20_000, me) for request in wanted])
    assert sorted(fresh(request).paid_vnd for request in wanted) == [0, 0, 0, 20_000]
    assert credit_vnd(shop, buyer) == 0


def test_many_presses_to_keep_it_keep_it_once(app: Flask, client, shop, buyer, me):
    request, notice = overpay(client, shop)
    results = at_once(app, [partial(keep, request, notice, me)] * 6)
    assert [result for result in results if isinstance(result, Exception)] == []
    assert credit_vnd(shop, buyer) == 20_000


def test_the_payer_and_the_office_at_once_move_it_once(app: Flask, client, shop, buyer, me):
    request, notice = overpay(client, shop)
    results = at_once(app, [partial(keep, request, notice, me), partial(act, notice, send_back(20_000))])
    refused = [result for result in results if isinstance(result, Exception)]
    assert len(refused) == 1
    assert isinstance(refused[0], TooLateToChoose | NotEnoughWaiting)
    assert waiting_vnd(notice) == 0
    assert credit_vnd(shop, buyer) in (0, 20_000)


def test_who_kept_it_may_think_better_of_it_until_it_is_spent(client, shop, buyer, me):
    request, notice = overpay(client, shop)
    keep(request, notice, me)
    want_back(request, notice, actor=me)
    assert (waiting_vnd(notice), credit_vnd(shop, buyer)) == (20_000, 0)
    keep(request, notice, me)
    spend(make_request(payee_id=shop[0].id), 5_000, me)
    with pytest.raises(CreditSpent):
        want_back(request, notice, actor=me)
    [kept] = [view.action for view in desk.actions(notice) if view.action.state == "done"]
    with pytest.raises(CreditSpent):
        undo(kept)
    assert credit_vnd(shop, buyer) == 15_000


def test_much_money_is_kept_only_once_the_office_agrees(client, shop, buyer, me):
    request, notice = overpay(client, shop, FOUR_EYES_VND + 1)
    keep(request, notice, me)
    assert credit_vnd(shop, buyer) == 0
    [view] = desk.actions(notice)
    approve(view.action, person())
    assert credit_vnd(shop, buyer) == FOUR_EYES_VND + 1
    with pytest.raises(TooLateToChoose):
        want_back(request, notice, actor=me)


def test_a_gift_is_not_kept_for_the_next_time(client, purpose, buyer, me):
    household = make_payee(kind="welfare")
    request, notice = overpay(client, household)
    with pytest.raises(NotKept):
        keep(request, notice, me)


def test_money_at_another_account_is_not_kept(client, shop, buyer, me):
    request = make_request(payee_id=shop[0].id)
    _elsewhere, number = make_payee()
    notify(client, "sepay", transfer(number, 50_000, request.code))
    db.session.rollback()
    notice = desk.suspense(cursor=None, limit=1).items[0].notice_id
    with pytest.raises(NotKept):
        keep(request, notice, me)
    assert "chuyển vào tài khoản khác" in client.get(f"/tra-tien/{request.code}").text


def test_late_money_on_a_cancelled_request_waits_and_its_payer_reads_so(client, shop):
    request = make_request(payee_id=shop[0].id)
    with transaction():
        operations.cancel(requests.by_code(request.code, for_update=True), clock=SYSTEM_CLOCK)
    notify(client, "sepay", transfer(shop[1], 50_000, request.code))
    page = client.get(f"/tra-tien/{request.code}").text
    assert "Khoản này đã được hủy" in page
    assert "50.000" in page and "đến sau khi khoản này đã hủy" in page
    assert "Tiền không mất" in page
    notice = desk.suspense(cursor=None, limit=1).items[0].notice_id
    want_back(request, notice)
    assert "muốn nhận lại 50.000" in client.get(f"/tra-tien/{request.code}").text


def test_the_rest_that_came_too_late_completes_a_request_that_is_opened_again(client, shop, purpose):
    from tests.payments.desk.world import attach

    request = make_request(payee_id=shop[0].id)
    notify(client, "sepay", transfer(shop[1], 20_000, request.code))
    services.expire_due(clock=FrozenClock(request.expires_at + timedelta(hours=1)))
    notify(client, "sepay", transfer(shop[1], 30_000, request.code))
    db.session.rollback()
    notice = desk.suspense(cursor=None, limit=1).items[0].notice_id
    services.reopen(request.code, actor=person(), clock=SYSTEM_CLOCK)
    act(notice, attach(request, 30_000))
    assert (fresh(request).status, purpose.paid) == ("paid", [request.purpose_id])


def test_a_part_paid_page_lists_each_part_with_its_reference(client, shop):
    request = make_request(payee_id=shop[0].id)
    for amount in (10_000, 15_000):
        notify(client, "sepay", moved := transfer(shop[1], amount, request.code))
    page = client.get(f"/tra-tien/{request.code}").text
    assert f"FT{moved['serial']}" in page
    assert "10.000" in page and "15.000" in page and "còn thiếu 25.000" in page


def test_a_program_sees_the_excess_and_says_what_its_payer_wants(client, shop, buyer):
    request, notice = overpay(client, shop)
    path = f"/api/v1/payment-requests/{request.code}/excess"
    [told] = client.get(path).json["items"]
    assert (told["amount_vnd"], told["waiting_vnd"], told["choice"]) == (20_000, 20_000, None)
    back = {"choice": "send_back", "account": {"bin": "970436", "number": ACCOUNT.number, "holder": ACCOUNT.holder}}
    stranger = client.post(f"{path}/{notice}", json=back, headers={"Idempotency-Key": "a"})
    assert (stranger.status_code, stranger.json["code"]) == (403, "not_the_payer")
    sign_in(client, buyer)
    chosen = client.post(f"{path}/{notice}", json=back, headers={"Idempotency-Key": "b"})
    assert (chosen.status_code, chosen.json["choice"]) == (200, "send_back")
    assert ACCOUNT.number not in str(chosen.json)
    without = client.post(f"{path}/{notice}", json={"choice": "send_back"}, headers={"Idempotency-Key": "c"})
    assert without.status_code == 422
    kept = client.post(f"{path}/{notice}", json={"choice": "keep"}, headers={"Idempotency-Key": "d"})
    assert (kept.status_code, kept.json["kept_vnd"], kept.json["waiting_vnd"]) == (200, 20_000, 0)
    next_one = make_request(payee_id=shop[0].id)
    spent = client.post(
        f"/api/v1/payment-requests/{next_one.code}/credit", json={"amount_vnd": 5_000}, headers={"Idempotency-Key": "e"}
    )
    assert (spent.status_code, spent.json["amount_vnd"], credit_vnd(shop, buyer)) == (201, 5_000, 15_000)
