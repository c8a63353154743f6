"""Changing the rules from a day on, by two people; needs an open transaction. The past is never rewritten."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock, in_vietnam
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.core.texts import tidy
from app.payments.fees import queries
from app.payments.fees.errors import BadChange, ChangeDecided, PastStaysPast, ProposalWaits, SecondPersonNeeded
from app.payments.fees.models import ChangeState, FeeRule, FeeRuleChange, Kind, Supply

SUBJECT = "fee_rule_change"
MAX_RATE_BP = 3_000
FURTHEST = timedelta(days=5 * 366)
# A day that begins so soon is as good as begun: who pays at midnight may not see yet what is being approved.
MARGIN = timedelta(minutes=2)


def propose(
    *,
    kind: Kind,
    supply: Supply,
    rate_bp: int | None,
    starts_on: date,
    legal_source: str,
    actor: Actor,
    clock: Clock,
) -> FeeRuleChange:
    """Write down that from a day on (Vietnam's) another rate shall hold, or none.

    Args:
        rate_bp: basis points of the gross amount; None to charge nothing any more.

    Raises:
        PastStaysPast, BadChange, ProposalWaits: see there.
    """
    if actor.user_id is None:
        raise SecondPersonNeeded()
    source = tidy(legal_source)
    if not 3 <= len(source) <= 200:
        raise BadChange("legal_source", _("Ghi văn bản làm căn cứ, từ 3 đến 200 chữ cái."))
    if rate_bp is not None and not 0 <= rate_bp <= MAX_RATE_BP:
        raise BadChange("rate", _("Mức từ 0 đến 30 phần trăm."))
    _lock(kind, supply)
    _demand_day(kind, supply, rate_bp, starts_on, clock)
    earlier = queries.open_change(kind, supply)
    if earlier is not None:
        told = (earlier.rate_bp, earlier.starts_on, earlier.legal_source, earlier.proposed_by_id)
        if told == (rate_bp, starts_on, source, actor.user_id):
            return earlier
        raise ProposalWaits()
    change = FeeRuleChange(
        id=uuid7(),
        kind=kind,
        supply=supply,
        rate_bp=rate_bp,
        starts_on=starts_on,
        legal_source=source,
        state=ChangeState.PROPOSED,
        proposed_by_id=actor.user_id,
        proposed_at=clock.now(),
    )
    session = require_transaction()
    session.add(change)
    session.flush()
    _tell("proposed", change, actor, clock)
    return change


def approve(change_id: UUID, *, actor: Actor, clock: Clock) -> FeeRuleChange:
    """Let a change hold, as the second person; a repeat by the same person changes nothing.

    Raises:
        ChangeNotFound, SecondPersonNeeded, ChangeDecided.
        PastStaysPast: its day came while it waited.
    """
    change = queries.get_change(change_id, for_update=True)
    if change.state == ChangeState.APPROVED and change.decided_by_id == actor.user_id:
        return change
    if change.state != ChangeState.PROPOSED:
        raise ChangeDecided()
    if actor.user_id is None or actor.user_id == change.proposed_by_id:
        raise SecondPersonNeeded()
    kind, supply = Kind(change.kind), Supply(change.supply)
    _lock(kind, supply)
    _demand_day(kind, supply, change.rate_bp, change.starts_on, clock)
    _decide(change, ChangeState.APPROVED, actor, clock)
    until = _make_room(kind, supply, change.starts_on)
    session = require_transaction()
    session.flush()
    if change.rate_bp is not None:
        session.add(
            FeeRule(
                id=uuid7(),
                kind=kind,
                supply=supply,
                rate_bp=change.rate_bp,
                base="gross",
                valid_from=change.starts_on,
                valid_until=until,
                legal_source=change.legal_source,
                created_by_id=change.proposed_by_id,
                approved_by_id=actor.user_id,
                created_at=clock.now(),
            )
        )
        session.flush()
    _tell("approved", change, actor, clock)
    return change


def drop(change_id: UUID, *, actor: Actor, clock: Clock) -> FeeRuleChange:
    """Give a proposed change up; anybody of the office may, also who proposed it. A repeat changes nothing.

    Raises:
        ChangeNotFound.
        ChangeDecided: it holds already.
    """
    change = queries.get_change(change_id, for_update=True)
    if change.state == ChangeState.DROPPED:
        return change
    if change.state != ChangeState.PROPOSED or actor.user_id is None:
        raise ChangeDecided()
    _decide(change, ChangeState.DROPPED, actor, clock)
    require_transaction().flush()
    _tell("dropped", change, actor, clock)
    return change


def _demand_day(kind: Kind, supply: Supply, rate_bp: int | None, starts_on: date, clock: Clock) -> None:
    """Today is still free where nothing holds; a rule that holds today holds to the end of the day."""
    today, begun = in_vietnam(clock.now()).date(), in_vietnam(clock.now() + MARGIN).date()
    rules = queries.rules_from(today, kind=kind, supply=supply)
    holds = any(rule.valid_from <= begun for rule in rules)
    earliest = begun + timedelta(days=1) if holds else today
    if starts_on < earliest:
        raise PastStaysPast(earliest)
    if starts_on > today + FURTHEST:
        raise BadChange("starts_on", _("Chọn ngày trong vòng năm năm tới."))
    if rate_bp is None and not any(rule.valid_until is None or rule.valid_until > starts_on for rule in rules):
        raise BadChange("rate", _("Từ ngày đó vốn đã không thu khoản này."))


def _make_room(kind: Kind, supply: Supply, day: date) -> date | None:
    """End what holds on that day; the day on which the next rule begins."""
    later = []
    for rule in queries.rules_from(day, kind=kind, supply=supply, for_update=True):
        if rule.valid_from <= day:
            rule.valid_until = day
        else:
            later.append(rule.valid_from)
    return min(later, default=None)


def _decide(change: FeeRuleChange, state: ChangeState, actor: Actor, clock: Clock) -> None:
    change.state, change.decided_by_id, change.decided_at = state, actor.user_id, clock.now()


def _lock(kind: Kind, supply: Supply) -> None:
    """One at a time changes the rules of a kind and supply."""
    require_transaction().execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"fee_rule|{kind}|{supply}", 0)))
    )


def _tell(what: str, change: FeeRuleChange, actor: Actor, clock: Clock) -> None:
    audit.record(
        f"fee_rule_{what}", actor=actor, subject_kind=SUBJECT, subject_id=change.id, clock=clock, kind=change.kind,
        supply=change.supply, rate_bp=change.rate_bp, starts_on=change.starts_on.isoformat(),
    )  # fmt: skip
