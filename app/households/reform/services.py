"""Use cases of a reform: plan from a sheet, approve, withdraw, carry out on its day."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import structlog
from flask_babel import gettext as _

from app.core.actor import EVERYWHERE, SYSTEM, Actor
from app.core.audit import record
from app.core.clock import Clock, in_vietnam
from app.core.database import transaction
from app.core.errors import BadInput, Forbidden
from app.core.texts import tidy
from app.identity.roles import Role

from . import listeners, operations, queries, sheet, states
from .errors import OwnPlan
from .models import AreaReform, ReformState
from .plans import Plan, plan_of
from .states import Event

SUBJECT = "area_reform"
MAX_AHEAD = timedelta(days=366)
log = structlog.get_logger()


def draft(data: bytes) -> Plan:
    """What a filled sheet would do; keeps nothing.

    Raises:
        BadPlan: with each row that can't be.
    """
    lines = sheet.read(data)
    codes = {line.unit_code for line in lines} | {line.target_code for line in lines}
    return plan_of(lines, queries.units_around(codes), queries.used_codes(codes))


def plan(*, actor: Actor, data: bytes, decision_number: str, effective_on: date, clock: Clock) -> AreaReform:
    """Keep a filled sheet as a plan that waits for a second person.

    Raises:
        Forbidden: not the province's operator.
        BadInput: no decision number, or a day too far away.
        BadPlan: the sheet can't be.
    """
    _demand_operator(actor)
    number = tidy(decision_number)
    if not 1 <= len(number) <= 60:
        words = _("Ghi số quyết định.")
        raise BadInput(words, errors={"decision_number": [words]})
    today = in_vietnam(clock.now()).date()
    if abs(effective_on - today) > MAX_AHEAD:
        words = _("Ngày có hiệu lực cách hôm nay quá một năm. Xem lại năm.")
        raise BadInput(words, errors={"effective_on": [words]})
    made = draft(data)
    with transaction(actor=actor) as session:
        reform = AreaReform(
            decision_number=number,
            effective_on=effective_on,
            plan=made.as_json(),
            state=ReformState.PLANNED,
            planned_by=operations.who(actor.user_id),
            planned_at=clock.now(),
        )
        session.add(reform)
        session.flush()
        record("area_reform_planned", actor=actor, subject_kind=SUBJECT, subject_id=reform.id, clock=clock)
    return reform


def approve(*, actor: Actor, reform_id: UUID, clock: Clock) -> AreaReform:
    """A second operator says yes; what is due is carried out at once.

    Raises:
        NoSuchReform, Forbidden, ImpossibleStep.
        OwnPlan: the same person planned it.
        AreasChanged: units of the plan are no more.
    """
    _demand_operator(actor)
    with transaction(actor=actor):
        reform = queries.get(reform_id, for_update=True)
        if reform.planned_by == actor.user_id:
            raise OwnPlan
        reform.state = states.step(ReformState(reform.state), Event.APPROVE)
        reform.approved_by, reform.approved_at = operations.who(actor.user_id), clock.now()
        record("area_reform_approved", actor=actor, subject_kind=SUBJECT, subject_id=reform.id, clock=clock)
    if reform.effective_on <= in_vietnam(clock.now()).date():
        carry_out(reform_id=reform.id, clock=clock)
    return reform


def withdraw(*, actor: Actor, reform_id: UUID, clock: Clock) -> AreaReform:
    """Drop a plan that was not carried out yet.

    Raises:
        NoSuchReform, Forbidden, ImpossibleStep.
    """
    _demand_operator(actor)
    with transaction(actor=actor):
        reform = queries.get(reform_id, for_update=True)
        reform.state = states.step(ReformState(reform.state), Event.WITHDRAW)
        record("area_reform_withdrawn", actor=actor, subject_kind=SUBJECT, subject_id=reform.id, clock=clock)
    return reform


def carry_out(*, reform_id: UUID, clock: Clock) -> bool:
    """Carry an approved reform out, once; whether it was done now.

    Raises:
        AreasChanged: units of the plan are no more; it stays approved, for a person to withdraw.
    """
    with transaction(actor=SYSTEM):
        reform = queries.get(reform_id, for_update=True)
        if reform.state != ReformState.APPROVED:
            return False
        moved = operations.carry_out(
            Plan.from_json(reform.plan),
            effective_on=reform.effective_on,
            decision_number=reform.decision_number,
            clock=clock,
        )
        listeners.tell(moved, clock=clock)
        reform.state = states.step(ReformState(reform.state), Event.APPLY)
        reform.applied_at = clock.now()
        record(
            "area_reform_applied",
            actor=SYSTEM,
            subject_kind=SUBJECT,
            subject_id=reform.id,
            clock=clock,
            hamlets=len(moved.hamlets),
            communes=len(moved.communes),
        )
    return True


def carry_out_due(*, clock: Clock) -> int:
    """Carry out what is due today; how many. One that can't be does not hold up the others."""
    done = 0
    for reform_id in queries.due(in_vietnam(clock.now()).date()):
        try:
            done += carry_out(reform_id=reform_id, clock=clock)
        except Exception as error:
            log.error("area_reform_not_carried_out", reform_id=str(reform_id), exc_info=error)
    return done


def _demand_operator(actor: Actor) -> None:
    if not (actor.has_role(Role.PROVINCE_OPERATOR) and actor.reaches(EVERYWHERE)):
        raise Forbidden(_("Việc này của người điều hành cấp tỉnh."))
