"""The seller reads what she earned, what is on its way, what was kept back and why; and it is what the ledger says."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.core.clock import SYSTEM_CLOCK, in_vietnam
from app.core.database import db
from app.identity.roles import Role
from app.payments.income import queries
from app.payments.income.kinds import What
from app.payments.income.queries import Sums
from app.payments.ledger.models import AccountKind
from app.payments.payouts.states import Event
from tests.factories import households
from tests.factories.market import make_seller
from tests.factories.people import make_user, sign_in
from tests.market.income.conftest import Selling
from tests.payments.desk.world import balance_vnd
from tests.payments.payouts.world import change_account

PAGE, PAYOUTS = "/ban-hang/thu-nhap", "/ban-hang/thu-nhap/da-chuyen"


def sums_of(selling: Selling) -> Sums:
    db.session.rollback()
    now = SYSTEM_CLOCK.now()
    found = queries.by_month(selling.payee_id, since=now - timedelta(days=40), until=now + timedelta(days=1))
    return queries.total(found.values())


def words_of(page: str) -> str:
    """What a person reads: no marks, plain spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("\N{NO-BREAK SPACE}", " ")


def test_the_sums_of_a_month_are_the_ledgers(month: Selling):
    sums = sums_of(month)
    assert (sums.direct_vnd, sums.collected_vnd, sums.refunded_vnd) == (300_000, 500_000, 100_000)
    assert (sums.withheld_vnd[What.VAT], sums.withheld_vnd[What.INCOME_TAX]) == (4_000, 2_000)
    assert (sums.paid_out_vnd, sums.repaid_vnd) == (200_000, 0)
    payee = month.payee_id
    owed = balance_vnd(AccountKind.PAYABLE, payee) + balance_vnd(AccountKind.SELLER_DEBT, payee)
    assert sums.change_vnd == owed == 194_000
    assert sums.direct_vnd == balance_vnd(AccountKind.RECEIVED, payee)
    assert sums.withheld_vnd[What.VAT] == balance_vnd(AccountKind.TAX_WITHHELD, "vat")
    assert sums.withheld_vnd[What.INCOME_TAX] == balance_vnd(AccountKind.TAX_WITHHELD, "income_tax")
    assert queries.owed_at(payee, SYSTEM_CLOCK.now() + timedelta(days=1)) == owed
    assert queries.owed_at(payee, SYSTEM_CLOCK.now() - timedelta(days=1)) == 0


def test_a_debt_after_a_refund_is_told_and_repaid_from_later_sales(month: Selling):
    sold = month.by_card()
    month.paid_out()
    month.give_back(sold, 100_000)
    standing = queries.standing(month.payee_id)
    assert standing.debt_vnd > 90_000
    before = sums_of(month)
    month.by_card()
    after = sums_of(month)
    assert after.repaid_vnd - before.repaid_vnd > 0
    owed = sum(balance_vnd(kind, month.payee_id) for kind in (AccountKind.PAYABLE, AccountKind.SELLER_DEBT))
    assert after.change_vnd == owed
    assert after.refunded_vnd == 200_000
    assert queries.standing(month.payee_id).debt_vnd == -balance_vnd(AccountKind.SELLER_DEBT, month.payee_id)


def test_her_page_tells_all_of_it(signed: FlaskClient, month: Selling):
    text = words_of(signed.get(PAGE).text)
    for told in (
        "bán được 800.000 ₫",
        "Khách chuyển thẳng cho bà con 300.000 ₫",
        "Chợ thu hộ bà con 500.000 ₫",
        "Trả lại cho khách 100.000 ₫",
        "Giữ lại phí và thuế 6.000 ₫",
        "Chợ đã chuyển vào tài khoản 200.000 ₫",
        "194.000 ₫ chờ đợt chuyển tới",
        "Giữ lại 5.000 ₫ tiền thuế giá trị gia tăng",
        "Khách được hoàn tiền nên 1.500 ₫ đã giữ lại cũng được trả về",
        "200.000 ₫ đã đến tài khoản",
    ):
        assert told in text, told
    assert "Còn nợ" not in text


def test_each_line_opens_to_its_order(signed: FlaskClient, month: Selling):
    page = signed.get(PAGE).text
    orders = set(re.findall(r'href="(/ban-hang/don-hang/[^"]+)"', page))
    assert len(orders) == 2
    assert "Khách còn được trả 1.500 ₫ lấy từ phí, thuế" in words_of(page)
    assert {signed.get(path).status_code for path in orders} == {200}


def test_money_under_way_says_where_it_is(signed: FlaskClient, month: Selling):
    month.batch()
    text = words_of(signed.get(PAGE).text)
    assert "194.000 ₫ ngân hàng đang chuyển" in text
    assert "chờ đợt chuyển tới" not in text


def test_a_payout_that_came_back_says_why(signed: FlaskClient, month: Selling):
    month.paid_out(event=Event.RETURNED, reason="Tài khoản đã đóng")
    for path in (PAGE, PAYOUTS):
        text = words_of(signed.get(path).text)
        assert ("bị trả lại" in text, "Tài khoản đã đóng" in text) == (True, True)


def test_a_debt_is_explained(signed: FlaskClient, month: Selling):
    sold = month.by_card()
    month.paid_out()
    month.give_back(sold, 100_000)
    text = words_of(signed.get(PAGE).text)
    assert ("Còn nợ lại" in text, "nhiều nhất 30 phần trăm" in text) == (True, True)


def test_a_changed_account_holds_the_money_a_while(signed: FlaskClient, month: Selling):
    assert "Tài khoản nhận tiền vừa đổi" not in signed.get(PAGE).text
    change_account(month.payee_id, "8877665599")
    assert "Tài khoản nhận tiền vừa đổi" in signed.get(PAGE).text
    later = SYSTEM_CLOCK.now() + timedelta(hours=73)
    assert queries.held_until(month.payee_id, now=later) is None


def test_a_month_without_sales_says_so(signed: FlaskClient):
    text = words_of(signed.get(PAGE).text)
    for told in (
        "Tháng này chưa có đồng nào",
        "không giữ lại đồng nào",
        "Chợ chưa chuyển lần nào",
        "Chưa có khoản nào",
    ):
        assert told in text
    assert "Chợ chưa chuyển lần nào" in words_of(signed.get(PAYOUTS).text)


def test_another_month_shows_none_of_this_one(signed: FlaskClient, month: Selling):
    earlier = (in_vietnam(SYSTEM_CLOCK.now()).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    assert "Tháng này chưa có đồng nào" in signed.get(f"{PAGE}?thang={earlier}").text
    for nonsense in ("x", "2026-13", "1999-01", "0001-01"):
        assert signed.get(f"{PAGE}?thang={nonsense}").status_code == 422


def test_lines_come_newest_first_over_pages_none_twice(selling: Selling):
    for _each in range(5):
        selling.straight()
    sold = selling.by_card()
    selling.give_back(sold, 20_000)
    db.session.rollback()
    now = SYSTEM_CLOCK.now()
    span = {"since": now - timedelta(days=1), "until": now + timedelta(days=1)}
    whole = queries.lines(selling.payee_id, cursor=None, limit=50, **span).items
    seen: list[queries.Line] = []
    cursor = None
    while True:
        page = queries.lines(selling.payee_id, cursor=cursor, limit=3, **span)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == list(whole)
    assert [line.what for line in whole] == [What.REFUND, *[What.SALE] * 6]


def test_a_page_asks_as_much_for_twenty_lines_as_for_two(signed: FlaskClient, selling: Selling):
    counts = []
    for more in (2, 18):
        for number in range(more):
            selling.by_card() if number % 2 else selling.straight()
        signed.get(PAGE)
        said: list[str] = []

        def note(_connection, _cursor, statement, *_rest, said=said):
            said.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert signed.get(PAGE).status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        counts.append(len(said))
    assert counts[0] == counts[1]


def test_nobody_sees_anothers(client: FlaskClient, month: Selling):
    for path in (PAGE, PAYOUTS, f"{PAGE}/2026.pdf"):
        assert client.get(path).status_code in (302, 401)
    neighbour = make_seller(clock=SYSTEM_CLOCK)
    sign_in(client, make_user(role=Role.HOUSEHOLD, household_id=neighbour.shop.household_id))
    text = words_of(client.get(PAGE).text)
    assert ("800.000" in text, "Tháng này chưa có đồng nào" in text) == (False, True)
    assert "200.000" not in words_of(client.get(PAYOUTS).text)
    sign_in(client, make_user(role=Role.TEAM_MEMBER))
    for path in (PAGE, PAYOUTS, f"{PAGE}/2026.pdf"):
        assert client.get(path).status_code == 403


def test_a_household_without_a_shop_is_led_to_open_one(client: FlaskClient, app: Flask):

    home = households.verified(clock=SYSTEM_CLOCK)
    sign_in(client, make_user(role=Role.HOUSEHOLD, household_id=home.id))
    for path in (PAGE, PAYOUTS, f"{PAGE}/2026.pdf"):
        assert client.get(path).location == "/ban-hang"


def test_the_office_sees_what_was_kept_back_of_a_payment(client: FlaskClient, selling: Selling):
    sold = selling.by_card()
    sign_in(client, make_user(role=Role.FINANCE))
    text = words_of(client.get(f"/dieu-hanh/dau-vet/khoan-thu/{sold.code}").text)
    assert re.search(r"Thuế giá trị gia tăng, 1 % Nghị định \S+ 1\.000 ₫", text)


def test_the_shop_leads_there(signed: FlaskClient):
    assert f'href="{PAGE}"' in signed.get("/ban-hang").text


@pytest.mark.parametrize("role", [Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR])
def test_the_office_finds_a_seller_by_the_shops_code(client: FlaskClient, month: Selling, role: Role):
    sign_in(client, make_user(role=role))
    text = words_of(client.get(f"/dieu-hanh/thu-nhap?ma={month.seller.shop.code.lower()}").text)
    assert "Chè nhà bà Lan" in text
    assert "300.000 ₫ 500.000 ₫ 100.000 ₫ 6.000 ₫ 200.000 ₫" in text
    assert "Không có gian hàng này" in client.get("/dieu-hanh/thu-nhap?ma=GHKHONGCO").text
    assert client.get("/dieu-hanh/thu-nhap").status_code == 200
    assert client.get(f"/dieu-hanh/thu-nhap?ma={month.seller.shop.code}&nam=2999").status_code == 422


def test_the_sums_are_read_through_the_payees_own_entries(month: Selling):
    """However large the ledger, the months of one payee are found through an index."""
    db.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    said: list[str] = []

    def note(_connection, cursor, statement, parameters, *_rest):
        if "date_trunc" in statement and not said:
            said.append("asked")
            plan = db.session.connection().exec_driver_sql("EXPLAIN " + statement, parameters)
            said.extend(row[0] for row in plan)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        now = SYSTEM_CLOCK.now()
        queries.by_month(month.payee_id, since=now - timedelta(days=30), until=now)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert any("account_id_created_at_id_idx" in line for line in said), said
