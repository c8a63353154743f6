"""A payout leads to its payments, they to their orders and notices, and every page leads back."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy import event

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.core.ids import uuid7
from app.identity.roles import Role
from app.market.orders import queries as orders
from app.payments.cards import operations as cards
from app.payments.cards.gateway import Intent
from app.payments.income.kinds import What
from app.payments.payees import queries as payees
from app.payments.payouts import services
from app.payments.payouts.models import Payout
from app.payments.payouts.states import Event
from app.payments.requests.models import Method, PaymentRequest
from app.payments.requests.office import OfficeLink, office_links
from app.payments.requests.purposes import register
from app.payments.trail import queries
from tests.factories.market import make_product, make_seller
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import actor_for, make_user, sign_in
from tests.fakes.banks import notify, transfer
from tests.fakes.purposes import KIND
from tests.market.orders.conftest import buy, request_of
from tests.payments.desk.world import act, attach, send_back, strand
from tests.payments.overview.test_flows import Generous
from tests.payments.payouts.world import OWN, build, by_hand, collect, sold, the_payout
from tests.payments.refunds.world import ask

TRAIL = "/dieu-hanh/dau-vet"
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)


@pytest.fixture
def finance(client: FlaskClient) -> FlaskClient:
    sign_in(client, make_user(role=Role.FINANCE))
    return client


def requests_of(payee_id: UUID) -> list[PaymentRequest]:
    db.session.rollback()
    found = sa.select(PaymentRequest).where(PaymentRequest.payee_id == payee_id).order_by(PaymentRequest.id)
    return list(db.session.scalars(found))


def paid_out(payee_id: UUID) -> Payout:
    """All that is free goes into a payout of its own, and arrives."""
    people = [actor_for(make_user(role=Role.FINANCE)) for _each in range(2)]
    days = len(db.session.scalars(sa.select(Payout)).all())
    batch = build(people[0], period=date(2027, 1, 1) + timedelta(days=days))
    services.approve(batch.id, actor=people[1], clock=SYSTEM_CLOCK)
    services.xml_file(batch.id, own=OWN, actor=people[1], clock=SYSTEM_CLOCK)
    assert the_payout(batch).payee_id == payee_id
    return by_hand(the_payout(batch), Event.CONFIRMED, people[0])


def test_a_payout_is_what_came_since_the_one_before(app):
    make_purpose()
    payee_id = sold(50_000)
    first = paid_out(payee_id)
    collect(payee_id, 70_000)
    collect(payee_id, 30_000)
    ask(requests_of(payee_id)[-1], 10_000, through=Generous())
    second = paid_out(payee_id)
    made = queries.made_of(second)
    assert made is not None and made.earlier is not None
    assert made.earlier.id == first.id
    assert (made.sums_vnd[What.SALE], made.sums_vnd[What.REFUND]) == (100_000, -10_000)
    assert made.opening_vnd + sum(made.sums_vnd.values()) == made.closing_vnd == second.amount_vnd
    assert first.amount_vnd + second.amount_vnd == 140_000
    earlier = queries.made_of(first)
    assert earlier is not None
    assert (earlier.earlier, earlier.opening_vnd, earlier.closing_vnd) == (None, 0, 50_000)


def test_what_a_payout_leaves_is_told(finance: FlaskClient):
    make_purpose()
    payee_id = sold(50_000)
    payout = paid_out(payee_id)
    page = finance.get(f"{TRAIL}/khoan-chi/{payout.id}").text
    [request] = requests_of(payee_id)
    assert f"{TRAIL}/khoan-thu/{request.code}" in page
    assert f"/dieu-hanh/chi-tra/khoan/{payout.id}" in page
    assert f"{TRAIL}/khoan-chi/{payout.id}" in finance.get(f"/dieu-hanh/chi-tra/khoan/{payout.id}").text
    back = finance.get(f"{TRAIL}/khoan-thu/{request.code}").text
    assert f"{TRAIL}/khoan-chi/{payout.id}" in back
    assert f"pi_{request.id}" in back


def test_from_an_orders_notice_to_the_order_and_back(finance: FlaskClient):
    seller = make_seller(clock=SYSTEM_CLOCK)
    request = request_of(buy([(make_product(seller=seller, clock=SYSTEM_CLOCK), 1)], clock=SYSTEM_CLOCK))
    number = _number_of(request)
    notify(finance, "sepay", transfer(number, request.amount_vnd, request.code))
    db.session.rollback()
    came = queries.came_for(request.id)
    assert [one.amount_vnd for one in came] == [request.amount_vnd]
    page = finance.get(f"{TRAIL}/khoan-thu/{request.code}").text
    order = orders.get(request.purpose_id)
    assert f'href="/don-hang/{order.code}"' in page
    assert f"{TRAIL}/bao-co/{came[0].notice_id}" in page
    notice = finance.get(f"{TRAIL}/bao-co/{came[0].notice_id}").text
    assert f"{TRAIL}/khoan-thu/{request.code}" in notice
    assert number not in notice


def _number_of(request: PaymentRequest) -> str:
    assert request.bank_account_id
    return payees.account_number(payees.get_account(request.bank_account_id))


def test_money_from_the_desk_leads_to_its_notice(finance: FlaskClient):
    make_purpose()
    payee, number = make_payee()
    asked = make_request(payee_id=payee.id, amount_vnd=20_000)
    stray = strand(finance, number, 30_000)
    act(stray, attach(asked, 20_000))
    act(stray, send_back(10_000))
    assert [one.notice_id for one in queries.came_for(asked.id)] == [stray]
    notice = finance.get(f"{TRAIL}/bao-co/{stray}").text
    assert (f"{TRAIL}/khoan-thu/{asked.code}" in notice, f"/dieu-hanh/tien-treo/{stray}" in notice) == (True, True)
    item = finance.get(f"/dieu-hanh/tien-treo/{stray}").text
    assert (f"{TRAIL}/bao-co/{stray}" in item, f"{TRAIL}/khoan-thu/{asked.code}" in item) == (True, True)


def test_a_movement_in_the_ledger_leads_to_what_it_was_for(finance: FlaskClient):
    make_purpose()
    payee_id = sold(50_000)
    [request] = requests_of(payee_id)
    refund = ask(request, 10_000, through=Generous())
    payout = paid_out(payee_id)
    number = make_payee()[1]
    stray = strand(finance, number, 30_000)
    [back] = act(stray, send_back(10_000))
    places = {
        f"payment_request/{request.id}": f"{TRAIL}/khoan-thu/{request.code}",
        f"debt_repayment/{request.id}": f"{TRAIL}/khoan-thu/{request.code}",
        f"fee/{request.id}": f"{TRAIL}/khoan-thu/{request.code}",
        f"refund/{refund.id}": f"/dieu-hanh/hoan-tien/{refund.id}",
        f"payout/{payout.id}": f"/dieu-hanh/chi-tra/khoan/{payout.id}",
        f"bank_notice/{stray}": f"{TRAIL}/bao-co/{stray}",
        f"desk_action/{back.id}": f"/dieu-hanh/tien-treo/{stray}",
    }
    for path, place in places.items():
        answer = finance.get(f"{TRAIL}/{path}")
        assert (answer.status_code, answer.location) == (302, place)
    made = queries.made_of(payout)
    assert made is not None
    statement = finance.get(f"/dieu-hanh/so-cai/{made.account.id}").text
    assert f"{TRAIL}/payment_request/{request.id}" in statement


def test_a_card_charged_another_amount_leads_to_its_request(finance: FlaskClient):
    make_purpose()
    asked = make_request(payee_id=make_payee()[0].id, method=Method.CARD)
    with transaction():
        payment = cards.begin(asked.id, clock=SYSTEM_CLOCK)
        assert payment
        cards.note_answer(payment.id, Intent("pi_odd", "succeeded", 40_000, 40_000), clock=SYSTEM_CLOCK)
    answer = finance.get(f"{TRAIL}/card_payment/{payment.id}")
    assert answer.location == f"{TRAIL}/khoan-thu/{asked.code}"
    assert "Thẻ đã bị trừ tiền mà khoản này không nhận" in finance.get(answer.location).text


def test_empty_pages_say_so(finance: FlaskClient):
    make_purpose()
    asked = make_request(payee_id=make_payee()[0].id)
    page = finance.get(f"{TRAIL}/khoan-thu/{asked.code}").text
    assert ("Chưa có đồng nào về cho khoản này" in page, "Chưa hoàn lần nào" in page) == (True, True)


def test_many_payments_are_asked_about_at_once(finance: FlaskClient, app):
    """The page of a payout costs as many queries for ten payments as for one."""
    make_purpose()
    counts = []
    payee_id = sold(50_000)
    for more in (0, 9):
        for _each in range(more):
            collect(payee_id, 50_000)
        payout = paid_out(payee_id)
        said: list[str] = []

        def note(_connection, _cursor, statement, *_rest, said=said):
            said.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert finance.get(f"{TRAIL}/khoan-chi/{payout.id}").status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        counts.append(len(said))
        if not more:
            collect(payee_id, 50_000)
    assert abs(counts[0] - counts[1]) <= 1, counts


@pytest.mark.parametrize(
    "path",
    [
        f"{TRAIL}/khoan-chi/{{id}}",
        f"{TRAIL}/khoan-thu/CP22222222",
        f"{TRAIL}/bao-co/{{id}}",
        f"{TRAIL}/payment_request/{{id}}",
        f"{TRAIL}/card_payment/{{id}}",
        f"{TRAIL}/desk_action/{{id}}",
        f"{TRAIL}/no_such_kind/{{id}}",
    ],
)
def test_what_is_not_there_is_not_found_and_others_do_not_look(client: FlaskClient, path: str):
    address = path.format(id=uuid7())
    assert client.get(address).status_code in (302, 401)
    sign_in(client, make_user(role=Role.TEAM_MEMBER))
    assert client.get(address).status_code == 403
    sign_in(client, make_user(role=Role.FINANCE))
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("role", READERS)
def test_the_office_and_its_auditor_read(client: FlaskClient, role: Role):
    make_purpose()
    asked = make_request(payee_id=make_payee()[0].id)
    sign_in(client, make_user(role=role))
    assert client.get(f"{TRAIL}/khoan-thu/{asked.code}").status_code == 200


def test_links_of_many_requests_are_asked_of_each_room_once(app):
    class Room:
        def __init__(self):
            self.asked = []

        def office_links(self, requests):
            self.asked.append(len(requests))
            return {one.id: OfficeLink("x", "/x") for one in requests}

    room = Room()
    register(KIND, room)  # type: ignore[arg-type]
    payee_id = make_payee()[0].id
    many = [make_request(payee_id=payee_id) for _each in range(3)]
    assert set(office_links(many)) == {one.id for one in many}
    assert room.asked == [3]
    make_purpose()
    assert office_links(many) == {}
