"""The finance office's pages and API of the gateway's payouts."""

from __future__ import annotations

from io import BytesIO

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from app.identity.roles import Role
from tests.factories.people import make_user, post_form, sign_in
from tests.payments.card_payouts.world import FEE_OF_50_000, catch_up, discover, known

LIST = "/dieu-hanh/cong-the"


@pytest.fixture
def signed(client: FlaskClient) -> FlaskClient:
    sign_in(client, make_user(role=Role.FINANCE))
    return client


@pytest.fixture
def wrong(stripe_wire, pay):
    """A payout of one sale and an adjustment that nobody knows."""
    told = (pay(), stripe_wire.pay_out(adjustment=-5_000))[1]
    stripe_wire.finish_payout(told["id"])
    discover()
    catch_up(known(told["id"]))
    return known(told["id"])


def test_an_empty_list_says_so_and_a_button_finds_payouts(signed, stripe_wire, pay):
    assert "Cổng thẻ chưa trả đợt nào" in signed.get(LIST).text
    pay()
    told = stripe_wire.pay_out()
    assert post_form(signed, f"{LIST}/hoi-lai").status_code == 303
    assert known(told["id"]).status == "in_transit"
    assert "tiền đang về" in signed.get(LIST).text


def test_a_payout_shows_its_sums_and_lines_and_links_to_the_payment(signed, stripe_wire, pay):
    request = pay()
    told = stripe_wire.pay_out()
    stripe_wire.finish_payout(told["id"])
    discover()
    payout = known(told["id"])
    assert "Chưa có dòng nào" in signed.get(f"{LIST}/{payout.id}").text
    assert post_form(signed, f"{LIST}/{payout.id}/hoi-lai").status_code == 303
    page = signed.get(f"{LIST}/{payout.id}").text
    assert f"ma={request.code}" in page
    assert "50.000" in page
    assert "khớp, đã ghi sổ" in page
    assert "khớp, đã ghi sổ" in signed.get(LIST).text


def test_only_what_does_not_fit_can_be_looked_at(signed, wrong):
    page = signed.get(f"{LIST}/{wrong.id}?lech=1").text
    assert "điều chỉnh, cần người xem" in page
    assert "thẻ trả</td>" not in page
    assert "1 dòng lệch" in signed.get(f"{LIST}?lech=1").text


def test_the_lines_come_as_files(signed, wrong):
    table = signed.get(f"{LIST}/{wrong.id}/tep.csv").text
    assert "-5000" in table
    assert str(50_000 - FEE_OF_50_000) in table
    sheet = CalamineWorkbook.from_filelike(BytesIO(signed.get(f"{LIST}/{wrong.id}/tep.xlsx").data)).get_sheet_by_index(
        0
    )
    assert len(sheet.to_python()) == 3


def test_programs_read_payouts_and_lines(signed, wrong):
    (payout,) = signed.get("/api/v1/card-payouts?only_wrong=1").json["items"]
    assert (payout["payout_id"], payout["differences"], payout["off_vnd"]) == (wrong.payout_id, 1, 0)
    assert signed.get(f"/api/v1/card-payouts/{wrong.id}").json == payout
    first = signed.get(f"/api/v1/card-payouts/{wrong.id}/lines?limit=1").json
    rest = signed.get(f"/api/v1/card-payouts/{wrong.id}/lines?limit=1&cursor={first['next_cursor']}").json
    assert {line["type"] for line in first["items"] + rest["items"]} == {"charge", "adjustment"}
    assert rest["next_cursor"] is None


def test_what_stands_still_is_among_the_stuck_money(signed, wrong):
    assert "Đợt cổng thẻ trả không khớp" in signed.get("/dieu-hanh/tien-ket").text


@pytest.mark.parametrize("role", [None, Role.COMMUNE_OFFICER])
def test_others_may_not_look(client, wrong, role):
    if role:
        sign_in(client, make_user(role=role))
    wanted = 403 if role else 401
    assert client.get(f"/api/v1/card-payouts/{wrong.id}").status_code == wanted
    assert client.get(LIST).status_code in (wanted, 302)


def test_an_auditor_looks_and_cannot_ask(client, wrong):
    sign_in(client, make_user(role=Role.AUDITOR))
    assert "Hỏi lại cổng thẻ" not in client.get(f"{LIST}/{wrong.id}").text
    assert post_form(client, f"{LIST}/{wrong.id}/hoi-lai").status_code == 403


@pytest.mark.parametrize("name", ["nothing", "019c0000-0000-7000-8000-000000000000"])
def test_there_is_no_such_payout(signed, name):
    assert signed.get(f"{LIST}/{name}").status_code == 404
