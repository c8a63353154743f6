"""Storing new households from the doorstep, many in a few statements, and one by one when one of them can't be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from app.core.actor import Actor
from app.core.clock import Clock
from app.core.crypto import DataKey
from app.core.database import require_transaction
from app.core.errors import AppError
from app.households.registry import fields, operations, people, queries
from app.households.registry.checks import checked
from app.households.registry.errors import HouseholdKnown, OtherContent
from app.households.registry.models import Household
from app.households.registry.operations import Entry

from . import records
from .models import DoorstepRecord, Outcome
from .records import Sent


@dataclass(frozen=True)
class _Ready:
    """A record whose registration was checked."""

    row: DoorstepRecord
    sent: Sent
    entry: Entry


def store(actor: Actor, pairs: Sequence[tuple[DoorstepRecord, Sent]], *, clock: Clock) -> None:
    """Register each household; the rows get their outcome. Needs an open transaction."""
    ready = []
    for row, sent in pairs:
        try:
            ready.append(_Ready(row, sent, _entry(actor, row, sent, clock)))
        except AppError as error:
            _refuse(row, error, clock)
    ready = _without_known(ready, clock)
    try:
        _store(actor, ready, clock)
    except IntegrityError:
        for one in ready:
            _store_alone(actor, one, clock)


def refusal_of(error: IntegrityError) -> AppError:
    """What to say when the database refused a row. Of a number out of sight it tells nothing more than that."""
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    if constraint == "uq_household_citizen_index":
        return HouseholdKnown()
    if constraint == "uq_household_client_id":
        return OtherContent()
    raise error


def _entry(actor: Actor, row: DoorstepRecord, sent: Sent, clock: Clock) -> Entry:
    consents = {said.purpose: said.how for said in sent.consents}
    data = checked(fields.to_data(sent.fields, client_id=sent.id, consents=consents), now=clock.now())
    hamlet = operations.hamlet_for(actor, data.hamlet_code)
    row.commune_code, row.hamlet_code = hamlet.parent_code, hamlet.code
    key = require_transaction().get_one(DataKey, row.data_key_id)
    return Entry(data, people.content_mark(data), key, records.evidence(sent, now=clock.now()))


def _without_known(ready: Sequence[_Ready], clock: Clock) -> list[_Ready]:
    """Those whose citizen's number is not in sight yet, and is the first of its like in this chunk."""
    seen = queries.citizens_in_sight(people.citizen_index(one.entry.data.citizen_id) for one in ready)
    new = []
    for one in ready:
        index = people.citizen_index(one.entry.data.citizen_id)
        if index in seen:
            _store_known(one, clock)
        else:
            seen.add(index)
            new.append(one)
    return new


def _store_known(one: _Ready, clock: Clock) -> None:
    """The number is registered: by this very record through the other door, or else by somebody."""
    known = queries.by_client_id(one.sent.id)
    if known is not None and known.content_mark == one.entry.mark:
        _note(one.row, known, clock)
    else:
        _refuse(one.row, HouseholdKnown(), clock)


def _store(actor: Actor, ready: Sequence[_Ready], clock: Clock) -> None:
    if not ready:
        return
    with require_transaction().begin_nested():
        made = operations.create_all(actor, [one.entry for one in ready], clock=clock)
        require_transaction().flush()
    for one, household in zip(ready, made, strict=True):
        _note(one.row, household, clock)


def _store_alone(actor: Actor, one: _Ready, clock: Clock) -> None:
    try:
        _store(actor, [one], clock)
    except IntegrityError as error:
        _refuse(one.row, refusal_of(error), clock)


def _note(row: DoorstepRecord, household: Household, clock: Clock) -> None:
    row.household_id, row.commune_code, row.hamlet_code = household.id, household.commune_code, household.hamlet_code
    row.outcome, row.refusal, row.handled_at = Outcome.STORED, None, clock.now()


def _refuse(row: DoorstepRecord, error: AppError, clock: Clock) -> None:
    row.outcome, row.handled_at = Outcome.REFUSED, clock.now()
    row.refusal = {"reason": error.message, "errors": error.details.get("errors")}
