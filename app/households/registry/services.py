"""Use cases of the registry: register, correct, verify, return, consent, poverty status, unmask."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.database import transaction
from app.core.errors import BadInput
from app.core.texts import tidy
from app.identity.roles import Role

from . import deciding, operations, people, queries, states
from .checks import checked, checked_reason
from .errors import HouseholdKnown, OtherContent, OutsideArea, PovertyOverlap
from .models import Household, How, PovertyClass, PovertyStatus, Purpose
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


def set_poverty_status(
    *,
    actor: Actor,
    household_id: UUID,
    poverty_class: PovertyClass,
    year: int,
    decision_number: str,
    valid_from: date,
    valid_to: date,
    clock: Clock,
) -> PovertyStatus:
    """Record the commune's decision (Decree 07/2021); `valid_from` and `valid_to` are both days on which it holds.

    Raises:
        NoSuchHousehold, NotAnOfficer: as for `verify`.
        BadInput: no number, or dates the wrong way round.
        PovertyOverlap: another decision holds on some of these days.
    """
    number = tidy(decision_number)
    if not 1 <= len(number) <= 60:
        raise BadInput(_("Ghi số quyết định."), errors={"decision_number": [_("Ghi số quyết định.")]})
    if valid_to < valid_from or not 2016 <= year <= 2100:
        words = _("Ngày kết thúc phải sau ngày bắt đầu.")
        raise BadInput(words, errors={"valid_to": [words]})
    status = PovertyStatus(
        household_id=household_id, poverty_class=poverty_class, year=year, decision_number=number,
        valid_from=valid_from, valid_to=valid_to, created_at=clock.now(),
    )  # fmt: skip
    try:
        with transaction(actor=actor) as session:
            household = queries.find(household_id, actor=actor)
            operations.demand_officer(actor, household)
            status.recorded_by = operations.who(actor)
            session.add(status)
            session.flush()
            _note("poverty_status_set", actor, household, clock, year=year)
    except IntegrityError as error:
        if _constraint(error) == "ex_poverty_status_one_a_day":
            raise PovertyOverlap from None
        raise
    return status


def revoke_poverty_status(*, actor: Actor, household_id: UUID, clock: Clock) -> None:
    """End the decision that holds today; eligibility ends with it.

    Raises:
        NoSuchHousehold, NotAnOfficer: as for `verify`.
    """
    with transaction(actor=actor):
        household = queries.find(household_id, actor=actor, for_update=True)
        operations.demand_officer(actor, household)
        status = queries.poverty_on(household.id, queries.today(clock))
        if status is not None:
            status.revoked_at, status.revoked_by = clock.now(), operations.who(actor)
            _note("poverty_status_revoked", actor, household, clock, year=status.year)


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
