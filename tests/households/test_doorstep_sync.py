"""Promises of bringing records from the doorstep: once, whole, merged, and refused with a reason."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core import crypto
from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.households.onboarding import services as doorstep
from app.households.onboarding.models import DoorstepRecord
from app.households.registry import errors, fields, queries, services
from app.households.registry.models import Consent, Household, HouseholdAmendment, Purpose
from app.identity.roles import Role
from tests.factories import households as make
from tests.households.conftest import Browser, SignIn

SYNC = "/api/v1/onboarding/sync"
XOM = f"{make.TAN_CUONG}-01"


def registration(**changes: Any) -> dict[str, Any]:
    """A record as a phone makes it; `fields=` changes some of them."""
    told = {
        "head_name": "Nguyễn Thị Thử",
        "citizen_id": make.a_citizen_id(),
        "phone": make.a_phone(),
        "phone_is_contact": False,
        "address": "Nhà sau đình xóm",
        "hamlet_code": XOM,
        "account_bin": "970415",
        "account_number": "1012345678",
        "account_holder": "NGUYEN THI THU",
    }
    now = datetime.now(UTC).isoformat()
    return {
        "id": str(uuid4()),
        "kind": "registration",
        "made_at": now,
        "sent_at": now,
        "place": {"latitude": 21.59, "longitude": 105.78, "accuracy_m": 12},
        "seconds_spent": 240,
        "fields": told | changes.pop("fields", {}),
        "consents": [{"purpose": "selling", "how": "spoken", "at": now}],
        "witness_name": "Người Mẫu",
        "photos": [],
        **changes,
    }


def edit(code: str, base_version: int = 1, **changes: Any) -> dict[str, Any]:
    """An edit as a phone makes it: only what changed."""
    record = registration(kind="edit", household_code=code, base_version=base_version, consents=[], **changes)
    record["fields"] = changes.get("fields", {"address": "Nhà bên suối"})
    return record


def bring(browser: Browser, *records: dict[str, Any]) -> list[dict[str, Any]]:
    answer = browser.api(SYNC, {"records": list(records)})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    results: list[dict[str, Any]] = answer.get_json()["results"]
    return results


def outcomes(results: list[dict[str, Any]]) -> list[str]:
    return [result["outcome"] for result in results]


def households() -> list[Household]:
    with acting_as(SYSTEM):
        db.session.rollback()
        found = db.session.scalars(sa.select(Household).order_by(Household.id)).all()
        return list(found)


def the(code: str) -> Household:
    db.session.rollback()
    db.session.expire_all()
    return queries.by_code(code, actor=SYSTEM)


def test_a_registration_arrives_once_however_often_it_is_sent(neighbour: Browser) -> None:
    record = registration()
    (first,) = bring(neighbour, record)
    assert (first["outcome"], first["id"]) == ("stored", record["id"])
    (again,) = bring(neighbour, record)
    assert (again["outcome"], again["household_code"]) == ("same", first["household_code"])
    (home,) = households()
    assert fields.of(home)["head_name"] == "Nguyễn Thị Thử"
    assert home.registered_by == neighbour.actor.user_id


def test_one_record_that_cannot_be_holds_up_none_of_the_others(neighbour: Browser) -> None:
    good, other = registration(), registration()
    bad_number = registration(fields={"citizen_id": "019330000001"})
    wrong_hamlet = registration(fields={"hamlet_code": f"{make.DAI_PHUC}-01"})
    nowhere = registration(fields={"hamlet_code": "00000-99"})
    twin = registration(fields={"citizen_id": good["fields"]["citizen_id"]})
    mangled = [{"id": "x"}, 7, None, registration(fields={"head_name": ["a"]}), registration(place="here"), []]
    results = bring(neighbour, good, bad_number, wrong_hamlet, nowhere, twin, *mangled, other)  # type: ignore[arg-type]
    assert outcomes(results) == ["stored", *["refused"] * 10, "stored"]
    assert "citizen_id" in results[1]["errors"] and "hamlet_code" in results[3]["errors"]
    assert "citizen_id" in results[4]["errors"] and "head_name" in results[8]["errors"]
    assert all(result["reason"] for result in results[1:-1])
    assert len(households()) == 2


def test_a_number_registered_out_of_sight_is_refused_like_one_in_sight(neighbour: Browser, sign_in: SignIn) -> None:
    stranger = sign_in(Role.TEAM_MEMBER, f"{make.DAI_PHUC}-01")
    there = registration(fields={"hamlet_code": f"{make.DAI_PHUC}-01"})
    bring(stranger, there)
    here = registration()
    bring(neighbour, here)
    numbers = [record["fields"]["citizen_id"] for record in (there, here)]
    results = bring(neighbour, registration(), *(registration(fields={"citizen_id": number}) for number in numbers))
    assert outcomes(results) == ["stored", "refused", "refused"]
    assert results[1]["errors"] == results[2]["errors"]


def test_a_refused_record_is_mended_and_sent_again_under_its_id(neighbour: Browser) -> None:
    record = registration(fields={"phone": "123"})
    (refused,) = bring(neighbour, record)
    assert outcomes([refused]) == ["refused"] and "phone" in refused["errors"]
    assert bring(neighbour, record) == [refused]
    mended = {**record, "attempt": 2, "fields": {**record["fields"], "phone": make.a_phone()}}
    assert outcomes(bring(neighbour, mended)) == ["stored"]
    assert outcomes(bring(neighbour, record)) == ["same"]  # the first attempt, late
    assert outcomes(bring(neighbour, mended)) == ["same"]
    assert len(households()) == 1


def test_other_content_under_an_id_waits_for_a_person(neighbour: Browser) -> None:
    record = registration()
    (stored,) = bring(neighbour, record)
    other = {**record, "fields": {**record["fields"], "address": "Nhà bên suối"}}
    (result,) = bring(neighbour, other)
    assert result["outcome"] == "conflict" and result["household_code"] == stored["household_code"]
    assert bring(neighbour, other) == [result]
    assert outcomes(bring(neighbour, record)) == ["same"]
    assert fields.of(households()[0])["address"] == "Nhà sau đình xóm"
    answer = neighbour.get(f"/api/v1/onboarding/records?ids={record['id']},{uuid4()}").get_json()
    assert answer["results"] == [result]


def test_the_same_id_twice_in_one_go(neighbour: Browser) -> None:
    record = registration()
    other = {**record, "fields": {**record["fields"], "address": "Nhà bên suối"}}
    assert outcomes(bring(neighbour, record, record, other)) == ["stored", "same", "conflict"]


def test_an_id_of_somebody_out_of_reach_is_refused(neighbour: Browser, sign_in: SignIn) -> None:
    record = registration()
    bring(neighbour, record)
    stranger = sign_in(Role.TEAM_MEMBER, f"{make.DAI_PHUC}-01")
    (result,) = bring(stranger, {**record, "fields": {**record["fields"], "hamlet_code": f"{make.DAI_PHUC}-01"}})
    assert result["outcome"] == "refused" and result["household_code"] is None
    assert stranger.get(f"/api/v1/onboarding/records?ids={record['id']}").get_json() == {"results": []}


def test_an_edit_on_an_older_version_merges_per_field(neighbour: Browser) -> None:
    (stored,) = bring(neighbour, registration())
    code = stored["household_code"]
    phone = make.a_phone()
    assert outcomes(bring(neighbour, edit(code))) == ["merged"]
    assert outcomes(bring(neighbour, edit(code, fields={"phone": phone}))) == ["merged"]
    home = the(code)
    assert home.version == 3
    now = fields.of(home)
    assert (now["address"], now["phone"]) == ("Nhà bên suối", "+84" + phone[1:])
    assert outcomes(bring(neighbour, edit(code, fields={"address": "Nhà bên suối"}))) == ["merged"]
    (clash,) = bring(neighbour, edit(code, fields={"address": "Nhà trên đồi", "head_name": "Nguyễn Thị Mới"}))
    assert clash["outcome"] == "conflict"
    now = fields.of(the(code))
    assert (now["address"], now["head_name"]) == ("Nhà bên suối", "Nguyễn Thị Mới")


def test_an_edit_of_a_returned_registration_sends_it_again(neighbour: Browser, officer: Browser) -> None:
    (stored,) = bring(neighbour, registration())
    home = the(stored["household_code"])
    services.return_to_team(actor=officer.actor, household_id=home.id, reason="Thiếu số nhà", clock=SYSTEM_CLOCK)
    assert outcomes(bring(neighbour, edit(home.code))) == ["merged"]
    home = the(home.code)
    assert (home.status, home.return_reason) == ("submitted", None)


def test_an_officer_does_not_approve_what_they_wrote_at_the_door(neighbour: Browser, sign_in: SignIn) -> None:
    one, other = sign_in(Role.COMMUNE_OFFICER), sign_in(Role.COMMUNE_OFFICER)
    (stored,) = bring(neighbour, registration())
    home = the(stored["household_code"])
    assert outcomes(bring(one, edit(home.code, fields={"account_number": "1099999999"}))) == ["merged"]
    with pytest.raises(errors.OwnWork):
        services.verify(actor=one.actor, household_id=home.id, clock=SYSTEM_CLOCK)
    assert services.verify(actor=other.actor, household_id=home.id, clock=SYSTEM_CLOCK).status == "verified"


def test_an_edit_of_a_verified_household_waits_for_the_officer(neighbour: Browser, officer: Browser) -> None:
    (stored,) = bring(neighbour, registration())
    home = the(stored["household_code"])
    services.verify(actor=officer.actor, household_id=home.id, clock=SYSTEM_CLOCK)
    change = edit(home.code)
    assert outcomes(bring(neighbour, change)) == ["waiting"]
    assert outcomes(bring(neighbour, change)) == ["waiting"]
    assert fields.of(the(home.code))["address"] == "Nhà sau đình xóm"
    assert db.session.scalars(sa.select(HouseholdAmendment.id)).one() == sa.UUID().python_type(change["id"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"fields": {"citizen_id": "12"}}, "citizen_id"),
        ({"fields": {"hamlet_code": "05503-99"}}, "hamlet_code"),
        ({"fields": {"account_number": "x"}}, "account_number"),
    ],
)
def test_an_edit_to_what_cannot_be_is_refused(neighbour: Browser, changes: dict[str, Any], field: str) -> None:
    (stored,) = bring(neighbour, registration())
    (result,) = bring(neighbour, edit(stored["household_code"], **changes))
    assert result["outcome"] == "refused" and field in result["errors"]
    assert the(stored["household_code"]).version == 1


def test_edits_of_nothing_in_sight_are_refused(neighbour: Browser, sign_in: SignIn) -> None:
    (stored,) = bring(neighbour, registration())
    stranger = sign_in(Role.TEAM_MEMBER, f"{make.DAI_PHUC}-01")
    foreign, unknown = edit(stored["household_code"]), edit("HGXXXXXXXX")
    results = bring(stranger, foreign, unknown)
    assert outcomes(results) == ["refused", "refused"]
    assert results[0]["reason"] == results[1]["reason"]
    assert outcomes(bring(neighbour, edit(stored["household_code"], 9))) == ["refused"]
    (taken,) = bring(neighbour, registration())
    clash = edit(stored["household_code"], fields={"citizen_id": fields.of(the(taken["household_code"]))["citizen_id"]})
    (result,) = bring(neighbour, clash)
    assert result["outcome"] == "refused" and "citizen_id" in result["errors"]
    # The household came into reach later: the same record goes through, under the household's key.
    moved = sign_in(Role.TEAM_MEMBER, XOM)
    late = {**edit(stored["household_code"]), "attempt": 2}
    assert outcomes(bring(moved, late)) == ["merged"]


def test_each_yes_keeps_what_shows_it(neighbour: Browser) -> None:
    photo = {"id": str(uuid4()), "kind": "signature", "media_type": "image/png", "size_bytes": 9, "sha256": "0" * 64}
    said = "2026-01-05T08:00:00+07:00"
    record = registration(photos=[photo], made_at=said, sent_at=said)
    record["consents"] = [{"purpose": "selling", "how": "signed", "at": said}]
    (stored,) = bring(neighbour, record)
    home = the(stored["household_code"])
    consent = db.session.scalars(sa.select(Consent)).one()
    assert (str(consent.evidence_photo_id), str(consent.record_id)) == (photo["id"], record["id"])
    assert consent.witness_name_enc is not None and b"M\xe1\xba\xabu" not in consent.witness_name_enc
    assert crypto.unseal_by_id(home.data_key_id, "consent.witness_name", consent.witness_name_enc) == "Người Mẫu"
    assert consent.said_at is not None and consent.said_at.date() == datetime.now(UTC).date()  # its clock was wrong
    more = edit(home.code, fields={}, witness_name="")
    more["consents"] = [{"purpose": "contact", "how": "spoken", "at": said}, record["consents"][0]]
    assert outcomes(bring(neighbour, more)) == ["merged"]
    assert queries.has_consent(home.id, Purpose.CONTACT)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Consent)) == 2


def test_what_was_sent_lies_sealed_and_is_erased_with_the_household(neighbour: Browser) -> None:
    record = registration()
    (stored,) = bring(neighbour, record)
    bring(neighbour, edit(stored["household_code"]))
    home = the(stored["household_code"])
    rows = db.session.scalars(sa.select(DoorstepRecord)).all()
    assert {row.data_key_id for row in rows} == {home.data_key_id}
    everything = b"".join(row.content_enc for row in rows)
    assert record["fields"]["citizen_id"].encode() not in everything
    with transaction():
        crypto.destroy_data_key(home.data_key_id, clock=SYSTEM_CLOCK)
    (late,) = bring(neighbour, edit(stored["household_code"]))
    assert late["outcome"] == "refused"
    other = {**record, "fields": {**record["fields"], "address": "Nhà bên suối"}}
    assert outcomes(bring(neighbour, other, record, registration())) == ["refused", "same", "stored"]


def test_what_came_to_nothing_is_forgotten_and_may_still_come_again(neighbour: Browser) -> None:
    record, kept = registration(fields={"phone": "1"}), registration()
    results = bring(neighbour, record, kept)
    home = the(results[1]["household_code"])
    assert outcomes(bring(neighbour, edit(home.code, fields={"phone": "1"}))) == ["refused"]
    now = SYSTEM_CLOCK.now()
    assert doorstep.forget_refused(before=now - timedelta(days=1), clock=SYSTEM_CLOCK) == 0
    assert doorstep.forget_refused(before=now + timedelta(days=1), clock=SYSTEM_CLOCK) == 1
    assert fields.of(the(home.code))["address"] == "Nhà sau đình xóm"
    mended = {**record, "attempt": 2, "fields": {**record["fields"], "phone": make.a_phone()}}
    assert outcomes(bring(neighbour, record, mended)) == ["refused", "stored"]


def test_the_second_wall_stands_before_records(neighbour: Browser, clock: Any) -> None:
    bring(neighbour, registration(), registration(fields={"phone": "1"}))

    def seen_by(actor: Actor) -> int:
        with acting_as(actor), transaction():
            return db.session.scalar(sa.text("SELECT count(*) FROM doorstep_record")) or 0

    assert seen_by(neighbour.actor) == 2
    assert seen_by(make.an_officer()) == 2
    assert seen_by(make.an_officer(make.DAI_PHUC)) == 0
    assert seen_by(make.a_team_member(f"{make.TAN_CUONG}-02")) == 0
    assert seen_by(Actor()) == 0


def test_the_same_batch_on_parallel_lines_arrives_once(app: Flask, neighbour: Browser) -> None:
    records = [registration() for _one in range(40)]
    start = threading.Barrier(4)
    answers: list[list[str]] = []

    def send() -> None:
        with app.app_context():
            client = app.test_client()
            start.wait()
            answer = client.post(SYNC, json={"records": records}, headers=neighbour.headers)
            answers.append(outcomes(answer.get_json()["results"]))

    threads = [threading.Thread(target=send) for _one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    for place in range(len(records)):
        assert sorted(answer[place] for answer in answers) == ["same", "same", "same", "stored"]
    assert len(households()) == len(records)


def test_a_thousand_registrations_in_one_go(neighbour: Browser) -> None:
    records = [registration() for _one in range(1000)]
    began = time.perf_counter()
    assert outcomes(bring(neighbour, *records)) == ["stored"] * 1000
    took = time.perf_counter() - began
    print(f"1,000 registrations took {took:.1f} s")
    assert took < 30
    assert outcomes(bring(neighbour, *records)) == ["same"] * 1000
    assert neighbour.api(SYNC, {"records": [*records, registration()]}).status_code == 422


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
MANGLED = st.builds(
    lambda changes, told: {**registration(), **changes, **({"fields": told} if told is not None else {})},
    st.dictionaries(st.sampled_from([*sorted(registration()), "attempt", "household_code", "base_version"]), JSON),
    st.none() | st.dictionaries(st.sampled_from(fields.NAMES), JSON),
)


@given(records=st.lists(MANGLED | JSON, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mangled_records_are_answered_each_and_break_nothing(neighbour: Browser, records: list[Any]) -> None:
    answer = neighbour.api(SYNC, {"records": records})
    assert answer.status_code in (200, 422), answer.get_data(as_text=True)
    if answer.status_code == 200:
        assert len(answer.get_json()["results"]) == len(records)


def test_who_may_not(client: FlaskClient, sign_in: SignIn) -> None:
    assert client.post(SYNC, json={"records": [registration()]}).status_code == 401
    for role in (Role.AUDITOR, Role.FINANCE, Role.PROVINCE_OPERATOR):
        browser = sign_in(role, "*")
        assert browser.api(SYNC, {"records": [registration()]}).status_code == 403
        for path in ("bundle", f"records?ids={uuid4()}", f"photos/{uuid4()}"):
            assert browser.get(f"/api/v1/onboarding/{path}").status_code == 403
        assert browser.api("/api/v1/onboarding/duplicates", {"hamlet_code": XOM}).status_code == 403


@pytest.mark.parametrize("body", [{}, {"records": []}, {"records": 7}, {"records": [], "more": 1}, []])
def test_a_body_that_is_none_is_refused(neighbour: Browser, body: Any) -> None:
    assert neighbour.client.post(SYNC, json=body, headers=neighbour.headers).status_code == 422
