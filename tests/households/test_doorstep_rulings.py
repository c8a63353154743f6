"""Promises of edits that wait for the officer: who made one at the door hears the word, may mend it and send again."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db
from app.households.office import services as office
from app.households.onboarding import services as doorstep
from app.households.registry import fields, services
from app.households.registry.models import HouseholdAmendment
from app.identity.roles import Role
from tests.factories import households as make
from tests.households.conftest import Browser, SignIn
from tests.households.test_doorstep_conflicts import a_conflict, choose
from tests.households.test_doorstep_sync import SYNC, bring, edit, outcomes, registration, the

REASON = "Nhà này vẫn ở chỗ cũ"


def a_verified_one(neighbour: Browser, officer: Browser) -> str:
    """The code of a household from the doorstep that the officer approved."""
    (stored,) = bring(neighbour, registration())
    services.verify(actor=officer.actor, household_id=the(stored["household_code"]).id, clock=SYSTEM_CLOCK)
    return str(stored["household_code"])


def standing(browser: Browser, *ids: str) -> dict[str, Any]:
    answer = browser.get(f"/api/v1/onboarding/records?ids={','.join(ids)}").get_json()["results"]
    assert len(answer) == 1
    told: dict[str, Any] = answer[0]
    return told


def asked(*statuses: str) -> list[HouseholdAmendment]:
    """What was asked for, oldest first."""
    with acting_as(SYSTEM):
        db.session.rollback()
        query = sa.select(HouseholdAmendment).order_by(HouseholdAmendment.created_at)
        found = list(db.session.scalars(query))
    assert [one.status for one in found] == list(statuses)
    return found


def refuse(officer: Browser, amendment: HouseholdAmendment) -> None:
    office.refuse_amendment(actor=officer.actor, amendment_id=amendment.id, reason=REASON, clock=SYSTEM_CLOCK)


def accept(officer: Browser, amendment: HouseholdAmendment, version: int = 1) -> None:
    office.accept_amendment(actor=officer.actor, amendment_id=amendment.id, seen_version=version, clock=SYSTEM_CLOCK)


def test_a_refused_edit_comes_back_with_the_officers_reason(neighbour: Browser, officer: Browser) -> None:
    change = edit(a_verified_one(neighbour, officer))
    bring(neighbour, change)
    assert (standing(neighbour, change["id"])["outcome"], the(change["household_code"]).version) == ("waiting", 1)
    refuse(officer, *asked("waiting"))
    told = standing(neighbour, change["id"])
    assert told["outcome"] == "refused" and REASON in told["reason"]
    assert told["household_code"] == change["household_code"]
    (again,) = bring(neighbour, change)  # the first answer was lost on the way
    assert again["outcome"] == "refused" and REASON in again["reason"]
    asked("refused")


def test_a_refused_edit_is_mended_and_asks_again_once(neighbour: Browser, officer: Browser) -> None:
    code = a_verified_one(neighbour, officer)
    change = edit(code)
    bring(neighbour, change)
    refuse(officer, *asked("waiting"))
    mended = {**change, "attempt": 2, "fields": {"address": "Nhà bên suối, sau trường"}}
    assert outcomes(bring(neighbour, mended)) == ["waiting"]
    assert outcomes(bring(neighbour, mended, change)) == ["waiting", "waiting"]  # again, and the first attempt, late
    assert standing(neighbour, change["id"])["outcome"] == "waiting"
    _first, second = asked("refused", "waiting")
    accept(officer, second)
    assert standing(neighbour, change["id"])["outcome"] == "merged"
    assert outcomes(bring(neighbour, mended)) == ["same"]
    assert fields.of(the(code))["address"] == "Nhà bên suối, sau trường"


def test_the_same_words_may_be_sent_again_and_be_refused_again(neighbour: Browser, officer: Browser) -> None:
    change = edit(a_verified_one(neighbour, officer))
    for attempt in (1, 2, 3):
        assert outcomes(bring(neighbour, {**change, "attempt": attempt})) == ["waiting"]
        refuse(officer, asked(*["refused"] * (attempt - 1), "waiting")[-1])
        assert standing(neighbour, change["id"])["outcome"] == "refused"


def test_a_mended_edit_that_cannot_be_is_refused_and_mended_once_more(neighbour: Browser, officer: Browser) -> None:
    change = edit(a_verified_one(neighbour, officer))
    bring(neighbour, change)
    refuse(officer, *asked("waiting"))
    (bad,) = bring(neighbour, {**change, "attempt": 2, "fields": {"citizen_id": "12"}})
    assert bad["outcome"] == "refused" and "citizen_id" in bad["errors"] and REASON not in bad["reason"]
    assert outcomes(bring(neighbour, {**change, "attempt": 3})) == ["waiting"]
    asked("refused", "waiting")


def test_an_accepted_edit_is_done(neighbour: Browser, officer: Browser) -> None:
    change = edit(a_verified_one(neighbour, officer))
    bring(neighbour, change)
    accept(officer, asked("waiting")[0])
    assert standing(neighbour, change["id"])["outcome"] == "merged"
    assert outcomes(bring(neighbour, change)) == ["same"]


def test_a_word_taken_back_is_no_word(neighbour: Browser, officer: Browser) -> None:
    change = edit(a_verified_one(neighbour, officer))
    bring(neighbour, change)
    (amendment,) = asked("waiting")
    refuse(officer, amendment)
    office.take_back_decision(actor=officer.actor, amendment_id=amendment.id, reason="Bấm nhầm", clock=SYSTEM_CLOCK)
    assert standing(neighbour, change["id"])["outcome"] == "waiting"
    # The member mended it meanwhile: the newer word stands in place of the older, which the officer sees withdrawn.
    assert outcomes(bring(neighbour, {**change, "attempt": 2, "fields": {"address": "Nhà trên đồi"}})) == ["waiting"]
    asked("withdrawn", "waiting")


def test_a_withdrawn_edit_does_not_vanish(neighbour: Browser, officer: Browser) -> None:
    change = edit(a_verified_one(neighbour, officer))
    bring(neighbour, change)
    office.withdraw_amendment(actor=neighbour.actor, amendment_id=UUID(change["id"]), clock=SYSTEM_CLOCK)
    told = standing(neighbour, change["id"])
    assert told["outcome"] == "refused" and "rút lại" in told["reason"]


def test_a_choice_between_two_words_is_heard_of_too(neighbour: Browser, officer: Browser) -> None:
    conflict_id, code = a_conflict(neighbour)
    services.verify(actor=officer.actor, household_id=the(code).id, clock=SYSTEM_CLOCK)
    choose(neighbour, conflict_id, address="sent")
    with acting_as(SYSTEM):
        record_id = str(db.session.scalar(sa.text("SELECT record_id FROM doorstep_conflict")))
    assert standing(neighbour, record_id)["outcome"] == "waiting"
    refuse(officer, *asked("waiting"))
    told = standing(neighbour, record_id)
    assert told["outcome"] == "refused" and REASON in told["reason"]
    mended = edit(code, 2, id=record_id, attempt=2, fields={"address": "Nhà dưới đồi"})
    assert outcomes(bring(neighbour, mended)) == ["waiting"]
    asked("refused", "waiting")


def test_an_accepted_move_out_of_my_sight_is_still_heard_of(sign_in: SignIn, officer: Browser) -> None:
    both = sign_in(Role.TEAM_MEMBER, f"{make.TAN_CUONG}-01")
    change = edit(a_verified_one(both, officer), fields={"hamlet_code": f"{make.TAN_CUONG}-02"})
    assert outcomes(bring(both, change)) == ["waiting"]
    accept(officer, asked("waiting")[0])
    assert standing(both, change["id"])["outcome"] == "merged"


def test_nobody_hears_of_records_of_others(neighbour: Browser, officer: Browser, sign_in: SignIn) -> None:
    change = edit(a_verified_one(neighbour, officer))
    bring(neighbour, change)
    refuse(officer, *asked("waiting"))
    other = sign_in(Role.TEAM_MEMBER, f"{make.TAN_CUONG}-01")
    assert other.get(f"/api/v1/onboarding/records?ids={change['id']}").get_json()["results"] == []
    (taken,) = bring(other, {**change, "attempt": 2})
    assert taken["outcome"] == "refused"
    asked("refused")


def test_a_mended_edit_sent_on_parallel_lines_asks_once(app: Flask, neighbour: Browser, officer: Browser) -> None:
    change = edit(a_verified_one(neighbour, officer))
    bring(neighbour, change)
    refuse(officer, *asked("waiting"))
    mended = {**change, "attempt": 2, "fields": {"address": "Nhà trên đồi"}}
    start = threading.Barrier(3)
    answers: list[str] = []

    def send() -> None:
        with app.app_context():
            client = app.test_client()
            start.wait()
            sent = client.post(SYNC, json={"records": [mended]}, headers=neighbour.headers)
            answers.extend(outcomes(sent.get_json()["results"]))

    threads = [threading.Thread(target=send) for _one in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["waiting"] * 3
    asked("refused", "waiting")


@pytest.mark.parametrize("many", [1, 40])
def test_many_standings_take_as_few_questions_as_one(neighbour: Browser, officer: Browser, many: int) -> None:
    code = a_verified_one(neighbour, officer)
    changes = [edit(code, fields={"address": f"Nhà số {number}"}) for number in range(many)]
    assert set(outcomes(bring(neighbour, *changes))) == {"waiting"}
    questions: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        questions.append(statement)

    with acting_as(neighbour.actor):
        sa.event.listen(db.engine, "before_cursor_execute", note)
        doorstep.standings(actor=neighbour.actor, ids=[UUID(one["id"]) for one in changes])
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len(questions) <= 6
