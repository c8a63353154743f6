"""Promises of amendments: nothing changes until somebody else says yes, and a proposal sent twice is one."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM, Actor
from app.core.database import acting_as, db, transaction
from app.households.registry import amendments, errors, queries
from app.households.registry.models import Household, HouseholdAmendment
from tests.factories import households as make
from tests.fakes.clock import FrozenClock


def ask(
    actor: Actor, household: Household, clock: FrozenClock, *, changes: dict[str, str | None], **more: Any
) -> HouseholdAmendment:
    with transaction(actor=actor):
        locked = queries.get(household.id, for_update=True)
        return amendments.propose(
            actor,
            locked,
            amendment_id=more.get("amendment_id") or uuid4(),
            changes=changes,
            base_version=locked.version,
            source="doorstep",
            clock=clock,
        )


def test_a_proposal_changes_nothing_and_holds_whole_groups_in_normal_form(app: Flask, clock: FrozenClock) -> None:
    household, member = make.verified(clock=clock), make.a_team_member()
    asked = ask(member, household, clock, changes={"phone": "0912 345 678", "address": "  Nhà  cạnh suối "})
    with acting_as(member):
        again = queries.get(household.id)
        assert amendments.wanted(again, asked) == {
            "phone": "+84912345678", "phone_is_contact": None, "address": "Nhà cạnh suối",
        }  # fmt: skip
        assert again.version == 1
        assert asked.status == "waiting"


def test_a_proposal_sent_twice_is_one_and_other_content_is_refused(app: Flask, clock: FrozenClock) -> None:
    household, member, amendment_id = make.verified(clock=clock), make.a_team_member(), uuid4()
    first = ask(member, household, clock, changes={"address": "Nhà cạnh suối"}, amendment_id=amendment_id)
    same = ask(member, household, clock, changes={"address": "Nhà cạnh suối"}, amendment_id=amendment_id)
    assert first.id == same.id
    with pytest.raises(errors.OtherContent):
        ask(member, household, clock, changes={"address": "Nhà trên đồi"}, amendment_id=amendment_id)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"citizen_id": "12"}, "citizen_id"),
        ({"account_number": "1"}, "account_number"),
        ({"hamlet_code": f"{make.DAI_PHUC}-01"}, "hamlet_code"),
        ({"hamlet_code": "nowhere"}, "hamlet_code"),
        ({"nonsense": "x"}, "nonsense"),
        ({"address": "Nhà sau đình xóm"}, "form"),
    ],
)
def test_nonsense_is_refused_by_the_name_of_its_field(
    app: Flask, clock: FrozenClock, changes: dict[str, str | None], field: str
) -> None:
    household = make.verified(clock=clock)
    with pytest.raises(errors.BadHousehold) as refused:
        ask(make.a_team_member(), household, clock, changes=changes)
    assert field in refused.value.details["errors"]


def test_a_household_not_verified_is_changed_directly(app: Flask, clock: FrozenClock) -> None:
    household = make.register(clock=clock)
    with pytest.raises(errors.WrongStep):
        ask(make.a_team_member(), household, clock, changes={"address": "Nhà cạnh suối"})


def test_another_hamlet_sees_no_amendment_even_without_the_scoped_query(app: Flask, clock: FrozenClock) -> None:
    household = make.verified(clock=clock)
    asked = ask(make.a_team_member(), household, clock, changes={"address": "Nhà cạnh suối"})

    def seen_by(actor: Actor) -> list[UUID]:
        with transaction(actor=actor):
            return list(db.session.scalars(sa.select(HouseholdAmendment.id)))

    assert seen_by(make.a_team_member(f"{make.TAN_CUONG}-02")) == []
    assert seen_by(make.an_officer(make.DAI_PHUC)) == []
    assert seen_by(make.an_officer()) == [asked.id]
    assert seen_by(make.speaking_for(household.id)) == [asked.id]
    assert seen_by(SYSTEM) == [asked.id]


def test_the_database_refuses_that_the_proposer_decides(app: Flask, clock: FrozenClock) -> None:
    household, officer = make.verified(clock=clock), make.an_officer()
    asked = ask(officer, household, clock, changes={"address": "Nhà cạnh suối"})
    with (
        pytest.raises(sa.exc.IntegrityError, match="ck_household_amendment_four_eyes"),
        transaction(actor=officer) as session,
    ):
        session.execute(
            sa.update(HouseholdAmendment)
            .where(HouseholdAmendment.id == asked.id)
            .values(status="refused", reason="Tự xét", decided_by=officer.user_id, decided_at=clock.now())
        )
