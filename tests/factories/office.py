"""Work of a commune office about one household: a change that waits, a merge that waits, a decision about many."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from app.core.actor import Actor
from app.core.clock import Clock
from app.core.database import transaction
from app.households.merging import services as merging
from app.households.office import services as office
from app.households.office.models import Kind
from app.households.registry import amendments
from app.households.registry import queries as registry
from app.households.registry.models import Household
from tests.factories import households as make


@dataclass(frozen=True)
class OfficeWork:
    """What stands open, by id."""

    amendment: UUID
    merge: UUID
    bulk: UUID


def some_office_work(household: Household, *, clock: Clock) -> OfficeWork:
    """A change to this verified household, a merge of another record into it, and a bulk that returned a third."""
    commune, hamlet = household.commune_code, household.hamlet_code
    officer, member = make.an_officer(commune), make.a_team_member(hamlet)
    twin = make.register(clock=clock, hamlet_code=hamlet, head_name="Lê Thị Mẫu")
    third = make.register(clock=clock, hamlet_code=hamlet, head_name="Phạm Văn Mẫu")
    merge = merging.propose(
        actor=officer, merge_id=uuid4(), winner_code=household.code, loser_code=twin.code, takes=(),
        reason="Vợ chồng một nhà", clock=clock,
    )  # fmt: skip
    bulk = office.start_bulk(
        actor=officer, bulk_id=uuid4(), kind=Kind.RETURN, codes=[third.code], reason="Chụp lại giấy tờ", clock=clock
    )
    return OfficeWork(a_change(household, member=member, clock=clock), merge.id, bulk.id)


def a_change(household: Household, *, member: Actor | None = None, clock: Clock, **changes: str | None) -> UUID:
    """A change to a verified household that a team member asked for."""
    actor = member or make.a_team_member(household.hamlet_code)
    with transaction(actor=actor):
        home = registry.get(household.id, for_update=True)
        return amendments.propose(
            actor, home, amendment_id=uuid4(), changes=changes or {"address": "Ngõ cạnh trạm xá"},
            base_version=home.version, source="doorstep", clock=clock,
        ).id  # fmt: skip
