"""Promises of edits whose household was merged away or erased while the phone had no network."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.crypto import DataKey, KeyDestroyed, unseal_by_id
from app.core.database import acting_as, db, transaction
from app.households.merging import services as merging
from app.households.onboarding import records
from app.households.onboarding.models import DoorstepConflict, DoorstepRecord
from app.households.registry import erasing, fields, queries, services
from app.households.registry.models import HouseholdAmendment, Purpose
from app.identity.roles import Role
from tests.factories import households as make
from tests.households.conftest import Browser, SignIn
from tests.households.test_doorstep_conflicts import DESK, choose
from tests.households.test_doorstep_rulings import standing
from tests.households.test_doorstep_sync import bring, edit, outcomes, registration, the

OTHER = f"{make.TAN_CUONG}-02"


def two(browser: Browser, **second: str) -> tuple[str, str]:
    """Codes of two registrations of one family; the second's fields may differ."""
    one, other = bring(browser, registration(), registration(fields=second))
    return one["household_code"], other["household_code"]


def merge(loser: str, winner: str, *takes: str) -> Any:
    made = merging.propose(
        actor=make.an_officer(), merge_id=uuid4(), winner_code=winner, loser_code=loser, takes=takes,
        reason="Một nhà ghi hai lần", clock=SYSTEM_CLOCK,
    )  # fmt: skip
    return merging.confirm(actor=make.an_officer(), merge_id=made.id, clock=SYSTEM_CLOCK)


def erase(code: str) -> None:
    with transaction(actor=SYSTEM):
        erasing.erase(queries.by_code(code, actor=SYSTEM, for_update=True), clock=SYSTEM_CLOCK)


def living_keys() -> list[UUID]:
    """Keys that can still open something."""
    with acting_as(SYSTEM):
        db.session.rollback()
        return list(db.session.scalars(sa.select(DataKey.id).where(DataKey.wrapped.is_not(None))))


def the_record(id: str) -> DoorstepRecord:
    with acting_as(SYSTEM):
        db.session.rollback()
        return db.session.get_one(DoorstepRecord, id)


def test_an_edit_follows_its_household_into_the_one_that_stands_for_it(neighbour: Browser) -> None:
    loser, winner = two(neighbour)
    merge(loser, winner)
    change = edit(loser)
    (result,) = bring(neighbour, change)
    assert (result["outcome"], result["household_code"]) == ("merged", winner)
    assert fields.of(the(winner))["address"] == "Nhà bên suối"
    assert fields.of(the(loser))["address"] == "Nhà sau đình xóm"
    assert outcomes(bring(neighbour, change)) == ["same"]
    row = the_record(change["id"])
    with acting_as(SYSTEM):
        assert row.data_key_id == the(winner).data_key_id  # erased with the household it changed
        assert loser in unseal_by_id(row.data_key_id, records.CONTENT, row.content_enc)


def test_it_follows_through_a_chain_of_merges(neighbour: Browser) -> None:
    first, second = two(neighbour)
    (third,) = bring(neighbour, registration())
    merge(first, second)
    merge(second, third["household_code"])
    (result,) = bring(neighbour, edit(first))
    assert (result["outcome"], result["household_code"]) == ("merged", third["household_code"])


def test_what_the_other_record_says_otherwise_waits_for_a_person_and_the_rest_is_taken(neighbour: Browser) -> None:
    loser, winner = two(neighbour, address="Nhà trên đồi")
    with acting_as(SYSTEM):
        bank = fields.of(the(winner))["account_number"]
    merge(loser, winner)
    phone = make.a_phone()
    change = edit(loser, fields={"address": "Nhà bên suối", "account_number": "1099999999", "phone": phone})
    (result,) = bring(neighbour, change)
    assert result["outcome"] == "conflict"
    with acting_as(SYSTEM):
        conflict = db.session.scalars(sa.select(DoorstepConflict)).one()
    assert (conflict.household_id, conflict.base_version) == (the(winner).id, None)
    assert set(conflict.fields) == {"address", "phone"}  # the phones of both records were never the same
    said = fields.of(the(winner))
    assert (said["account_number"], bank) == ("1099999999", "1012345678")
    assert (
        choose(neighbour, str(conflict.id), version=the(winner).version, address="sent", phone="kept").status_code
        == 302
    )
    assert fields.of(the(winner))["address"] == "Nhà bên suối"


def test_an_edit_of_a_verified_one_still_waits_for_the_officer(neighbour: Browser, officer: Browser) -> None:
    loser, winner = two(neighbour)
    services.verify(actor=officer.actor, household_id=the(winner).id, clock=SYSTEM_CLOCK)
    merge(loser, winner)
    assert outcomes(bring(neighbour, edit(loser))) == ["waiting"]
    with acting_as(SYSTEM):
        assert db.session.scalars(sa.select(HouseholdAmendment.household_id)).one() == the(winner).id


def test_a_yes_is_not_carried_over(neighbour: Browser) -> None:
    loser, winner = two(neighbour)
    merge(loser, winner)
    change = edit(loser)
    change["consents"] = [{"purpose": "gift_page", "how": "spoken", "at": change["made_at"]}]
    assert outcomes(bring(neighbour, change)) == ["merged"]
    with acting_as(SYSTEM):
        assert Purpose.GIFT_PAGE not in queries.consents(the(winner).id)


def test_one_merged_into_a_hamlet_out_of_sight_is_refused_without_its_code(sign_in: SignIn, neighbour: Browser) -> None:
    there = sign_in(Role.TEAM_MEMBER, OTHER)
    (far,) = bring(there, registration(fields={"hamlet_code": OTHER}))
    (near,) = bring(neighbour, registration())
    merge(near["household_code"], far["household_code"])
    (result,) = bring(neighbour, edit(near["household_code"]))
    assert result["outcome"] == "refused"
    assert "ngoài địa bàn" in result["reason"] and far["household_code"] not in result["reason"]
    assert fields.of(the(far["household_code"]))["address"] == "Nhà sau đình xóm"


def test_a_merge_taken_back_leaves_the_edit_where_it_went(neighbour: Browser) -> None:
    loser, winner = two(neighbour)
    made = merge(loser, winner)
    change = edit(loser)
    bring(neighbour, change)
    merging.undo(actor=make.an_officer(), merge_id=made.id, reason="Hai nhà khác nhau", clock=SYSTEM_CLOCK)
    assert outcomes(bring(neighbour, change)) == ["same"]
    assert outcomes(bring(neighbour, edit(loser, fields={"address": "Nhà đầu làng"}))) == ["merged"]
    said = [fields.of(the(code))["address"] for code in (loser, winner)]
    assert said == ["Nhà đầu làng", "Nhà bên suối"]


def test_a_conflict_about_a_record_merged_since_names_the_other_and_can_be_let_go(neighbour: Browser) -> None:
    loser, winner = two(neighbour)
    bring(neighbour, edit(loser, fields={"address": "Nhà bên suối"}))
    (clash,) = bring(neighbour, edit(loser, fields={"address": "Nhà trên đồi"}))
    merge(loser, winner)
    assert "Chọn giữ hồ sơ" in neighbour.get(f"{DESK}/{clash['conflict_id']}").get_data(as_text=True)
    refused = choose(neighbour, clash["conflict_id"], version=the(loser).version, address="sent")
    assert refused.status_code == 409 and winner in refused.get_data(as_text=True)
    assert choose(neighbour, clash["conflict_id"], version=the(loser).version, address="kept").status_code == 302
    assert clash["conflict_id"] not in neighbour.get(DESK).get_data(as_text=True)


def test_of_an_erased_household_nothing_is_kept_here_or_on_the_phone(neighbour: Browser) -> None:
    (stored,) = bring(neighbour, registration())
    erase(stored["household_code"])
    before = living_keys()
    change = edit(stored["household_code"], fields={"address": "Nhà không ai được biết"})
    (result,) = bring(neighbour, change)
    assert (result["outcome"], result["forget"]) == ("refused", True)
    assert "không còn trong sổ" in result["reason"]
    assert bring(neighbour, {**change, "attempt": 2}) == [result]
    row = the_record(change["id"])
    with acting_as(SYSTEM), pytest.raises(KeyDestroyed):
        unseal_by_id(row.data_key_id, records.CONTENT, row.content_enc)
    assert living_keys() == before


def test_an_edit_that_waited_when_its_household_was_erased_is_forgotten(neighbour: Browser, officer: Browser) -> None:
    (stored,) = bring(neighbour, registration())
    code = stored["household_code"]
    services.verify(actor=officer.actor, household_id=the(code).id, clock=SYSTEM_CLOCK)
    change = edit(code)
    assert outcomes(bring(neighbour, change)) == ["waiting"]
    erase(code)
    told = standing(neighbour, change["id"])
    assert (told["outcome"], told["forget"]) == ("refused", True)
    (again,) = bring(neighbour, {**change, "attempt": 2})
    assert (again["outcome"], again["forget"]) == ("refused", True)


def test_of_one_erased_out_of_sight_no_more_is_told_than_of_none(neighbour: Browser, sign_in: SignIn) -> None:
    stranger = sign_in(Role.TEAM_MEMBER, f"{make.DAI_PHUC}-01")
    (stored,) = bring(neighbour, registration())
    erase(stored["household_code"])
    foreign, unknown = bring(stranger, edit(stored["household_code"]), edit("HGXXXXXXXX"))
    assert foreign["reason"] == unknown["reason"] and not foreign["forget"]
