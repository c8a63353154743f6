"""The pages of givers, without JavaScript."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from app.core.database import db
from app.giving.gifts import queries
from app.giving.gifts.models import Gift
from app.giving.log import services as log
from app.identity.roles import Role
from app.payments.requests.services import expire_due
from tests.factories.households import DAI_PHUC, TAN_CUONG, register
from tests.factories.people import make_user, sign_in

from .conftest import HEAD, NEED, give, list_household, pay

pytestmark = pytest.mark.usefixtures("on_our_clock")


def text_of(answer):
    return answer.get_data(as_text=True)


def hidden(page, name):
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]


def fill(client, listed, **fields):
    """The form of a household's page as a browser sends it."""
    page = text_of(client.get(f"/ung-ho/{listed.code}"))
    plain = {"choice": "100000", "amount": "", "name": "", "message": "", "method": "vietqr"}
    tokens = {"csrf_token": hidden(page, "csrf_token"), "key": hidden(page, "key")}
    return {**tokens, **plain, **fields}


def send(client, listed, **fields):
    return client.post(f"/ung-ho/{listed.code}", data=fill(client, listed, **fields))


def the_gift():
    [gift] = db.session.scalars(sa.select(Gift).execution_options(populate_existing=True))
    return gift


def test_the_list_shows_code_commune_class_and_need(client, household, clock):
    pay(give(household, clock=clock, amount_vnd=200_000), clock=clock)
    page = text_of(client.get("/ung-ho"))
    assert f'href="/ung-ho/{household.code}"' in page
    assert all(words in page for words in (NEED, "Hộ nghèo", "Tân Cương", "200.000"))


def test_the_list_is_filtered_by_commune_and_comes_in_pages(client, household, clock, monkeypatch):
    far = list_household(clock=clock, hamlet_code=f"{DAI_PHUC}-01", sales_account=None)
    near = text_of(client.get(f"/ung-ho?commune={TAN_CUONG}"))
    assert household.code in near
    assert far.code not in near
    monkeypatch.setattr("app.giving.gifts.pages.PAGE_HOUSEHOLDS", 1)
    first = text_of(client.get("/ung-ho"))
    next_url = re.search(r'href="([^"]*cursor=[^"]*)"', first)
    assert next_url, "no way to the next page"
    second = text_of(client.get(next_url[1].replace("&amp;", "&")))
    smaller, larger = sorted([household.code, far.code])
    assert (smaller in first, larger in first) == (True, False)
    assert (smaller in second, larger in second) == (False, True)


def test_an_empty_list_says_so(client, app):
    assert "Chưa có hộ nào" in text_of(client.get("/ung-ho"))
    assert client.get("/ung-ho?cursor=xyz").status_code == 422


def test_a_typed_amount_counts_before_a_picked_one(client, household):
    answer = send(client, household, amount="150.000", name="Lê Thị Lan")
    assert answer.status_code == 303
    assert re.fullmatch(r"/tra-tien/CP\w{8}", answer.location)
    assert the_gift().amount_vnd == 150_000


def test_a_picked_amount_is_enough(client, household):
    send(client, household, choice="500000")
    assert the_gift().amount_vnd == 500_000


def test_pressing_twice_makes_one_gift(client, household):
    form = fill(client, household, name="Lan")
    first = client.post(f"/ung-ho/{household.code}", data=form)
    second = client.post(f"/ung-ho/{household.code}", data=form)
    assert first.location == second.location
    assert the_gift().amount_vnd == 100_000


@pytest.mark.parametrize("fields", [{"amount": "nhiều"}, {"amount": "500"}, {"choice": ""}, {"name": "x" * 81}])
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, household, fields):
    answer = send(client, household, message="Chúc <b>khỏe</b>", **fields)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "Còn chỗ cần sửa" in page
    assert "Chúc &lt;b&gt;khỏe&lt;/b&gt;" in page
    assert "500000000" not in page
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Gift)) == 0


def test_a_form_without_its_token_or_key_makes_no_gift(client, household):
    form = fill(client, household)
    assert client.post(f"/ung-ho/{household.code}", data={**form, "csrf_token": ""}).status_code == 400
    assert client.post(f"/ung-ho/{household.code}", data={**form, "key": "short"}).status_code == 422
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Gift)) == 0


def test_a_household_without_direct_consent_offers_cards_only(client, shy_household):
    page = text_of(client.get(f"/ung-ho/{shy_household.code}"))
    assert 'value="vietqr"' not in page
    assert 'name="method" value="card"' in page
    answer = send(client, shy_household)
    assert answer.status_code == 409
    assert "không nhận chuyển khoản thẳng" in text_of(answer)


def test_a_household_that_is_not_listed_has_no_page(client, app):
    assert client.get("/ung-ho/AS23456789").status_code == 404


def test_the_receipt_says_received_only_on_the_banks_word(client, household, clock):
    gift = give(household, clock=clock)
    path = f"/ung-ho/bien-nhan/{gift.code}"
    waiting = text_of(client.get(path))
    assert "Chưa nhận được tiền" in waiting
    assert "Đã nhận" not in waiting
    pay(gift, clock=clock)
    received = text_of(client.get(path))
    assert all(words in received for words in ("Đã nhận 200.000", "BN2026000001", "Đang ghi vào sổ công khai"))
    log.sequence_leaves(clock=clock)
    logged = text_of(client.get(path))
    assert "Đã ghi vào sổ công khai" in logged
    assert f'href="/api/v1/gifts/{gift.code}" download="bien-nhan-{gift.code}.json"' in logged.replace("  ", " ")
    assert "verify_receipt.py" in logged


def test_the_receipt_is_honest_about_money_that_was_not_enough(client, household, clock):
    gift = give(household, clock=clock, amount_vnd=200_000)
    path = f"/ung-ho/bien-nhan/{gift.code}"
    pay(gift, clock=clock, amount_vnd=50_000)
    assert "Mới có 50.000" in text_of(client.get(path))
    clock.advance(days=8)
    expire_due(clock=clock)
    late = text_of(client.get(path))
    assert "hết hạn" in late
    assert "Mới có 50.000" in late
    assert "Đã nhận" not in late


def test_name_and_salt_show_on_the_givers_own_phone_only(client, app, household, clock):
    send(client, household, name="<b>Lê Thị Lan</b>")
    gift = the_gift()
    pay(gift, clock=clock)
    mine = text_of(client.get(f"/ung-ho/bien-nhan/{gift.code}"))
    assert "&lt;b&gt;Lê Thị Lan&lt;/b&gt;" in mine
    assert "Chỉ máy này thấy" in mine
    others = text_of(app.test_client().get(f"/ung-ho/bien-nhan/{gift.code}"))
    assert "Lê Thị Lan" not in others
    assert "Chỉ máy này thấy" not in others


def test_an_officer_sees_no_more_on_a_receipt_than_a_guest(client, household, clock):
    gift = give(household, clock=clock, donor_name="Lê Thị Lan")
    pay(gift, clock=clock)
    sign_in(client, make_user(Role.COMMUNE_OFFICER, areas=[TAN_CUONG], display_name="Hoàng Văn Cán"))
    page = text_of(client.get(f"/ung-ho/bien-nhan/{gift.code}"))
    assert "Lê Thị Lan" not in page
    assert HEAD not in page


def test_a_gift_is_found_again_by_its_code_as_people_type_it(client, household, clock):
    gift = give(household, clock=clock)
    typed = f"{gift.code[:2]} {gift.code[2:6]}-{gift.code[6:]}".lower()
    answer = client.get("/ung-ho/bien-nhan", query_string={"ma": typed})
    assert answer.location == f"/ung-ho/bien-nhan/{gift.code}"
    missing = client.get("/ung-ho/bien-nhan", query_string={"ma": "<i>UH</i>"})
    assert missing.status_code == 404
    assert "<i>" not in text_of(missing)
    assert client.get("/ung-ho/bien-nhan/UH23456789").status_code == 404


def test_the_public_ledger_finds_a_gift_by_its_receipt_number(client, household, clock):
    gift = give(household, clock=clock)
    pay(gift, clock=clock)
    log.sequence_leaves(clock=clock)
    number = queries.by_code(gift.code).receipt_number
    found = client.get("/so-cong-khai", query_string={"ma": number})
    assert "200.000" in text_of(found)


def test_the_pay_page_leads_back_to_the_household_and_on_to_the_receipt(client, household, clock):
    gift = give(household, clock=clock)
    pay(gift, clock=clock)
    code = client.get(f"/api/v1/gifts/{gift.code}").json["payment_request"]["code"]
    page = text_of(client.get(f"/tra-tien/{code}"))
    assert f"Ủng hộ hộ {household.code}" in page
    assert f'href="/ung-ho/bien-nhan/{gift.code}"' in page


def test_a_household_not_yet_verified_is_not_on_the_list(client, clock):
    waiting = register(clock=clock)
    assert waiting.code not in text_of(client.get("/ung-ho"))
