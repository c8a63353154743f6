"""Use cases of the office: take a decision back, decide about amendments, decide about many registrations at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from app.core.actor import SYSTEM, Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import KeyDestroyed
from app.core.database import transaction
from app.core.errors import AppError
from app.core.jobs import enqueue
from app.households.registry import amendments, deciding, fields
from app.households.registry import operations as registry_operations
from app.households.registry import queries as registry
from app.households.registry.amendments import AmendmentStatus
from app.households.registry.checks import checked_reason
from app.households.registry.errors import HouseholdKnown, NotAnOfficer, OtherContent
from app.households.registry.fields import Fields
from app.households.registry.models import Household, HouseholdAmendment
from app.identity import queries as identity
from app.identity.roles import Role

from . import operations, queries, states
from .errors import NoSuchAmendment, NothingTicked
from .models import Bulk, Kind, Outcome
from .states import Event

MOST, AT_ONCE = 500, 20
LEFT_AFTER, WOKEN_AT_ONCE = timedelta(minutes=5), 50
BULK = "household_bulk"
UNDOES = {Kind.APPROVE: Kind.UNAPPROVE, Kind.RETURN: Kind.UNRETURN}


def take_back_approval(*, actor: Actor, household_id: UUID, reason: str, clock: Clock) -> Household:
    """Make an approved household wait for approval again; any officer of its commune may, with a reason.

    Raises:
        NoSuchHousehold, NotAnOfficer, WrongStep.
        BadInput: no reason.
    """
    words = checked_reason(reason)
    with transaction(actor=actor):
        household = registry.find(household_id, actor=actor, for_update=True)
        deciding.take_back_approval(actor, household, reason=words, clock=clock)
    return household


def take_back_return(*, actor: Actor, household_id: UUID, reason: str, clock: Clock) -> Household:
    """Let a returned registration that was not sent in again wait as it is.

    Raises:
        NoSuchHousehold, NotAnOfficer, WrongStep.
        BadInput: no reason.
    """
    words = checked_reason(reason)
    with transaction(actor=actor):
        household = registry.find(household_id, actor=actor, for_update=True)
        deciding.take_back_return(actor, household, reason=words, clock=clock)
    return household


def accept_amendment(*, actor: Actor, amendment_id: UUID, seen_version: int, clock: Clock) -> HouseholdAmendment:
    """Say yes to a change somebody else asked for; it holds at once.

    Args:
        seen_version: the household's version on the officer's page.

    Raises:
        NoSuchAmendment, NotAnOfficer, OwnProposal, AmendmentDecided.
        HouseholdMoved: the household changed since the officer looked.
        WrongStep: it is not verified any more.
        HouseholdKnown: the new citizen's number is registered already.
    """
    try:
        with transaction(actor=actor):
            amendment, household = operations.locked_amendment(actor, amendment_id)
            operations.demand_other(actor, amendment)
            accepted = states.after(amendment.status, Event.ACCEPT)
            before = operations.write_over(actor, household, amendment, seen_version=seen_version, clock=clock)
            amendment.before_enc = amendments.seal_replaced(household, before)
            amendment.status = accepted
            amendment.decided_by, amendment.decided_at = registry_operations.who(actor), clock.now()
            amendments.note("amendment_accepted", actor, amendment, clock)
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        if getattr(diagnosis, "constraint_name", None) == "uq_household_citizen_index":
            raise HouseholdKnown from None
        raise
    return amendment


def refuse_amendment(*, actor: Actor, amendment_id: UUID, reason: str, clock: Clock) -> HouseholdAmendment:
    """Say no to a change somebody else asked for.

    Raises:
        NoSuchAmendment, NotAnOfficer, OwnProposal, AmendmentDecided.
        BadInput: no reason.
    """
    words = checked_reason(reason)
    with transaction(actor=actor):
        amendment, _household = operations.locked_amendment(actor, amendment_id)
        operations.demand_other(actor, amendment)
        amendment.status = states.after(amendment.status, Event.REFUSE)
        amendment.decided_by, amendment.decided_at = registry_operations.who(actor), clock.now()
        amendment.reason = words
        amendments.note("amendment_refused", actor, amendment, clock, reason=words)
    return amendment


def withdraw_amendment(*, actor: Actor, amendment_id: UUID, clock: Clock) -> HouseholdAmendment:
    """The proposer no longer wants the change.

    Raises:
        NoSuchAmendment: none in sight, or somebody else's.
        AmendmentDecided.
    """
    with transaction(actor=actor):
        amendment = amendments.by_id(amendment_id, for_update=True)
        if amendment is None or amendment.proposed_by != actor.user_id:
            raise NoSuchAmendment
        amendment.status = states.after(amendment.status, Event.WITHDRAW)
        amendment.decided_at = clock.now()
        amendments.note("amendment_withdrawn", actor, amendment, clock)
    return amendment


def take_back_decision(*, actor: Actor, amendment_id: UUID, reason: str, clock: Clock) -> HouseholdAmendment:
    """Undo a yes or a no: the amendment waits again, and what a yes replaced is back.

    Raises:
        NoSuchAmendment, NotAnOfficer, AmendmentDecided.
        ChangedSince: what it wrote was changed again.
        BadInput: no reason.
    """
    words = checked_reason(reason)
    with transaction(actor=actor):
        amendment, household = operations.locked_amendment(actor, amendment_id)
        was = amendment.status
        waiting = states.after(was, Event.TAKE_BACK)
        if was == AmendmentStatus.ACCEPTED:
            operations.write_back(actor, household, amendment, fields.of(household), clock=clock)
        amendment.status = waiting
        amendment.before_enc = amendment.decided_by = amendment.decided_at = amendment.reason = None
        amendments.note("amendment_decision_taken_back", actor, amendment, clock, reason=words, was=was)
    return amendment


def open_amendment(*, actor: Actor, amendment_id: UUID, reason: str, clock: Clock) -> tuple[Fields, Fields]:
    """An amendment without masks: what stands, and what would. The look is written down first.

    Raises:
        NoSuchAmendment, NotAnOfficer.
        BadInput: no reason.
    """
    words = checked_reason(reason)
    with transaction(actor=actor):
        amendment, household = operations.locked_amendment(actor, amendment_id)
        amendments.note("amendment_unmasked", actor, amendment, clock, reason=words)
    wanted = amendments.wanted(household, amendment)
    now = amendments.replaced(household, amendment) or fields.of(household)
    return {name: now[name] for name in wanted}, wanted


def start_bulk(
    *, actor: Actor, bulk_id: UUID, kind: Kind, codes: Sequence[str], reason: str = "", clock: Clock
) -> Bulk:
    """Decide about many registrations at once. Each is decided again by itself; a job works off what is many.

    Args:
        bulk_id: made by the caller; the same again answers the same bulk.

    Raises:
        NotAnOfficer: not an officer at all; per household it is asked again.
        NothingTicked: none, or more than 500.
        BadInput: no reason where one is needed.
    """
    if not actor.has_role(Role.COMMUNE_OFFICER):
        raise NotAnOfficer
    words = None if kind == Kind.APPROVE else checked_reason(reason)
    if not 1 <= len(set(codes)) <= MOST:
        raise NothingTicked(MOST)
    with transaction(actor=actor):
        household_ids = queries.ids_of(actor, sorted(set(codes)))
        if not household_ids:
            raise NothingTicked(MOST)
        maker = registry_operations.who(actor)
        wanted = Bulk(id=bulk_id, kind=kind, reason=words, made_by=maker, created_at=clock.now())
        bulk = _store(actor, wanted, household_ids, clock)
    work_bulk(actor=actor, bulk_id=bulk.id, limit=AT_ONCE, clock=clock)
    return bulk


def undo_bulk(*, actor: Actor, bulk_id: UUID, undo_id: UUID, reason: str, clock: Clock) -> Bulk:
    """Take back what a bulk decided, as far as it still can be: one more bulk.

    Raises:
        NoSuchBulk: none of this person's.
        NothingTicked: it decided nothing, or is an undoing itself.
        BadInput: no reason.
    """
    words = checked_reason(reason)
    with transaction(actor=actor):
        bulk = queries.bulk(bulk_id, actor=actor)
        household_ids = queries.done_in(bulk.id)
        kind = UNDOES.get(Kind(bulk.kind))
        if kind is None or not household_ids:
            raise NothingTicked(MOST)
        maker = registry_operations.who(actor)
        wanted = Bulk(id=undo_id, kind=kind, reason=words, made_by=maker, created_at=clock.now())
        undo = _store(actor, wanted, household_ids, clock)
    work_bulk(actor=actor, bulk_id=undo.id, limit=AT_ONCE, clock=clock)
    return undo


def work_bulk(*, actor: Actor, bulk_id: UUID, limit: int, clock: Clock) -> int:
    """Decide about up to `limit` registrations of a bulk, each in its own transaction; how many were worked off."""
    done = 0
    while done < limit and _work_one(actor, bulk_id, clock):
        done += 1
    return done


def work_bulk_as_its_maker(*, bulk_id: UUID, clock: Clock) -> None:
    """Go on with a bulk until nothing of it waits, with the rights its maker has now."""
    with transaction(actor=SYSTEM):
        maker_id = queries.maker_of(bulk_id)
        maker = identity.get(maker_id) if maker_id else None
        actor = identity.actor_of(maker, clock=clock) if maker else None
    if actor is not None:
        work_bulk(actor=actor, bulk_id=bulk_id, limit=MOST, clock=clock)


def wake_left(*, clock: Clock) -> int:
    """Go on with bulks whose worker died; how many. One that is still worked on loses nothing: items are locked."""
    # A late import: the job calls this service.
    from .tasks import work

    with transaction(actor=SYSTEM):
        left = queries.left_waiting(clock.now() - LEFT_AFTER, limit=WOKEN_AT_ONCE)
        for bulk_id in left:
            enqueue(work, bulk_id=str(bulk_id))
    return len(left)


def _store(actor: Actor, wanted: Bulk, household_ids: Sequence[UUID], clock: Clock) -> Bulk:
    """The bulk with its items; the one that is there already when it was sent twice."""
    known = queries.bulk_or_none(wanted.id)
    if known is not None:
        if known.made_by != actor.user_id or known.kind != wanted.kind:
            raise OtherContent
        return known
    operations.add_items(wanted, household_ids)
    many = len(household_ids)
    record(f"bulk_{wanted.kind}", actor=actor, subject_kind=BULK, subject_id=wanted.id, clock=clock, many=many)
    if many > AT_ONCE:
        # A late import: the job calls this service.
        from .tasks import work

        enqueue(work, bulk_id=str(wanted.id))
    return wanted


def _work_one(actor: Actor, bulk_id: UUID, clock: Clock) -> bool:
    with transaction(actor=actor) as session:
        item = operations.claim_item(bulk_id)
        if item is None:
            return False
        bulk, household_id = queries.bulk(bulk_id, actor=actor), item.household_id
        try:
            with session.begin_nested():
                household = registry.find(household_id, actor=actor, for_update=True)
                why = operations.decide_one(actor, bulk, household, clock=clock)
        except AppError as error:
            why = error.message
        except KeyDestroyed:
            why = _("Hồ sơ này đã được xóa theo yêu cầu của hộ.")
        item.outcome, item.why = (Outcome.LEFT_OUT, why) if why else (Outcome.DONE, None)
    return True
