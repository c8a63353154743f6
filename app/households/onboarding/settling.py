"""Steps of settling a conflict inside an open transaction, and of taking a choice back."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.errors import BadInput
from app.households.registry import fields, operations, queries, versions
from app.households.registry.models import Household, Status
from app.households.registry.operations import SUBJECT
from app.households.registry.people import Evidence

from . import conflicts, edits
from .errors import TooLate
from .models import DoorstepConflict, DoorstepRecord, Outcome
from .moment import Moment

SENT, KEPT = "sent", "kept"


def choose(
    actor: Actor,
    row: DoorstepRecord,
    conflict: DoorstepConflict,
    home: Household,
    choices: Mapping[str, str],
    *,
    clock: Clock,
) -> None:
    """Write what was chosen; record, conflict and household are locked.

    Raises:
        BadInput: a field without a choice, or half of what belongs together.
        BadHousehold: the fields chosen don't fit what else the household says.
    """
    chosen = _chosen(conflict, choices)
    clock = Moment(clock.now())  # one moment for all of it tells which yes was given by this choice
    conflict.version_before = home.version
    waits = _write_chosen(actor, conflict, home, chosen, clock)
    conflict.version_after = home.version
    conflict.choices, conflict.settled_by, conflict.settled_at = chosen, actor.user_id, clock.now()
    left = conflicts.open_ids([row.id])
    row.outcome = Outcome.CONFLICT if left else Outcome.WAITING if waits else Outcome.MERGED
    _note("doorstep_conflict_settled", actor, conflict, clock, choices=chosen)


def may_take_back(conflict: DoorstepConflict, home: Household, outcome: str | None) -> bool:
    """Whether nothing was done with the choice yet: the household is as it left it, and nobody approved it."""
    untouched = conflict.settled_at is not None and home.version == conflict.version_after
    return untouched and home.status in (Status.SUBMITTED, Status.RETURNED) and outcome != Outcome.WAITING


def take_back(actor: Actor, row: DoorstepRecord, conflict: DoorstepConflict, home: Household, *, clock: Clock) -> None:
    """Put the values back that a choice replaced, and let somebody choose again. A yes that the choice gave is taken
    back as well, unless the household spoke again since.

    Raises:
        TooLate: the household went on since.
    """
    if not may_take_back(conflict, home, row.outcome):
        raise TooLate
    before = versions.fields_at(home, conflict.version_before or 0)
    if before is None:
        raise TooLate
    now = fields.of(home)
    names = [name for name in conflict.fields if name in before and before[name] != now[name]]
    edits.write(actor, home, {name: before[name] for name in names}, id=conflict.id, clock=clock, sends_again=False)
    _withdraw_given(actor, conflict, home, clock)
    conflict.choices = conflict.settled_by = conflict.settled_at = None
    row.outcome = Outcome.CONFLICT
    _note("doorstep_conflict_reopened", actor, conflict, clock)


def _chosen(conflict: DoorstepConflict, choices: Mapping[str, str]) -> dict[str, str]:
    chosen = {name: choices.get(name, "") for name in conflict.fields}
    missing = [name for name, word in chosen.items() if word not in (SENT, KEPT)]
    if missing:
        raise BadInput(_("Chọn một bên cho từng mục nhé."), errors={name: [_("Chọn một bên.")] for name in missing})
    for group in fields.TOGETHER:
        if len({chosen[name] for name in group if name in chosen}) > 1:
            words = _("Các mục này đi liền với nhau, chọn cùng một bên nhé.")
            raise BadInput(words, errors={name: [words] for name in group if name in chosen})
    return chosen


def _write_chosen(
    actor: Actor, conflict: DoorstepConflict, home: Household, chosen: Mapping[str, str], clock: Clock
) -> bool:
    values, said = conflicts.values_sent(conflict, home)
    changes = {name: value for name, value in values.items() if chosen[name] == SENT}
    now = fields.of(home)
    changes = {name: value for name, value in changes.items() if now[name] != value}
    if said and chosen.get(conflicts.CONSENTS) == SENT:
        shown = {one.purpose: Evidence(said_at=one.at, record_id=conflict.record_id) for one in said}
        edits.agree_to(actor, home, said, shown=shown, clock=clock)
    return edits.write(actor, home, changes, id=conflict.id, clock=clock)


def _withdraw_given(actor: Actor, conflict: DoorstepConflict, home: Household, clock: Clock) -> None:
    """Say no to each purpose whose yes was written down by this choice and is the latest word."""
    if (conflict.choices or {}).get(conflicts.CONSENTS) != SENT:
        return
    _values, said = conflicts.values_sent(conflict, home)
    words = queries.consents(home.id)
    for one in said:
        word = words.get(one.purpose)
        ours = (
            word is not None and word.given and (word.record_id, word.at) == (conflict.record_id, conflict.settled_at)
        )
        if ours:
            operations.add_consent(actor, home, purpose=one.purpose, given=False, how=one.how, clock=clock)


def _note(action: str, actor: Actor, conflict: DoorstepConflict, clock: Clock, **details: object) -> None:
    record(action, actor=actor, subject_kind=SUBJECT, subject_id=conflict.household_id, clock=clock,
           conflict_id=str(conflict.id), **details)  # fmt: skip
