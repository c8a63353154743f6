"""Steps of the office inside an open transaction."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.clock import Clock
from app.core.database import require_transaction
from app.households.registry import amendments, deciding, flags
from app.households.registry import operations as registry_operations
from app.households.registry import queries as registry
from app.households.registry.errors import WrongStep
from app.households.registry.fields import Fields
from app.households.registry.models import Household, HouseholdAmendment, Status

from . import queries
from .errors import ChangedSince, HouseholdMoved, NoSuchAmendment, OwnProposal
from .models import Bulk, BulkItem, Kind, Outcome


def locked_amendment(actor: Actor, amendment_id: UUID) -> tuple[HouseholdAmendment, Household]:
    """An amendment and its household, both locked, the household first: proposers lock it first as well.

    Raises:
        NoSuchAmendment: none in scope.
        NotAnOfficer: not an officer of that commune.
    """
    seen = amendments.by_id(amendment_id)
    if seen is None:
        raise NoSuchAmendment
    household = registry.find(seen.household_id, actor=actor, for_update=True)
    registry_operations.demand_officer(actor, household)
    amendment = amendments.by_id(amendment_id, for_update=True)
    if amendment is None:
        raise NoSuchAmendment
    return amendment, household


def demand_other(actor: Actor, amendment: HouseholdAmendment) -> None:
    """Whoever asked does not decide.

    Raises:
        OwnProposal.
    """
    if amendment.proposed_by == actor.user_id:
        raise OwnProposal


def write_over(
    actor: Actor, household: Household, amendment: HouseholdAmendment, *, seen_version: int, clock: Clock
) -> Fields:
    """Make the household what the amendment says; what that replaced comes back.

    Raises:
        WrongStep: the household is not verified any more.
        HouseholdMoved: it changed since the officer looked.
        BadHousehold: the fields no longer fit what else it says.
    """
    if household.status != Status.VERIFIED:
        raise WrongStep
    if household.version != seen_version:
        raise HouseholdMoved
    wanted = amendments.wanted(household, amendment)
    return amendments.apply(actor, household, wanted, clock=clock)


def write_back(actor: Actor, household: Household, amendment: HouseholdAmendment, now: Fields, *, clock: Clock) -> None:
    """Undo an accepted amendment.

    Raises:
        WrongStep: the record was merged into another.
        ChangedSince: one of its fields was changed again.
    """
    if household.status == Status.MERGED:
        raise WrongStep
    wanted, before = amendments.wanted(household, amendment), amendments.replaced(household, amendment)
    if any(now[name] != value for name, value in wanted.items()):
        raise ChangedSince
    amendments.apply(actor, household, before, clock=clock)


def claim_item(bulk_id: UUID) -> BulkItem | None:
    """The next registration of a bulk that nobody works on, locked."""
    return require_transaction().scalar(
        sa.select(BulkItem)
        .where(BulkItem.bulk_id == bulk_id, BulkItem.outcome == Outcome.WAITING)
        .order_by(BulkItem.household_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def add_items(bulk: Bulk, household_ids: Sequence[UUID]) -> None:
    """What a bulk is about."""
    session = require_transaction()
    session.add(bulk)
    session.flush()
    session.add_all(
        BulkItem(bulk_id=bulk.id, household_id=one, outcome=Outcome.WAITING, why=None) for one in household_ids
    )
    session.flush()


def decide_one(actor: Actor, bulk: Bulk, household: Household, *, clock: Clock) -> str | None:
    """Decide about one registration of a bulk as if it stood alone; why not, when it needs a person's own look.

    Raises:
        NotAnOfficer, OwnWork, WrongStep: as for a single one.
    """
    if bulk.kind == Kind.APPROVE:
        if obstacle := _needs_a_look(household):
            return obstacle
        deciding.approve(actor, household, clock=clock)
    elif bulk.kind == Kind.RETURN:
        deciding.send_back(actor, household, reason=bulk.reason or "", clock=clock)
    elif bulk.kind == Kind.UNAPPROVE:
        if household.verified_by != actor.user_id:
            return str(_("Người khác đã duyệt hộ này sau đó."))
        deciding.take_back_approval(actor, household, reason=bulk.reason or "", clock=clock)
    else:
        deciding.take_back_return(actor, household, reason=bulk.reason or "", clock=clock)
    return None


def _needs_a_look(household: Household) -> str | None:
    if queries.twins([household.id]).get(household.id):
        return str(_("Có thể trùng với hộ khác. Mở ra so trước khi duyệt."))
    found = flags.of_many([household.id]).get(household.id)
    return str(found[0]) if found else None
