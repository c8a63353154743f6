"""A month's declaration: page, file, API and the look behind a line."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.identity.roles import Role
from app.payments.fees import declarations
from tests.factories.payments import make_payee, make_request
from tests.factories.people import make_user, sign_in
from tests.fakes.clock import FrozenClock
from tests.payments.fees import world

PAGE, API = "/dieu-hanh/thue", "/api/v1/fees/declarations"
OCTOBER, NOVEMBER = declarations.month_of("2026-10"), declarations.month_of("2026-11")


@pytest.fixture
def traded(payee_id: UUID) -> UUID:
    """In the last minute of October 100,000 đ by card; in November 10,000 đ of it back and 70,000 đ straight."""
    clock = FrozenClock(datetime(2026, 10, 31, 16, 59, tzinfo=UTC))
    asked = world.sell(payee_id, 100_000, clock=clock)
    world.pay(asked, clock=clock)
    clock.advance(minutes=1)
    world.refund(asked, 10_000, clock=clock)
    world.pay(make_request(payee_id=payee_id, amount_vnd=70_000, clock=clock), clock=clock)
    return payee_id


@pytest.fixture
def signed(client: FlaskClient) -> FlaskClient:
    sign_in(client, make_user(role=Role.FINANCE))
    return client


def test_each_month_tells_its_own(traded: UUID) -> None:
    [line] = declarations.page(OCTOBER).items
    sums = line.sums
    assert (line.payee_id, sums.collected_vnd, sums.direct_vnd) == (traded, 100_000, 0)
    assert (sums.vat_vnd, sums.income_tax_vnd, sums.back_vnd, sums.net_tax_vnd) == (1_000, 500, 0, 1_500)
    sums = declarations.of_seller(NOVEMBER, traded)
    assert (sums.collected_vnd, sums.direct_vnd, sums.vat_vnd) == (0, 70_000, 0)
    assert (sums.vat_back_vnd, sums.income_tax_back_vnd, sums.net_tax_vnd) == (100, 50, -150)
    assert declarations.total(NOVEMBER) == (sums, 1)


def test_gifts_are_no_turnover(traded: UUID) -> None:
    household = make_payee(kind="welfare")[0]
    clock = FrozenClock(datetime(2026, 11, 2, tzinfo=UTC))
    world.pay(make_request(payee_id=household.id, clock=clock), clock=clock)
    assert declarations.total(NOVEMBER)[1] == 1


def test_sellers_come_page_by_page_and_all_in_the_file(traded: UUID) -> None:
    clock = FrozenClock(datetime(2026, 11, 2, tzinfo=UTC))
    for _ in range(2):
        world.pay(world.sell(make_payee()[0].id, 1_000, clock=clock), clock=clock)
    first = declarations.page(NOVEMBER, limit=2)
    rest = declarations.page(NOVEMBER, limit=2, cursor=first.next_cursor)
    assert rest.next_cursor is None
    assert [line.payee_id for line in (*first.items, *rest.items)] == [
        line.payee_id for line in declarations.every(NOVEMBER)
    ]


def test_page_files_and_the_look_behind_a_line(signed: FlaskClient, traded: UUID) -> None:
    page = signed.get(f"{PAGE}?thang=2026-10").text
    assert "100.000" in page
    assert str(traded) in page
    behind = signed.get(f"{PAGE}/nguoi-ban/{traded}?thang=2026-11").text
    assert "Trả lại" in behind
    sheet = signed.get(f"{PAGE}/tep.csv?thang=2026-10").data.decode("utf-8-sig").splitlines()
    assert sheet[1].startswith(f"{traded},,100000,0,1000,500,0,0,0,0,1500,0")
    assert sheet[2].startswith(",Tổng cộng,100000")
    assert signed.get(f"{PAGE}/tep.xlsx?thang=2026-10").data[:2] == b"PK"


def test_an_empty_month_says_so_and_a_wrong_one_too(signed: FlaskClient) -> None:
    assert "Tháng này chưa có tiền bán" in signed.get(f"{PAGE}?thang=2026-01").text
    assert signed.get(f"{PAGE}?thang=2026-13").status_code == 422
    assert signed.get(f"{PAGE}/nguoi-ban/{UUID(int=7)}").status_code == 404


def test_the_api_tells_the_same(signed: FlaskClient, traded: UUID) -> None:
    answer = signed.get(f"{API}?month=2026-10")
    [item] = answer.get_json()["items"]
    assert (item["payee_id"], item["vat_vnd"], item["net_tax_vnd"]) == (str(traded), 1_000, 1_500)
    assert signed.get(f"{API}?month=10-2026").status_code == 422
    assert signed.get(API).status_code == 422


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/tep.csv", f"{API}?month=2026-10"])
def test_declarations_are_for_the_office(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in (302, 303, 401)
    sign_in(client, make_user())
    assert client.get(path).status_code == 403
