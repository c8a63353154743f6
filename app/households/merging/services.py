"""Use cases of merging: propose, confirm by another officer, refuse or put away, take back within thirty days."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.database import transaction
from app.core.errors import BadInput
from app.households.registry import operations as registry_operations
from app.households.registry import queries as registry
from app.households.registry.checks import checked_reason
from app.households.registry.models import Household

from . import obstacles, operations, queries, states
from .errors import CannotMerge, CannotUndo, OtherMerge, OwnProposal, RecordsMoved
from .models import Merge
from .states import Event, State

UNDO_FOR = timedelta(days=30)


def propose(
    *,
    actor: Actor,
    merge_id: UUID,
    winner_code: str,
    loser_code: str,
    takes: Collection[str],
    reason: str,
    clock: Clock,
) -> Merge:
    """Ask that two records of one household become one; nothing changes until another officer confirms.

    Args:
        merge_id: made by the caller; the same again answers the same merge.
        takes: which of `operations.GROUPS` come from the record that is closed.

    Raises:
        NoSuchHousehold, NotAnOfficer: not both are of the officer's communes.
        BadInput: no reason, or a group that is none.
        CannotMerge: something has to be settled first, and what.
        OtherMerge: the id or the record is in another merge.
    """
    words = checked_reason(reason)
    if not set(takes) <= set(operations.GROUPS):
        raise BadInput(_("Chọn lại phần lấy từ hồ sơ kia."), errors={"takes": [_("Chọn lại phần lấy từ hồ sơ kia.")]})
    try:
        with transaction(actor=actor) as session:
            winner, loser = _both(actor, _id(actor, winner_code), _id(actor, loser_code))
            known = queries.by_id(merge_id)
            if known is not None:
                if (known.winner_id, known.loser_id) != (winner.id, loser.id):
                    raise OtherMerge
                return known
            if reasons := obstacles.between(winner, loser, clock=clock):
                raise CannotMerge(reasons)
            merge = Merge(
                id=merge_id, winner_id=winner.id, loser_id=loser.id, takes=sorted(set(takes)), reason=words,
                winner_version=winner.version, loser_version=loser.version, status=State.PROPOSED,
                proposed_by=registry_operations.who(actor), proposed_at=clock.now(),
            )  # fmt: skip
            session.add(merge)
            session.flush()
            _note("merge_proposed", actor, merge, clock, reason=words)
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", "") == "uq_household_merge_loser":
            raise OtherMerge from None
        raise
    return merge


def confirm(*, actor: Actor, merge_id: UUID, clock: Clock) -> Merge:
    """Make the two records one: an officer who did not ask for it.

    Raises:
        NoSuchMerge, NoSuchHousehold, NotAnOfficer, MergeDecided, OwnProposal.
        RecordsMoved: one of the records changed since it was proposed.
        CannotMerge: something has to be settled first, and what.
        BadHousehold: the chosen fields do not make a household.
    """
    with transaction(actor=actor):
        merge, winner, loser = _locked(actor, merge_id)
        if merge.proposed_by == actor.user_id:
            raise OwnProposal
        done = states.after(merge.status, Event.CONFIRM)
        if (winner.version, loser.version) != (merge.winner_version, merge.loser_version):
            raise RecordsMoved
        if reasons := obstacles.between(winner, loser, clock=clock):
            raise CannotMerge(reasons)
        before = operations.join(actor, merge, winner, loser, clock=clock)
        merge.winner_before_enc, merge.loser_before_enc = before
        merge.status = done
        merge.decided_by, merge.decided_at = registry_operations.who(actor), clock.now()
    return merge


def refuse(*, actor: Actor, merge_id: UUID, clock: Clock) -> Merge:
    """Say no to a merge, or put one's own proposal away.

    Raises:
        NoSuchMerge, NoSuchHousehold, NotAnOfficer, MergeDecided.
    """
    with transaction(actor=actor):
        merge, _winner, _loser = _locked(actor, merge_id)
        merge.status = states.after(merge.status, Event.REFUSE)
        merge.decided_by, merge.decided_at = registry_operations.who(actor), clock.now()
        _note("merge_refused", actor, merge, clock)
    return merge


def undo(*, actor: Actor, merge_id: UUID, reason: str, clock: Clock) -> Merge:
    """Put both records back as they were, within thirty days; any officer of the commune may, with a reason.

    Raises:
        NoSuchMerge, NoSuchHousehold, NotAnOfficer, MergeDecided.
        CannotUndo: too late, or one of the records went another way since.
        BadInput: no reason.
    """
    words = checked_reason(reason)
    with transaction(actor=actor):
        merge, winner, loser = _locked(actor, merge_id)
        undone = states.after(merge.status, Event.UNDO)
        if clock.now() > undo_until(merge):
            raise CannotUndo(_("Đã quá 30 ngày nên không hoàn tác được nữa."))
        operations.part(actor, merge, winner, loser, reason=words, clock=clock)
        merge.status = undone
        merge.undone_by, merge.undone_at = registry_operations.who(actor), clock.now()
    return merge


def undo_until(merge: Merge) -> datetime:
    """The last moment at which a merge can be taken back."""
    return (merge.decided_at or merge.proposed_at) + UNDO_FOR


def _id(actor: Actor, code: str) -> UUID:
    return registry.by_code(code, actor=actor).id


def _both(actor: Actor, winner_id: UUID, loser_id: UUID) -> tuple[Household, Household]:
    """Both households, locked in the order of their ids."""
    found = {}
    for household_id in sorted({winner_id, loser_id}):
        found[household_id] = registry.find(household_id, actor=actor, for_update=True)
        registry_operations.demand_officer(actor, found[household_id])
    return found[winner_id], found[loser_id]


def _locked(actor: Actor, merge_id: UUID) -> tuple[Merge, Household, Household]:
    seen = queries.get(merge_id, actor=actor)
    winner, loser = _both(actor, seen.winner_id, seen.loser_id)
    return queries.get(merge_id, actor=actor, for_update=True), winner, loser


def _note(action: str, actor: Actor, merge: Merge, clock: Clock, **details: object) -> None:
    for household_id in (merge.winner_id, merge.loser_id):
        record(
            action,
            actor=actor,
            subject_kind=registry_operations.SUBJECT,
            subject_id=household_id,
            clock=clock,
            merge_id=str(merge.id),
            **details,
        )
