"""Promises of the households' API: each endpoint for whom it is meant, nothing personal in what it answers."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from app.core.clock import SYSTEM_CLOCK
from app.households.registry import people
from app.households.registry.people import Field
from app.identity.roles import Role
from tests.factories import households as make
from tests.households.conftest import Browser, SignIn

PLACES = "/api/v1/households"


def body(**changes: Any) -> dict[str, Any]:
    return {
        "client_id": str(uuid4()),
        "head_name": "Nguyễn Thị Thử",
        "citizen_id": make.a_citizen_id(),
        "phone": make.a_phone(),
        "address": "Nhà sau đình xóm",
        "hamlet_code": f"{make.TAN_CUONG}-01",
        "sales_account": {"bin": "970415", "number": "1012345678", "holder": "NGUYEN THI THU"},
        "consents": [{"purpose": "selling", "how": "spoken"}],
        **changes,
    }


def test_a_team_member_registers_and_a_repeat_answers_the_same(neighbour: Browser) -> None:
    sent = body()
    first = neighbour.api(PLACES, sent, key="k1")
    assert first.status_code == 201
    assert first.json["status"] == "submitted"
    assert neighbour.api(PLACES, sent, key="k1").json == first.json
    assert neighbour.api(PLACES, sent, key="k2").json["code"] == first.json["code"]
    assert neighbour.api(PLACES, body(), key="k1").status_code == 409


def test_what_comes_back_is_masked(neighbour: Browser) -> None:
    sent = body()
    code = neighbour.api(PLACES, sent, key="k1").json["code"]
    answer = neighbour.get(f"{PLACES}/{code}")
    assert answer.get_json()["head_name"] == "Nguyễn T. T."
    text = answer.get_data(as_text=True)
    for secret in (sent["citizen_id"], sent["phone"], sent["phone"][1:], "1012345678", "đình"):
        assert secret not in text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"citizen_id": "019330000001"}, "citizen_id"),
        ({"phone": "123"}, "phone"),
        ({"sales_account": {"bin": "000000", "number": "12", "holder": "1"}}, "account_bin"),
        ({"consents": []}, "consents"),
        ({"hamlet_code": "05503-77"}, "hamlet_code"),
    ],
)
def test_wrong_input_names_the_field(neighbour: Browser, changes: dict[str, Any], field: str) -> None:
    answer = neighbour.api(PLACES, body(**changes), key="k1")
    assert answer.status_code == 422
    assert field in answer.get_json()["errors"]


def test_the_same_citizen_twice_is_a_plain_conflict(neighbour: Browser, sign_in: SignIn) -> None:
    sent = body()
    neighbour.api(PLACES, sent, key="k1")
    elsewhere = sign_in(Role.TEAM_MEMBER, f"{make.DAI_PHUC}-01")
    answer = elsewhere.api(PLACES, body(citizen_id=sent["citizen_id"], hamlet_code=f"{make.DAI_PHUC}-01"), key="k1")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "household_already_registered")
    assert "05503" not in answer.get_data(as_text=True)


def test_each_endpoint_is_for_its_people(client: FlaskClient, sign_in: SignIn, neighbour: Browser) -> None:
    code = neighbour.api(PLACES, body(), key="k1").json["code"]
    paths = [PLACES, f"{PLACES}/{code}/verify", f"{PLACES}/{code}/return"]
    assert [client.post(path, json={}).status_code for path in paths] == [401] * 3
    assert client.get(f"{PLACES}/{code}").status_code == 401
    auditor = sign_in(Role.AUDITOR, "*")
    assert [auditor.api(path, {}, key="k").status_code for path in paths] == [403] * 3
    assert [neighbour.api(path, {"reason": "Sai tên xóm"}).status_code for path in paths[1:]] == [403] * 2
    stranger = sign_in(Role.COMMUNE_OFFICER, make.DAI_PHUC)
    assert stranger.get(f"{PLACES}/{code}").status_code == 404
    assert [stranger.api(path, {"reason": "Sai tên xóm"}).status_code for path in paths[1:]] == [404, 404]


def test_an_officer_returns_or_verifies(officer: Browser, neighbour: Browser) -> None:
    one, other = (neighbour.api(PLACES, body(), key=key).json["code"] for key in ("k1", "k2"))
    answer = officer.api(f"{PLACES}/{one}/return", {"reason": "Thiếu số nhà"})
    assert (answer.status_code, answer.get_json()["return_reason"]) == (200, "Thiếu số nhà")
    assert officer.api(f"{PLACES}/{other}/verify").json["status"] == "verified"
    assert officer.api(f"{PLACES}/{other}/verify").status_code == 409


def test_an_officer_does_not_verify_what_they_registered(officer: Browser) -> None:
    code = officer.api(PLACES, body(), key="k1").json["code"]
    answer = officer.api(f"{PLACES}/{code}/verify")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "verifier_is_registrar")


def test_everybody_reads_who_needs_help_and_nothing_personal(client: FlaskClient) -> None:
    household, _account = make.with_welfare_account(clock=SYSTEM_CLOCK)
    answer = client.get("/api/v1/welfare/households?commune=05503")
    (item,) = answer.get_json()["items"]
    assert set(item) == {"code", "commune_code", "commune_name", "poverty_class", "need", "direct"}
    assert client.get(f"/api/v1/welfare/households/{item['code']}").get_json() == item
    text = answer.get_data(as_text=True)
    for field in Field:
        assert str(people.open_field(household, field)) not in text
    assert household.code not in text
    assert client.get(f"/api/v1/welfare/households/{household.code}").status_code == 404
