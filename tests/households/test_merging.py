"""Promises of merging: two officers, the stricter word, a pointer that is found, a way back to the very same bytes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.actor import SYSTEM, Actor
from app.core.database import acting_as, db, transaction
from app.core.errors import AppError, BadInput
from app.households.merging import errors, obstacles, operations, services
from app.households.merging.models import Merge
from app.households.registry import errors as registry_errors
from app.households.registry import fields
from app.households.registry import queries as registry
from app.households.registry import services as registry_services
from app.households.registry.models import Household, How, PovertyClass, Purpose, Status
from app.identity import queries as identity
from tests.factories import households as make
from tests.factories.market import make_seller
from tests.fakes.clock import FrozenClock

WHY = "Hai vợ chồng cùng một nhà"


def propose(
    officer: Actor, winner: Household, loser: Household, clock: FrozenClock, *takes: str, merge_id: UUID | None = None
) -> Merge:
    return services.propose(
        actor=officer, merge_id=merge_id or uuid4(), winner_code=winner.code, loser_code=loser.code, takes=takes,
        reason=WHY, clock=clock,
    )  # fmt: skip


def merged(winner: Household, loser: Household, clock: FrozenClock, *takes: str) -> Merge:
    merge = propose(make.an_officer(), winner, loser, clock, *takes)
    return services.confirm(actor=make.an_officer(), merge_id=merge.id, clock=clock)


def fresh(household: Household) -> Household:
    with acting_as(SYSTEM):
        db.session.rollback()
        found = registry.get(household.id)
        db.session.refresh(found)
        return found


def everything(household: Household) -> dict[str, Any]:
    """The row, what it says, what it agreed to, and who speaks for it; all but the count of versions."""
    with acting_as(SYSTEM):
        row = fresh(household)
        return {
            "row": {one.key: getattr(row, one.key) for one in sa.inspect(Household).columns if one.key != "version"},
            "fields": fields.of(row),
            "words": {str(purpose): word.given for purpose, word in registry.consents(row.id).items()},
            "speakers": list(identity.speakers(row.id)),
        }


def test_the_record_that_stays_takes_what_was_chosen_and_the_other_points_to_it(app: Flask, clock: FrozenClock) -> None:
    winner = make.verified(clock=clock, phone="0912000111", address="Nhà cạnh suối")
    loser = make.verified(clock=clock, phone="0912000222", address="Nhà trên đồi")
    merged(winner, loser, clock, "phone")
    with acting_as(SYSTEM):
        said = fields.of(fresh(winner))
        assert (said["phone"], said["address"]) == ("+84912000222", "Nhà cạnh suối")
        closed = fresh(loser)
        assert (closed.status, closed.merged_into, closed.verified_by) == (Status.MERGED, winner.id, None)
        assert registry.standing(closed).code == winner.code
        found = registry.listing(SYSTEM, registry.Filter(text=loser.code), cursor=None, limit=5)
        assert {one.code for one in found.items} == {winner.code, loser.code}
        assert fields.of(closed)["phone"] == "+84912000222", "the closed record keeps its own sealed row"


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    takes=st.sets(st.sampled_from(sorted(operations.GROUPS))),
    steps=st.tuples(*(st.sampled_from(["submitted", "returned", "verified"]) for _n in range(2))),
    said=st.tuples(*(st.dictionaries(st.sampled_from(list(Purpose)), st.booleans()) for _n in range(2))),
)  # fmt: skip
def test_undo_restores_both_exactly(
    app: Flask, clock: FrozenClock, takes: set[str], steps: tuple[str, str], said: tuple[dict[Purpose, bool], ...]
) -> None:
    officer = make.an_officer()
    pair: list[Household] = []
    for step, words in zip(steps, said, strict=True):
        home = make.register(clock=clock, hamlet_code=f"{make.TAN_CUONG}-0{1 + len(pair)}")
        if step == "verified":
            registry_services.verify(actor=officer, household_id=home.id, clock=clock)
        elif step == "returned":
            registry_services.return_to_team(actor=officer, household_id=home.id, reason=WHY, clock=clock)
        for purpose, given_ in words.items():
            registry_services.record_consent(
                actor=officer, household_id=home.id, purpose=purpose, given=given_, how=How.SPOKEN, clock=clock
            )
        pair.append(home)
    winner, loser = pair
    before = everything(winner), everything(loser)
    merge = merged(winner, loser, clock, *takes)
    assert everything(loser)["row"]["status"] == Status.MERGED
    for purpose, yes in everything(winner)["words"].items():
        assert yes == (before[0]["words"][purpose] and before[1]["words"].get(purpose, True)), "the stricter word"
    services.undo(actor=officer, merge_id=merge.id, reason="Hai nhà khác nhau", clock=clock)
    assert (everything(winner), everything(loser)) == before


def test_a_yes_is_never_carried_over_and_a_no_holds_for_both(app: Flask, clock: FrozenClock) -> None:
    winner = make.register(clock=clock, consents={Purpose.SELLING: How.SPOKEN, Purpose.CONTACT: How.SPOKEN})
    loser = make.register(clock=clock, consents={Purpose.GIFT_PAGE: How.SPOKEN, Purpose.SELLING: How.SPOKEN})
    registry_services.record_consent(
        actor=make.an_officer(),
        household_id=loser.id,
        purpose=Purpose.SELLING,
        given=False,
        how=How.SPOKEN,
        clock=clock,
    )
    merged(winner, loser, clock)
    assert everything(winner)["words"] == {"selling": False, "contact": True}


def test_what_was_changed_after_the_merge_stays_when_it_is_taken_back(app: Flask, clock: FrozenClock) -> None:
    winner = make.register(clock=clock, phone="0912000111", address="Nhà cạnh suối")
    loser = make.register(clock=clock, phone="0912000222", address="Nhà trên đồi")
    merge = merged(winner, loser, clock, "phone", "address")
    officer = make.an_officer()
    with transaction(actor=officer):
        home = registry.get(winner.id, for_update=True)
        operations._write(officer, home, {"address": "Nhà mới xây"}, clock=clock)
    services.undo(actor=officer, merge_id=merge.id, reason="Hai nhà khác nhau", clock=clock)
    said = everything(winner)["fields"]
    assert (said["phone"], said["address"]) == ("+84912000111", "Nhà mới xây")
    assert fresh(loser).status == Status.SUBMITTED


def test_only_another_officer_of_the_commune_confirms(app: Flask, clock: FrozenClock) -> None:
    officer, other = make.an_officer(), make.an_officer()
    winner, loser = make.verified(clock=clock), make.verified(clock=clock)
    merge = propose(officer, winner, loser, clock)

    def refused(actor: Actor, kind: type[AppError]) -> None:
        with pytest.raises(kind):
            services.confirm(actor=actor, merge_id=merge.id, clock=clock)

    refused(officer, errors.OwnProposal)
    refused(make.an_officer(make.DAI_PHUC), errors.NoSuchMerge)
    refused(make.a_team_member(), errors.NoSuchMerge)
    services.confirm(actor=other, merge_id=merge.id, clock=clock)
    refused(other, errors.MergeDecided)


def test_the_database_refuses_that_the_proposer_confirms(app: Flask, clock: FrozenClock) -> None:
    officer = make.an_officer()
    merge = propose(officer, make.verified(clock=clock), make.verified(clock=clock), clock)
    with (
        pytest.raises(sa.exc.IntegrityError, match="ck_household_merge_four_eyes"),
        transaction(actor=officer) as session,
    ):
        session.execute(
            sa.update(Merge).where(Merge.id == merge.id).values(
                status="done", decided_by=officer.user_id, decided_at=clock.now(), winner_before_enc=b"x",
                loser_before_enc=b"x",
            )
        )  # fmt: skip


def test_two_officers_at_once_confirm_once(app: Flask, clock: FrozenClock) -> None:
    merge = propose(make.an_officer(), make.verified(clock=clock), make.verified(clock=clock), clock)

    def confirm(_n: int) -> bool:
        with app.app_context():
            try:
                services.confirm(actor=make.an_officer(), merge_id=merge.id, clock=clock)
            except errors.MergeDecided:
                return False
            return True

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(confirm, range(3))) == [False, False, True]


def test_records_of_two_communes_are_nobodys_to_merge(app: Flask, clock: FrozenClock) -> None:
    here, there = make.verified(clock=clock), make.verified(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01")
    for officer in (make.an_officer(), make.an_officer(make.DAI_PHUC)):
        with pytest.raises(registry_errors.NoSuchHousehold):
            propose(officer, here, there, clock)


def test_proposed_twice_it_is_one_and_a_record_is_in_one_merge_at_a_time(app: Flask, clock: FrozenClock) -> None:
    officer, merge_id = make.an_officer(), uuid4()
    first, second, third = (make.verified(clock=clock) for _n in range(3))
    assert propose(officer, first, second, clock, merge_id=merge_id).id == merge_id
    assert propose(officer, first, second, clock, merge_id=merge_id).id == merge_id
    with pytest.raises(errors.OtherMerge):
        propose(officer, first, third, clock, merge_id=merge_id)
    with pytest.raises(errors.OtherMerge):
        propose(officer, third, second, clock)
    services.refuse(actor=officer, merge_id=merge_id, clock=clock)
    propose(officer, third, second, clock)


def test_a_record_that_changed_since_is_not_merged(app: Flask, clock: FrozenClock) -> None:
    officer, winner, loser = make.an_officer(), make.register(clock=clock), make.register(clock=clock)
    merge = propose(officer, winner, loser, clock)
    with transaction(actor=officer):
        operations._write(officer, registry.get(loser.id, for_update=True), {"address": "Nhà mới xây"}, clock=clock)
    with pytest.raises(errors.RecordsMoved):
        services.confirm(actor=make.an_officer(), merge_id=merge.id, clock=clock)


def test_what_hangs_on_the_record_to_be_closed_is_settled_first(app: Flask, clock: FrozenClock) -> None:
    plain, officer = make.verified(clock=clock), make.an_officer()
    seller = make_seller(clock=clock)
    helped, _account = make.with_welfare_account(clock=clock)
    with acting_as(SYSTEM):
        shop_home = registry.get(seller.shop.household_id)
    for loser, word in ((shop_home, "gian hàng"), (helped, "tài khoản an sinh"), (make.poor(clock=clock), "hộ nghèo")):
        with pytest.raises(errors.CannotMerge, match=word):
            propose(officer, plain, loser, clock)
    propose(officer, helped, plain, clock)
    with acting_as(officer):
        db.session.rollback()
        assert obstacles.between(plain, plain, clock=clock)


def test_a_decision_about_both_is_no_obstacle_and_the_closed_one_is_not_eligible(
    app: Flask, clock: FrozenClock
) -> None:
    winner, loser = make.poor(clock=clock), make.poor(clock=clock, poverty_class=PovertyClass.NEAR_POOR)
    merged(winner, loser, clock)
    with acting_as(SYSTEM):
        db.session.rollback()
        found = {row.code for row in db.session.execute(registry.eligible(SYSTEM, date(2026, 6, 1)))}
    assert winner.code in found
    assert loser.code not in found


def test_a_merge_is_final_after_thirty_days_and_needs_a_reason(app: Flask, clock: FrozenClock) -> None:
    merge, officer = merged(make.verified(clock=clock), make.verified(clock=clock), clock), make.an_officer()
    with pytest.raises(BadInput):
        services.undo(actor=officer, merge_id=merge.id, reason="", clock=clock)
    clock.advance(days=30, seconds=1)
    with pytest.raises(errors.CannotUndo):
        services.undo(actor=officer, merge_id=merge.id, reason=WHY, clock=clock)


def test_merges_are_taken_back_in_the_opposite_order(app: Flask, clock: FrozenClock) -> None:
    first, second, third = (make.verified(clock=clock) for _n in range(3))
    early = merged(second, third, clock)
    late = merged(first, second, clock)
    officer = make.an_officer()
    with acting_as(SYSTEM):
        assert registry.standing(fresh(third)).id == first.id
    with pytest.raises(errors.CannotUndo):
        services.undo(actor=officer, merge_id=early.id, reason=WHY, clock=clock)
    services.undo(actor=officer, merge_id=late.id, reason=WHY, clock=clock)
    services.undo(actor=officer, merge_id=early.id, reason=WHY, clock=clock)
    assert {fresh(one).status for one in (first, second, third)} == {Status.VERIFIED}


def test_who_spoke_for_the_closed_record_speaks_for_the_other(app: Flask, clock: FrozenClock) -> None:
    winner, loser = make.verified(clock=clock, phone="0912000111"), make.verified(clock=clock, phone="0912000222")
    merged(winner, loser, clock)
    clock.advance(seconds=1)
    wife = identity.by_phone("0912000222")
    assert wife
    assert identity.actor_of(wife, clock=clock).household_id == winner.id
