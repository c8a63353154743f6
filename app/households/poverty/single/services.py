"""A decision about one household, entered by hand: a list of one row, without a file, for a second officer."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.crypto import blind_index, new_data_key, seal
from app.core.database import require_transaction, transaction
from app.core.errors import BadInput
from app.core.ids import uuid7
from app.core.texts import tidy
from app.households.poverty import operations, queries
from app.households.poverty.columns import Layout
from app.households.poverty.errors import NothingToDo, OneWaits
from app.households.poverty.models import LAYOUT_FIELD, Kind, PovertyImport, State
from app.households.poverty.sheet import Decision, Line, Who
from app.households.registry import operations as households
from app.households.registry import queries as registry
from app.households.registry import words
from app.households.registry.checks import checked_reason
from app.households.registry.models import Household, PovertyClass

FIRST_YEAR, LAST_YEAR = 2016, 2100
PLACE = 1


def propose(
    *,
    actor: Actor,
    household_id: UUID,
    poverty_class: PovertyClass,
    decision_number: str,
    valid_from: date,
    valid_to: date,
    clock: Clock,
) -> UUID:
    """Write down the commune's decision (Decree 07/2021) for a second officer to approve; until then it says nothing.

    Args:
        valid_from, valid_to: both are days on which it will hold. What held on these days gives way.

    Returns:
        The batch, for `services.approve` and `services.drop`.

    Raises:
        NoSuchHousehold: none in scope.
        NotAnOfficer: not an officer of that commune.
        BadInput: no number, or days that cannot be.
        OneWaits: another decision about the household waits.
        NothingToDo: it is known exactly so.
    """
    number = tidy(decision_number)
    errors = {}
    if not 1 <= len(number) <= 60:
        errors["decision_number"] = [_("Ghi số quyết định.")]
    if valid_to < valid_from or not FIRST_YEAR <= valid_from.year <= valid_to.year <= LAST_YEAR:
        errors["valid_to"] = [_("Ngày kết thúc phải sau ngày bắt đầu.")]
    if errors:
        raise BadInput(_("Còn chỗ chưa đúng."), errors=errors)
    decision = Decision(number, valid_from.year, valid_from, valid_to)
    line = Line(PLACE, Who(), poverty_class, decision)
    return _bring(actor, household_id, line, decision, reason="", clock=clock)


def propose_end(*, actor: Actor, household_id: UUID, ends_on: date, reason: str, clock: Clock) -> UUID:
    """Write down that a household leaves, for a second officer to approve; until then it keeps its help.

    Args:
        ends_on: the first day on which it is no longer poor or near poor.

    Raises:
        NoSuchHousehold, NotAnOfficer, OneWaits: as for `propose`.
        BadInput: no reason, or a day that cannot be.
        NothingToDo: no decision holds then.
    """
    if not FIRST_YEAR <= ends_on.year <= LAST_YEAR:
        raise BadInput(_("Chọn ngày."), errors={"ends_on": [_("Chọn ngày.")]})
    decision = Decision("–", ends_on.year, ends_on, ends_on)
    line = Line(PLACE, Who(), "leaves", None, ends_on)
    return _bring(actor, household_id, line, decision, reason=checked_reason(reason), clock=clock)


def _bring(actor: Actor, household_id: UUID, line: Line, decision: Decision, *, reason: str, clock: Clock) -> UUID:
    try:
        with transaction(actor=actor):
            household = registry.find(household_id, actor=actor, for_update=True)
            households.demand_officer(actor, household)
            made = _batch(actor, household, line, decision, reason=reason, clock=clock)
            operations.add_rows(made, [line], {line.place: household.id})
            if queries.counts(made.id)[Kind.SAME]:
                raise NothingToDo
            action = "poverty_status_proposed" if line.decision else "poverty_end_proposed"
            audit.record(
                action, actor=actor, subject_kind=households.SUBJECT, subject_id=household.id, clock=clock,
                year=decision.year, list=str(made.id),
            )  # fmt: skip
            return made.id
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) != "uq_poverty_import_household_id":
            raise
        raise OneWaits from None


def _batch(
    actor: Actor, household: Household, line: Line, decision: Decision, *, reason: str, clock: Clock
) -> PovertyImport:
    """The list of one row, ready to be approved; the reason is sealed as cells of a file are."""
    session = require_transaction()
    key, layout = new_data_key(clock=clock), Layout(PLACE, [], {}, [[reason]])
    said = words.poverty(line.poverty_class) if line.decision else _("Ra khỏi danh sách")
    made = PovertyImport(
        id=(own_id := uuid7()),
        household_id=household.id,
        area_code=household.commune_code,
        file_hash=blind_index("poverty_import.file", str(own_id)),
        file_name=f"{household.code}: {said}",
        data_key_id=key.id,
        layout_enc=seal(key, LAYOUT_FIELD, json.dumps(asdict(layout), ensure_ascii=False)),
        headings_mark=layout.mark(),
        state=State.READY,
        columns={},
        decision_number=decision.number,
        year=decision.year,
        valid_from=decision.valid_from,
        valid_to=decision.valid_to,
        whole_list=False,
        steps_total=1,
        steps_done=1,
        skipped=0,
        read_again=False,
        created_by=households.who(actor),
        created_at=clock.now(),
        moved_at=clock.now(),
    )
    session.add(made)
    session.flush()
    return made
