"""What the commune's officer said about changes to verified households, as whoever brought them from the door hears it.

A record's changes wait as amendments: one for its present attempt, one for each conflict that a person settled. They
are decided in the office room, which does not know records; so their word is read where a record is told of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.clock import Clock
from app.core.database import db
from app.households.registry import amendments
from app.households.registry.amendments import AmendmentStatus
from app.households.registry.models import HouseholdAmendment

from .models import DoorstepConflict, DoorstepRecord, Outcome


@dataclass(frozen=True)
class Ruling:
    """How a record stands by its amendments: `waiting`, `merged`, or `refused` with the officer's reason.

    `waiting` are those nobody decided yet.
    """

    outcome: Outcome
    reason: str | None = None
    waiting: tuple[HouseholdAmendment, ...] = ()


def amendment_id(row: DoorstepRecord) -> UUID:
    """The id of the amendment that this attempt asks for; each attempt asks for its own."""
    return row.id if row.attempt == 1 else uuid5(row.id, f"attempt {row.attempt}")


def of_records(rows: Iterable[DoorstepRecord]) -> dict[UUID, Ruling]:
    """How these records stand by their amendments, in two queries; those that asked for none are missing.

    Only what the database lets the current actor see.
    """
    asking = {row.id: row for row in rows if row.outcome in (Outcome.WAITING, Outcome.MERGED)}
    if not asking:
        return {}
    owner = {amendment_id(row): row.id for row in asking.values()}
    settled = sa.select(DoorstepConflict.id, DoorstepConflict.record_id).where(
        DoorstepConflict.record_id.in_(sorted(asking)), DoorstepConflict.settled_at.is_not(None)
    )
    owner |= dict(db.session.execute(settled).all())
    query = sa.select(HouseholdAmendment).where(HouseholdAmendment.id.in_(sorted(owner)))
    query = query.order_by(HouseholdAmendment.created_at, HouseholdAmendment.id)
    found: dict[UUID, list[HouseholdAmendment]] = defaultdict(list)
    for asked in db.session.scalars(query.execution_options(populate_existing=True)):
        row = asking[owner[asked.id]]
        if row.attempt == 1 or row.handled_at is None or asked.created_at >= row.handled_at:  # not an older attempt's
            found[row.id].append(asked)
    return {id: _ruling(asked) for id, asked in found.items()}


def withdraw(actor: Actor, asked: Sequence[HouseholdAmendment], *, clock: Clock) -> None:
    """Take back what this person asked for and nobody decided, because they bring a newer word. Needs a transaction
    with the households locked.
    """
    for one in asked:
        if one.proposed_by == actor.user_id:
            one.status, one.decided_at = AmendmentStatus.WITHDRAWN, clock.now()
            amendments.note("amendment_withdrawn", actor, one, clock)


def applied(row: DoorstepRecord, rulings: Mapping[UUID, Ruling]) -> tuple[Outcome, str | None]:
    """(how a record stands now, the officer's reason when refused)."""
    ruling = rulings.get(row.id)
    if ruling is None or row.outcome not in (Outcome.WAITING, Outcome.MERGED):
        return Outcome(row.outcome or Outcome.REFUSED), None
    return ruling.outcome, ruling.reason


def _ruling(asked: Sequence[HouseholdAmendment]) -> Ruling:
    """Something waits → it waits; something was refused or withdrawn → the last such word; else it holds."""
    waiting = tuple(one for one in asked if one.status == AmendmentStatus.WAITING)
    if waiting:
        return Ruling(Outcome.WAITING, waiting=waiting)
    against = [one for one in asked if one.status != AmendmentStatus.ACCEPTED]
    if not against:
        return Ruling(Outcome.MERGED)
    return Ruling(Outcome.REFUSED, _why(against[-1]))


def _why(asked: HouseholdAmendment) -> str:
    if asked.status == AmendmentStatus.REFUSED:
        return str(_("Cán bộ xã chưa nhận: %(reason)s", reason=asked.reason))
    return str(_("Đề nghị sửa này đã được rút lại."))
