"""What is done with records of the doorstep once they are safe: stored, merged, put before the officer, refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from app.core import crypto
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.codes import normalise
from app.core.crypto import KeyDestroyed
from app.core.database import require_transaction
from app.core.errors import AppError
from app.households.areas import queries as areas
from app.households.registry import queries as registry
from app.households.registry.errors import NoSuchHousehold
from app.households.registry.models import Household

from . import conflicts, edits, inbox, records, registrations, rulings, targets
from .errors import HouseholdGone
from .models import DoorstepConflict, DoorstepRecord, Kind, Outcome
from .records import Result, Sent
from .rulings import Ruling
from .targets import Targets


@dataclass
class Desk:
    """Everything one chunk of records is handled with, read at its beginning in a handful of queries."""

    actor: Actor
    clock: Clock
    rows: Mapping[UUID, DoorstepRecord]
    targets: Targets
    conflicts: Mapping[UUID, Sequence[DoorstepConflict]]
    rulings: Mapping[UUID, Ruling]
    held: tuple[object, ...]  # what operations find in the session without asking again

    def home_of(self, row: DoorstepRecord) -> Household | None:
        """The household a record had its effect on, in sight of whoever sent it."""
        return self.targets.homes.get(row.household_id) if row.household_id else None

    def mends(self, row: DoorstepRecord, sent: Sent) -> bool:
        """Whether its sender has a newer word on an edit that an officer refused, or has not decided yet."""
        if row.kind != Kind.EDIT or row.member_id != self.actor.user_id or sent.attempt <= row.attempt:
            return False
        outcome, _reason = rulings.applied(row, self.rulings)
        return row.id in self.rulings and outcome in (Outcome.REFUSED, Outcome.WAITING)


def handle(actor: Actor, sent: Sequence[Sent], *, clock: Clock) -> list[Result]:
    """Do with each record (of distinct ids) what is to be done. Twice, late or out of order makes no difference.

    Needs an open transaction; a record that cannot be stored holds up none of the others.
    """
    desk = _desk(actor, sent, clock)
    answers: dict[UUID, Result] = {}
    fresh: list[tuple[DoorstepRecord, Sent]] = []
    for one in sent:
        row = desk.rows.get(one.id)
        if row is None or row.kind != one.kind:
            answers[one.id] = Result(str(one.id), Outcome.REFUSED, reason=_taken())
        elif _is_fresh(row, one) or desk.mends(row, one):
            if row.id in desk.rulings:
                rulings.withdraw(actor, desk.rulings[row.id].waiting, clock=clock)
            if row.kind == Kind.EDIT and desk.targets.is_gone(row, one):
                forget(row, clock)
            else:
                target = desk.targets.find(row, one)
                inbox.replace(row, one, target.home if target else None, clock=clock)
                fresh.append((row, one))
        else:
            answers[one.id] = _again(desk, row, one)
    registrations.store(desk.actor, [pair for pair in fresh if pair[1].kind == Kind.REGISTRATION], clock=clock)
    for row, one in fresh:
        if one.kind == Kind.EDIT:
            _edit(desk, row, one)
    require_transaction().flush()
    pairs = [(desk.rows[one.id], one) for one in sent if one.id in desk.rows]
    inbox.announce([pair for pair in pairs if pair[0].outcome != Outcome.REFUSED], clock=clock)
    codes = registry.codes_of(row.household_id for row, _one in fresh if row.household_id)
    opened = conflicts.open_ids([row.id for row, _one in fresh if row.outcome == Outcome.CONFLICT])
    answers |= {row.id: standing(row, codes, opened.get(row.id), {}) for row, _one in pairs if row.id not in answers}
    return [answers[one.id] for one in sent]


def standing(
    row: DoorstepRecord,
    codes: Mapping[UUID, str],
    conflict_id: UUID | None,
    ruled: Mapping[UUID, Ruling],
) -> Result:
    """How a record stands now; `ruled` is what officers said about what it asked for."""
    refusal = row.refusal or {}
    outcome, reason = rulings.applied(row, ruled)
    return Result(
        id=str(row.id),
        outcome=outcome,
        household_code=codes.get(row.household_id) if row.household_id else None,
        reason=reason or refusal.get("reason"),
        errors=refusal.get("errors"),
        conflict_id=conflict_id,
        forget=bool(refusal.get("forget")),
    )


def forgotten(row: DoorstepRecord) -> Result:
    """The answer about a record of a household that was erased since."""
    return Result(str(row.id), Outcome.REFUSED, reason=HouseholdGone().message, forget=True)


def _desk(actor: Actor, sent: Sequence[Sent], clock: Clock) -> Desk:
    rows = inbox.lock([one.id for one in sent])
    codes = {normalise(one.household_code) for one in sent if one.household_code}
    found = targets.lock(actor, codes=codes, ids={row.household_id for row in rows.values() if row.household_id})
    homes = found.homes.values()
    crypto.load_keys({row.data_key_id for row in rows.values()} | {home.data_key_id for home in homes})
    bases = edits.bases(homes, sent)
    hamlets = areas.load(hamlet for one in sent if (hamlet := one.fields.get("hamlet_code")))
    handled = [row.id for row in rows.values() if row.outcome is not None]
    ruled = rulings.of_records(rows.values())
    return Desk(actor, clock, rows, found, conflicts.of_records(handled), ruled, (bases, hamlets))


def _is_fresh(row: DoorstepRecord, one: Sent) -> bool:
    """Whether nothing came of this record yet."""
    return row.outcome is None or (row.outcome == Outcome.REFUSED and one.attempt >= row.attempt)


def _again(desk: Desk, row: DoorstepRecord, one: Sent) -> Result:
    """A record that came before: the same again, or other content under its id."""
    home = desk.home_of(row)
    codes = {home.id: home.code} if home else {}
    mark = records.mark(one)
    mine = desk.conflicts.get(row.id, ())
    of_this = next((conflict for conflict in mine if conflict.content_mark == mark), None)
    known = mark == row.content_mark or of_this is not None or one.attempt < row.attempt or row.outcome == "refused"
    if not known and home is not None:
        try:
            of_this = conflicts.other_content(desk.actor, row, one, home, mark=mark, clock=desk.clock)
        except KeyDestroyed:
            return Result(str(row.id), Outcome.REFUSED, reason=NoSuchHousehold().message)
        except AppError as error:
            return Result(str(row.id), Outcome.REFUSED, home.code, error.message, error.details.get("errors"))
    if of_this is not None and of_this.settled_at is None:
        return Result(str(row.id), Outcome.CONFLICT, home.code if home else None, conflict_id=of_this.id)
    now = standing(row, codes, None, desk.rulings)
    if now.outcome in (Outcome.STORED, Outcome.MERGED, Outcome.CONFLICT):
        return Result(now.id, Outcome.SAME, now.household_code)
    return now


def _edit(desk: Desk, row: DoorstepRecord, one: Sent) -> None:
    """Merge an edit in a savepoint of its own."""
    session = require_transaction()
    target = desk.targets.find(row, one)
    try:
        with session.begin_nested():
            edits.merge(desk.actor, row, one, target, clock=desk.clock)
            session.flush()
    except KeyDestroyed:
        refuse(row, NoSuchHousehold(), desk.clock)
    except AppError as error:
        refuse(row, error, desk.clock)
    except IntegrityError as error:
        refuse(row, registrations.refusal_of(error), desk.clock)


def refuse(row: DoorstepRecord, error: AppError, clock: Clock) -> None:
    """Write down why nothing was done."""
    row.outcome = Outcome.REFUSED
    row.refusal = {"reason": error.message, "errors": error.details.get("errors")}
    row.handled_at = clock.now()


def forget(row: DoorstepRecord, clock: Clock) -> None:
    """Keep nothing of an edit of a household that was erased, and have the phone let go of it as well."""
    refuse(row, HouseholdGone(), clock)
    row.refusal = {**(row.refusal or {}), "forget": True}
    if row.household_id is None:  # it came under a key of its own
        crypto.destroy_data_key(row.data_key_id, clock=clock)


def _taken() -> str:
    return str(_("Mã phiếu này đã dùng cho phiếu khác. Tạo phiếu mới rồi gửi lại nhé."))
