"""Promises of conflicts and hints: a person chooses, may choose again, and sees nothing that they may not."""

from __future__ import annotations

import statistics
import time
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core import crypto
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.households.registry import fields, services
from app.identity.limits import limiter
from app.identity.roles import Role
from tests.factories import households as make
from tests.households.conftest import Browser, SignIn
from tests.households.test_doorstep_sync import XOM, bring, edit, outcomes, registration, the

DESK = "/to-cong-nghe/xung-dot"
FORM = "/to-cong-nghe/dang-ky"  # any page with a form of one's own
ASK = "/api/v1/onboarding/duplicates"


def a_conflict(browser: Browser, **sent: str) -> tuple[str, str]:
    """(conflict id, household code): two edits of the same version, which the second loses until somebody chooses."""
    (stored,) = bring(browser, registration())
    code = stored["household_code"]
    bring(browser, edit(code, fields={"address": "Nhà bên suối"}))
    (clash,) = bring(browser, edit(code, fields=sent or {"address": "Nhà trên đồi"}))
    assert clash["outcome"] == "conflict"
    return clash["conflict_id"], code


def choose(browser: Browser, conflict_id: str, version: int = 2, **choices: str) -> Any:
    page = f"{DESK}/{conflict_id}"
    return browser.post(page, {"version": str(version), **choices}, page)


@pytest.mark.parametrize(("choice", "address"), [("sent", "Nhà trên đồi"), ("kept", "Nhà bên suối")])
def test_the_sender_or_the_officer_chooses(neighbour: Browser, officer: Browser, choice: str, address: str) -> None:
    for browser in (neighbour, officer):
        conflict_id, code = a_conflict(neighbour)
        assert conflict_id in browser.get(DESK).get_data(as_text=True)
        assert choose(browser, conflict_id, address=choice).status_code == 302
        assert fields.of(the(code))["address"] == address
        assert "Đã chọn xong" in browser.get(f"{DESK}/{conflict_id}").get_data(as_text=True)
        assert conflict_id not in browser.get(DESK).get_data(as_text=True)


def test_a_settled_record_tells_so(neighbour: Browser) -> None:
    (stored,) = bring(neighbour, registration())
    bring(neighbour, edit(stored["household_code"], fields={"address": "Nhà bên suối"}))
    late = edit(stored["household_code"], fields={"address": "Nhà trên đồi"})
    (clash,) = bring(neighbour, late)
    choose(neighbour, clash["conflict_id"], address="sent")
    (now,) = neighbour.get(f"/api/v1/onboarding/records?ids={late['id']}").get_json()["results"]
    assert (now["outcome"], now["conflict_id"]) == ("merged", None)
    assert outcomes(bring(neighbour, late)) == ["same"]


def test_a_choice_is_taken_back_as_long_as_nothing_was_done_with_it(neighbour: Browser, officer: Browser) -> None:
    conflict_id, code = a_conflict(neighbour)
    page = f"{DESK}/{conflict_id}"
    choose(neighbour, conflict_id, address="sent")
    assert neighbour.post(f"{page}/chon-lai", {}, page).status_code == 302
    assert fields.of(the(code))["address"] == "Nhà bên suối"
    choose(neighbour, conflict_id, version=4, address="sent")
    services.verify(actor=officer.actor, household_id=the(code).id, clock=SYSTEM_CLOCK)
    assert neighbour.client.get(page, headers=neighbour.headers).status_code == 200
    assert "Chọn lại" not in neighbour.get(page).get_data(as_text=True)


def test_a_choice_about_a_verified_household_waits_for_the_officer(neighbour: Browser, officer: Browser) -> None:
    conflict_id, code = a_conflict(neighbour)
    services.verify(actor=officer.actor, household_id=the(code).id, clock=SYSTEM_CLOCK)
    assert choose(neighbour, conflict_id, address="sent").status_code == 302
    assert fields.of(the(code))["address"] == "Nhà bên suối"
    assert "Chọn lại" not in neighbour.get(f"{DESK}/{conflict_id}").get_data(as_text=True)


def test_choosing_twice_late_or_nothing_changes_nothing(neighbour: Browser, officer: Browser) -> None:
    conflict_id, code = a_conflict(neighbour)
    assert choose(neighbour, conflict_id).status_code == 422
    assert choose(neighbour, conflict_id, address="both").status_code == 422
    assert choose(neighbour, conflict_id, version=1, address="sent").status_code == 409
    assert the(code).version == 2
    page = officer.get(f"{DESK}/{conflict_id}").get_data(as_text=True)
    csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
    choose(neighbour, conflict_id, address="kept")
    form = {"version": "2", "address": "sent", "csrf_token": csrf}
    assert officer.client.post(f"{DESK}/{conflict_id}", data=form, headers=officer.headers).status_code == 409
    assert fields.of(the(code))["address"] == "Nhà bên suối"


def test_what_belongs_together_is_chosen_together(neighbour: Browser) -> None:
    (stored,) = bring(neighbour, registration())
    code = stored["household_code"]
    bring(neighbour, edit(code, fields={"account_number": "1099999999"}))
    (clash,) = bring(neighbour, edit(code, fields={"account_bin": "970405", "account_holder": "NGUYEN THI MOI"}))
    assert choose(neighbour, clash["conflict_id"], account_bin="sent").status_code == 302
    now = fields.of(the(code))
    assert (now["account_bin"], now["account_number"], now["account_holder"]) == (
        "970405", "1012345678", "NGUYEN THI MOI",
    )  # fmt: skip


def test_another_content_of_a_registration_brings_its_yeses(neighbour: Browser) -> None:
    record = registration()
    (stored,) = bring(neighbour, record)
    also = [*record["consents"], {"purpose": "contact", "how": "spoken", "at": record["made_at"]}]
    (clash,) = bring(neighbour, {**record, "consents": also})
    page = neighbour.get(f"{DESK}/{clash['conflict_id']}").get_data(as_text=True)
    assert "Điều bà con đồng ý" in page
    assert choose(neighbour, clash["conflict_id"], version=1, consents="sent").status_code == 302
    from app.households.registry import queries
    from app.households.registry.models import Purpose

    assert queries.has_consent(the(stored["household_code"]).id, Purpose.CONTACT)


def test_a_choice_taken_back_takes_back_its_yes_and_no_other(neighbour: Browser, officer: Browser) -> None:
    from app.households.registry import queries
    from app.households.registry.models import How, Purpose

    record = registration()
    (stored,) = bring(neighbour, record)
    home_id = the(stored["household_code"]).id
    also = [*record["consents"], {"purpose": "contact", "how": "spoken", "at": record["made_at"]}]
    (clash,) = bring(neighbour, {**record, "consents": also})
    page = f"{DESK}/{clash['conflict_id']}"

    def agreed() -> tuple[bool, bool]:
        db.session.rollback()
        return queries.has_consent(home_id, Purpose.SELLING), queries.has_consent(home_id, Purpose.CONTACT)

    choose(neighbour, clash["conflict_id"], version=1, consents="sent")
    assert agreed() == (True, True)
    assert neighbour.post(f"{page}/chon-lai", {}, page).status_code == 302
    assert agreed() == (True, False)
    choose(neighbour, clash["conflict_id"], version=1, consents="sent")
    for given in (False, True):
        services.record_consent(
            actor=officer.actor, household_id=home_id, purpose=Purpose.CONTACT, given=given, how=How.SIGNED,
            clock=SYSTEM_CLOCK,
        )  # fmt: skip
    assert neighbour.post(f"{page}/chon-lai", {}, page).status_code == 302
    assert agreed() == (True, True), "what the household said since holds"


def test_sides_are_masked_and_each_full_look_is_written_down(neighbour: Browser, sign_in: SignIn) -> None:
    (stored,) = bring(neighbour, registration())
    code = stored["household_code"]
    one, other = make.a_phone(), make.a_phone()
    bring(neighbour, edit(code, fields={"phone": one}))
    (clash,) = bring(neighbour, edit(code, fields={"phone": other}))
    path = f"{DESK}/{clash['conflict_id']}"
    colleague, officer = sign_in(Role.TEAM_MEMBER, XOM), sign_in(Role.COMMUNE_OFFICER)
    for browser in (colleague, officer):
        page = browser.get(path).get_data(as_text=True)
        assert one not in page and other not in page
    mine = neighbour.get(path).get_data(as_text=True)
    assert other in mine and one not in mine  # what they typed themselves, not what others did
    full = officer.post(f"{path}/xem-du", {}, path).get_data(as_text=True)
    assert one in full and other in full
    acts = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "household_unmasked")).all()
    assert [act.actor_id for act in acts] == [officer.actor.user_id]
    assert colleague.post(f"{path}/xem-du", {}, FORM).status_code == 403


def test_nothing_is_left_to_choose_about_an_erased_household(neighbour: Browser) -> None:
    conflict_id, code = a_conflict(neighbour)
    with transaction():
        crypto.destroy_data_key(the(code).data_key_id, clock=SYSTEM_CLOCK)
    assert neighbour.get(f"{DESK}/{conflict_id}").status_code == 404
    assert neighbour.post(f"{DESK}/{conflict_id}", {"version": "2", "address": "sent"}, FORM).status_code == 404
    assert conflict_id not in neighbour.get(DESK).get_data(as_text=True)


def test_who_may_not_choose(client: FlaskClient, neighbour: Browser, sign_in: SignIn) -> None:
    conflict_id, code = a_conflict(neighbour)
    path = f"{DESK}/{conflict_id}"
    assert "/dang-nhap" in client.get(path).location
    assert "/dang-nhap" in client.get(DESK).location
    assert sign_in(Role.AUDITOR, "*").get(path).status_code == 403
    for stranger in (sign_in(Role.TEAM_MEMBER, f"{make.TAN_CUONG}-02"), sign_in(Role.COMMUNE_OFFICER, make.DAI_PHUC)):
        assert stranger.get(path).status_code == 404
        assert conflict_id not in stranger.get(DESK).get_data(as_text=True)
        form = {"version": "2", "address": "sent"}
        assert stranger.post(path, form, FORM).status_code == 404
        assert stranger.post(f"{path}/xem-du", {}, FORM).status_code == 404
        assert stranger.post(f"{path}/chon-lai", {}, FORM).status_code == 404
    colleague = sign_in(Role.TEAM_MEMBER, XOM)
    assert "Đang chờ chọn" in colleague.get(path).get_data(as_text=True)
    assert colleague.post(path, {"version": "2", "address": "sent"}, FORM).status_code == 403
    assert colleague.post(f"{path}/chon-lai", {}, FORM).status_code == 403
    assert neighbour.get(f"{DESK}/{uuid4()}").status_code == 404
    assert fields.of(the(code))["address"] == "Nhà bên suối"


def test_an_empty_desk_says_so(neighbour: Browser) -> None:
    assert "Không có chỗ nào lệch nhau" in neighbour.get(DESK).get_data(as_text=True)


def ask(browser: Browser, **question: Any) -> Any:
    limiter.reset()
    answer = browser.api(ASK, {"hamlet_code": XOM, **question})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def test_the_hint_finds_numbers_and_near_names(neighbour: Browser) -> None:
    record = registration(fields={"head_name": "Nguyễn Thị Hạnh", "citizen_id": make.a_citizen_id()})
    (stored,) = bring(neighbour, record)
    code, told = stored["household_code"], record["fields"]
    none = {"citizen": False, "phone": False, "similar": [], "similar_elsewhere": 0}
    assert ask(neighbour) == none
    assert ask(neighbour, citizen_id=told["citizen_id"]) == none | {"citizen": True, "similar": [code]}
    assert ask(neighbour, phone=told["phone"]) == none | {"phone": True, "similar": [code]}
    for name, year in (("nguyen thi hanh", 1980), ("Nguyễn Thị Hanhh", 1981), ("Nguyễn Hạnh", None)):
        assert ask(neighbour, head_name=name, birth_year=year)["similar"] == [code]
    assert ask(neighbour, head_name="Nguyễn Thị Hạnh", birth_year=1990) == none
    assert ask(neighbour, head_name="Trần Văn Khác", birth_year=1980) == none
    assert ask(neighbour, citizen_id="12", phone="x", head_name="a") == none


def test_of_a_household_out_of_sight_the_hint_tells_a_yes_at_most(neighbour: Browser, sign_in: SignIn) -> None:
    stranger = sign_in(Role.TEAM_MEMBER, f"{make.DAI_PHUC}-01")
    there = registration(fields={"hamlet_code": f"{make.DAI_PHUC}-01"})
    (stored,) = bring(stranger, there)
    found = ask(neighbour, citizen_id=there["fields"]["citizen_id"], head_name=there["fields"]["head_name"])
    assert found == {"citizen": False, "phone": False, "similar": [], "similar_elsewhere": 1}
    assert stored["household_code"] not in str(found)
    wrong = neighbour.api(ASK, {"hamlet_code": f"{make.DAI_PHUC}-01"})
    assert wrong.status_code == 403


def test_a_number_out_of_sight_and_one_of_nobody_are_answered_alike(neighbour: Browser, sign_in: SignIn) -> None:
    stranger = sign_in(Role.TEAM_MEMBER, f"{make.DAI_PHUC}-01")
    there = registration(fields={"hamlet_code": f"{make.DAI_PHUC}-01"})
    bring(stranger, there)
    numbers = {"known": there["fields"]["citizen_id"], "unknown": make.a_citizen_id()}
    seconds: dict[str, list[float]] = {"known": [], "unknown": []}
    sizes = set()
    for _round in range(30):
        for which, number in numbers.items():
            limiter.reset()
            began = time.perf_counter()
            answer = neighbour.api(ASK, {"hamlet_code": XOM, "citizen_id": number})
            seconds[which].append(time.perf_counter() - began)
            sizes.add((answer.status_code, len(answer.data)))
    assert len(sizes) == 1
    known, unknown = (statistics.median(found) for found in seconds.values())
    assert abs(known - unknown) < 0.5 * max(known, unknown)


def test_asking_without_end_is_stopped(neighbour: Browser) -> None:
    limiter.reset()
    answers = [neighbour.api(ASK, {"hamlet_code": XOM}).status_code for _one in range(42)]
    limiter.reset()
    assert answers == [200] * 40 + [429] * 2


def test_the_bundle_holds_a_days_work_masked(neighbour: Browser, sign_in: SignIn, officer: Browser) -> None:
    (mine,) = bring(neighbour, registration())
    (other,) = bring(sign_in(Role.TEAM_MEMBER, XOM), registration())
    services.return_to_team(
        actor=officer.actor, household_id=the(other["household_code"]).id, reason="Thiếu số nhà", clock=SYSTEM_CLOCK
    )
    answer = neighbour.get("/api/v1/onboarding/bundle")
    bundle = answer.get_json()
    assert [one["code"] for one in bundle["hamlets"]] == [XOM] and bundle["hamlets"][0]["households"] == 2
    roster = {one["code"]: one for one in bundle["roster"]}
    assert roster[mine["household_code"]]["mine"] and not roster[other["household_code"]]["mine"]
    assert roster[other["household_code"]]["return_reason"] == "Thiếu số nhà"
    assert roster[mine["household_code"]]["name"] == "Nguyễn T. T."
    assert bundle["progress"] == {"submitted": 1, "returned": 0, "verified": 0}
    assert bundle["next_cursor"] is None and bundle["member"]["id"] == str(neighbour.actor.user_id)
    assert {one["purpose"] for one in bundle["purposes"]} >= {"selling", "contact"}
    text = answer.get_data(as_text=True)
    assert "đình" not in text and "1012345678" not in text
    assert len(officer.get("/api/v1/onboarding/bundle").get_json()["hamlets"]) >= 2
