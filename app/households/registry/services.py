"""Use cases of the registry: register, correct, verify, return, consent, unmask."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.database import transaction
from app.identity.roles import Role

from . import deciding, operations, people, queries, states
from .checks import checked, checked_reason
from .errors import HouseholdKnown, OtherContent, OutsideArea
from .models import Household, How, Purpose
from .operations import SUBJECT
from .people import Field, NewHousehold
from .states import Event


def register_household(*, actor: Actor, data: NewHousehold, clock: Clock) -> Household:
    """Register a household on the doorstep. The same `client_id` and content again answers the same household.

    Raises:
        OutsideArea: not a team member (or officer) of that hamlet.
        BadHousehold: fields that cannot be.
        HouseholdKnown: the citizen's number is registered already.
        OtherContent: the `client_id` was used for something else.
    """
    if not actor.has_role(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER):
        raise OutsideArea
    clean = checked(data, now=clock.now())
    mark = people.content_mark(clean)
    try:
        with transaction(actor=actor):
            known = queries.by_client_id(data.client_id)
            return _same(known, mark) if known else operations.create(actor, clean, mark=mark, clock=clock)
    except IntegrityError as error:
        # Perhaps the same registration, sent twice at the same moment; then the other one made it.
        with transaction(actor=actor):
            known = queries.by_client_id(data.client_id)
        if known is None:
            raise _refusal(error) from None
        return _same(known, mark)


def resubmit(*, actor: Actor, household_id: UUID, data: NewHousehold, clock: Clock) -> Household:
    """Send a returned registration again, corrected; consents said yes to now are added.

    Raises:
        NoSuchHousehold: none in scope.
        OutsideArea: not a team member or officer there.
        WrongStep: it was not returned.
        BadHousehold, HouseholdKnown: as for registering.
    """
    if not actor.has_role(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER):
        raise OutsideArea
    clean = checked(data, now=clock.now(), needs_consent=False)
    try:
        with transaction(actor=actor):
            household = queries.find(household_id, actor=actor, for_update=True)
            household.status = states.after(household.status, Event.RESUBMIT)
            household.return_reason = None
            operations.rewrite(actor, household, clean, mark=people.content_mark(clean), clock=clock)
            held = {purpose for purpose, word in queries.consents(household.id).items() if word.given}
            for purpose, how in clean.consents.items():
                if purpose not in held:
                    operations.add_consent(actor, household, purpose=purpose, given=True, how=how, clock=clock)
            _note("household_resubmitted", actor, household, clock)
    except IntegrityError as error:
        raise _refusal(error) from None
    return household


def open_for_correction(*, actor: Actor, household_id: UUID, clock: Clock) -> NewHousehold:
    """A returned registration in full, for the person who made it. The look is written down.

    Raises:
        NoSuchHousehold: none in scope.
        OutsideArea: somebody else registered it.
        WrongStep: it was not returned.
    """
    with transaction(actor=actor):
        household = queries.find(household_id, actor=actor)
        if household.registered_by != actor.user_id:
            raise OutsideArea
        states.after(household.status, Event.RESUBMIT)
        _note("household_opened_for_correction", actor, household, clock)
    held = {purpose: How(word.how) for purpose, word in queries.consents(household.id).items() if word.given}
    return people.opened(household, held)


def verify(*, actor: Actor, household_id: UUID, clock: Clock) -> Household:
    """Approve a registration: a commune officer who did not make it. Its phone can then sign in for the household.

    Raises:
        NoSuchHousehold: none in scope.
        NotAnOfficer: not an officer of that commune.
        OwnWork: the actor registered it.
        WrongStep: it does not wait for approval.
    """
    with transaction(actor=actor):
        household = queries.find(household_id, actor=actor, for_update=True)
        deciding.approve(actor, household, clock=clock)
    return household


def return_to_team(*, actor: Actor, household_id: UUID, reason: str, clock: Clock) -> Household:
    """Send a registration back to the team with what to mend.

    Raises:
        NoSuchHousehold, NotAnOfficer, WrongStep: as for `verify`.
        BadInput: no reason, or a very long one.
    """
    words = checked_reason(reason)
    with transaction(actor=actor):
        household = queries.find(household_id, actor=actor, for_update=True)
        deciding.send_back(actor, household, reason=words, clock=clock)
    return household


def record_consent(
    *, actor: Actor, household_id: UUID, purpose: Purpose, given: bool, how: How, clock: Clock
) -> Household:
    """Write down a yes or a no; it holds at once. The household itself, its team or its officers may.

    Raises:
        NoSuchHousehold: none in scope.
    """
    with transaction(actor=actor):
        household = queries.find(household_id, actor=actor, for_update=True)
        if actor.household_id != household.id and not actor.has_role(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER):
            raise OutsideArea
        operations.add_consent(actor, household, purpose=purpose, given=given, how=how, clock=clock)
    return household


def unmask_household(*, actor: Actor, household_id: UUID, field: Field, reason: str, clock: Clock) -> str | None:
    """One field in full, for an officer of the commune or the household itself. Each look is written down first.

    Raises:
        NoSuchHousehold: none in scope.
        NotAnOfficer: somebody else.
        BadInput: no reason given.
        KeyDestroyed: the household was erased.
    """
    words = checked_reason(reason)
    with transaction(actor=actor):
        household = queries.find(household_id, actor=actor)
        if actor.household_id != household.id:
            operations.demand_officer(actor, household)
        _note("household_unmasked", actor, household, clock, field=field, reason=words)
    return people.open_field(household, field)


def _note(action: str, actor: Actor, household: Household, clock: Clock, **details: object) -> None:
    record(action, actor=actor, subject_kind=SUBJECT, subject_id=household.id, clock=clock, **details)


def _same(known: Household, mark: bytes) -> Household:
    if known.content_mark != mark:
        raise OtherContent
    return known


def _constraint(error: IntegrityError) -> str | None:
    return getattr(getattr(error.orig, "diag", None), "constraint_name", None)


def _refusal(error: IntegrityError) -> Exception:
    """What to say of a row the database refused. A client_id or number of somebody out of sight tells nothing more."""
    known = {"uq_household_citizen_index": HouseholdKnown, "uq_household_client_id": OtherContent}
    kind = known.get(_constraint(error) or "")
    return kind() if kind else error
