"""The household's own pages and API, and the officers' side, as browsers and programs meet them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, transaction
from app.households.own import queries, services
from app.households.registry.models import Household, Purpose
from app.identity import operations as identity
from app.identity import queries as accounts
from app.identity import session
from app.identity.operations import NewGrant
from app.identity.roles import Role
from tests.factories.households import DAI_PHUC, a_phone, verified
from tests.factories.market import a_shop_of
from tests.factories.people import make_user, sign_in
from tests.households.conftest import Browser, SignIn

HEAD = "Nguyễn Thị Thử"


@pytest.fixture
def home(app: Flask) -> Household:
    return verified(clock=SYSTEM_CLOCK)


def browser_of(app: Flask, household: Household) -> Browser:
    """The household's own person, signed in."""
    user = make_user(Role.HOUSEHOLD, household_id=household.id, display_name="Mẫu", clock=SYSTEM_CLOCK)
    token, _ends = session.new_token(user, second_factor=False)
    actor = accounts.actor_of(user, clock=SYSTEM_CLOCK)
    return Browser(app.test_client(), actor, {session.TOKEN_HEADER: token})


@pytest.fixture
def own(app: Flask, home: Household) -> Browser:
    return browser_of(app, home)


def text(answer: Any) -> str:
    assert answer.status_code in (200, 422), answer.status_code
    return str(answer.get_data(as_text=True))


def test_the_page_is_masked_until_asked_and_the_look_is_on_it(own: Browser) -> None:
    assert HEAD not in text(own.get("/nha-minh"))
    full = text(own.post("/nha-minh/xem", {}, "/nha-minh"))
    assert HEAD in full
    assert "Xem thông tin nhà mình" in text(own.get("/nha-minh/nhat-ky"))


def test_a_consent_is_turned_off_and_on(own: Browser, home: Household) -> None:
    own.post("/nha-minh/dong-y", {"purpose": "syndication", "given": "0"}, "/nha-minh")
    page = text(own.get("/nha-minh"))
    assert "Xã trả lời trước" in page
    assert "Rút đồng ý: Đăng lên sàn khác" in page
    own.post("/nha-minh/dong-y", {"purpose": "syndication", "given": "1"}, "/nha-minh")
    assert "Đã thôi" in text(own.get("/nha-minh"))


def test_everything_comes_along_as_a_file(own: Browser) -> None:
    taken = own.post("/nha-minh/tai", {}, "/nha-minh")
    assert "attachment" in taken.headers["Content-Disposition"]
    assert taken.get_json()["fields"]["head_name"] == HEAD


def test_a_correction_with_nothing_in_it_is_told_so_and_a_good_one_waits(own: Browser) -> None:
    form = {"amendment_id": str(uuid4()), "base_version": "1"}
    assert own.post("/nha-minh/sua", form, "/nha-minh/sua").status_code == 422
    sent = own.post("/nha-minh/sua", form | {"address": "Nhà mới đầu xóm"}, "/nha-minh/sua")
    assert sent.location == "/nha-minh"
    assert "đang chờ xã xem" in text(own.get("/nha-minh"))


def test_members_are_added_and_taken_off(own: Browser, home: Household) -> None:
    bad = own.post("/nha-minh/nguoi", {"name": "", "relation": "child"}, "/nha-minh/nguoi")
    assert bad.status_code == 422
    own.post("/nha-minh/nguoi", {"name": "Người mẫu", "relation": "child", "birth_year": "2001"}, "/nha-minh/nguoi")
    page = text(own.get("/nha-minh/nguoi"))
    assert "Người mẫu" in page
    path = page.split('action="/nha-minh/nguoi/')[1].split('"')[0]
    own.post(f"/nha-minh/nguoi/{path}", {}, "/nha-minh/nguoi")
    assert "Người mẫu" not in text(own.get("/nha-minh/nguoi"))


def test_erasure_from_asking_to_gone(own: Browser, home: Household, officer: Browser) -> None:
    assert own.post("/nha-minh/xoa", {}, "/nha-minh/xoa").status_code == 422
    own.post("/nha-minh/xoa", {"sure": "1", "request_id": str(uuid4())}, "/nha-minh/xoa")
    assert "Xã đã nhận yêu cầu xóa" in text(own.get("/nha-minh/xoa"))
    listed = text(officer.get("/dieu-hanh/quyen-rieng-tu"))
    path = "/dieu-hanh/quyen-rieng-tu/" + listed.split('href="/dieu-hanh/quyen-rieng-tu/')[1].split('"')[0]
    assert officer.post(f"{path}/xoa", {}, path).status_code == 422
    assert officer.post(f"{path}/xoa", {"sure": "1"}, path).status_code == 302
    assert "Đã xong" in text(officer.get(path))
    assert own.get("/nha-minh").status_code in (302, 401, 403, 404)
    assert officer.get(f"/dieu-hanh/ho-gia-dinh/{home.code}").status_code == 404


def test_officers_of_elsewhere_find_no_request(own: Browser, home: Household, sign_in: SignIn) -> None:
    services.set_consent(actor=own.actor, purpose=Purpose.SELLING, given=False, clock=SYSTEM_CLOCK)
    with acting_as(SYSTEM):
        (request,) = queries.requests_of(home.id)
    elsewhere = sign_in(Role.COMMUNE_OFFICER, DAI_PHUC)
    assert elsewhere.get(f"/dieu-hanh/quyen-rieng-tu/{request.id}").status_code == 404
    assert elsewhere.get(f"/dieu-hanh/quyen-rieng-tu/ho/{home.code}").status_code == 404


def test_an_officer_answers_and_finishes_a_withdrawal(own: Browser, home: Household, officer: Browser) -> None:
    services.set_consent(actor=own.actor, purpose=Purpose.SELLING, given=False, clock=SYSTEM_CLOCK)
    with acting_as(SYSTEM):
        (request,) = queries.requests_of(home.id)
    path = f"/dieu-hanh/quyen-rieng-tu/{request.id}"
    assert officer.post(f"{path}/tra-loi", {"answer": ""}, path).status_code == 422
    officer.post(f"{path}/tra-loi", {"answer": "Đã gỡ hết tin đăng."}, path)
    officer.post(f"{path}/xong", {}, path)
    page = text(own.get("/nha-minh"))
    assert "Đã gỡ hết tin đăng." in page
    assert "Đã xong" in page


def test_what_is_asked_at_the_counter(home: Household, officer: Browser) -> None:
    page = f"/dieu-hanh/quyen-rieng-tu/ho/{home.code}"
    form = {"name": "Người mẫu", "relation": "contact", "phone": a_phone()}
    assert officer.post(f"{page}/nguoi", form, page).status_code == 302
    assert "Người m." in text(officer.get(page))
    assert officer.post(f"{page}/xin-xoa", {}, page).status_code == 422
    asked = officer.post(f"{page}/xin-xoa", {"sure": "1"}, page)
    assert "/dieu-hanh/quyen-rieng-tu/" in asked.location
    assert "Cần một cán bộ khác" in text(officer.get(asked.location))


def test_one_phone_of_two_households_chooses(client: FlaskClient, home: Household) -> None:
    other = verified(clock=SYSTEM_CLOCK, head_name="Trần Thị Mẫu")
    user = make_user(Role.HOUSEHOLD, household_id=home.id, clock=SYSTEM_CLOCK)
    with transaction(actor=SYSTEM):
        grant = NewGrant(Role.HOUSEHOLD, household_id=other.id)
        identity.grant_role(user, grant, actor=SYSTEM, clock=SYSTEM_CLOCK)
    assert sign_in(client, user).location == "/nha-minh/chon"
    assert client.get("/nha-minh").location == "/nha-minh/chon"
    page = client.get("/nha-minh/chon").get_data(as_text=True)
    assert "Trần T. M." in page
    assert home.code in page
    for chosen in (other, home):
        assert post_form_on(client, "/nha-minh/chon", household=str(chosen.id)).location == "/nha-minh"
        shown = client.get("/nha-minh").get_data(as_text=True)
        assert chosen.code[2:6] in shown
    stranger = verified(clock=SYSTEM_CLOCK)
    assert post_form_on(client, "/nha-minh/chon", household=str(stranger.id)).location == "/nha-minh/chon"


def test_what_was_chosen_holds_where_one_sells(client: FlaskClient, home: Household) -> None:
    other = verified(clock=SYSTEM_CLOCK, head_name="Trần Thị Mẫu")
    shops = {one.id: a_shop_of(one, clock=SYSTEM_CLOCK).shop for one in (home, other)}
    user = make_user(Role.HOUSEHOLD, household_id=home.id, clock=SYSTEM_CLOCK)
    with transaction(actor=SYSTEM):
        grant = NewGrant(Role.HOUSEHOLD, household_id=other.id)
        identity.grant_role(user, grant, actor=SYSTEM, clock=SYSTEM_CLOCK)
    sign_in(client, user)
    unsaid = client.get("/ban-hang/don-hang")
    assert unsaid.location == "/nha-minh/chon?ve=/ban-hang/don-hang"
    unsure = post_form_on(client, "/nha-minh/chon", to="/ban-hang/trang-thai", mo="0")
    assert unsure.location.startswith("/nha-minh/chon")
    assert 'name="ve" value="/ban-hang/don-hang"' in text(client.get(unsaid.location))
    for chosen, left in ((other, home), (home, other)):
        sent = post_form_on(client, "/nha-minh/chon", household=str(chosen.id), ve="/ban-hang")
        assert sent.location == "/ban-hang"
        page = text(client.get("/ban-hang"))
        assert shops[chosen.id].name in page
        assert shops[left.id].name not in page
        assert f"(mã {chosen.code})" in page
        assert "Đổi nhà" in page
        assert chosen.code in text(client.get("/ban-hang/don-hang"))
    for elsewhere in ("//xau.example", "https://xau.example/ban-hang", "/dieu-hanh", "/ban-hangx"):
        sent = post_form_on(client, "/nha-minh/chon", household=str(home.id), ve=elsewhere)
        assert sent.location == "/nha-minh"


def test_one_household_is_asked_nothing(own: Browser, home: Household) -> None:
    a_shop_of(home, clock=SYSTEM_CLOCK)
    assert "Đang xem nhà" not in text(own.get("/ban-hang"))


def post_form_on(client: FlaskClient, path: str, *, to: str = "", **fields: str) -> Any:
    """Send a form with the token of the page it stands on."""
    token = client.get(path).get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    return client.post(to or path, data={"csrf_token": token, **fields})


def test_the_api_shows_takes_along_and_changes(own: Browser, home: Household) -> None:
    shown = own.get("/api/v1/own").get_json()
    assert shown["code"] == home.code
    assert shown["head_name"] != HEAD
    assert own.api("/api/v1/own/export").get_json()["fields"]["head_name"] == HEAD
    assert own.get("/api/v1/own/log").get_json()["items"][0]["action"] == "own_data_exported"
    body = {"id": str(uuid4()), "base_version": 1, "changes": {"address": "Nhà mới đầu xóm"}}
    for _twice in range(2):
        sent = own.api("/api/v1/own/corrections", body, key="k1")
        assert (sent.status_code, sent.get_json()["status"]) == (201, "waiting")
    member = own.api("/api/v1/own/members", {"name": "Người mẫu", "relation": "child"}, key="k2").get_json()
    assert UUID(member["id"])
    assert own.client.delete(f"/api/v1/own/members/{member['id']}", headers=own.headers).status_code == 204
    said = {"purpose": "selling", "given": False}
    assert own.client.put("/api/v1/own/consents", json=said, headers=own.headers).status_code == 204
    assert own.api("/api/v1/own/erasure", {"id": str(uuid4())}, key="k3").status_code == 201
    assert own.client.delete("/api/v1/own/erasure", headers=own.headers).status_code == 204
    refused = own.api("/api/v1/own/corrections", {"id": str(uuid4()), "base_version": 1, "changes": {"x": "y"}}, "k4")
    assert refused.status_code == 422


def test_nobody_else_gets_in(client: FlaskClient, officer: Browser, home: Household) -> None:
    for path in ("/nha-minh", "/nha-minh/nguoi", "/nha-minh/xoa", "/nha-minh/nhat-ky", "/nha-minh/sua"):
        assert client.get(path).status_code == 302
        assert officer.get(path).status_code == 403
