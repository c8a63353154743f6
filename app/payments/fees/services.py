"""Use cases of the finance office: changing the rules by two people."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.database import transaction
from app.payments.fees import rules
from app.payments.fees.models import FeeRuleChange, Kind, Supply


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
    """As `rules.propose`."""
    with transaction(actor=SYSTEM):
        return rules.propose(
            kind=kind,
            supply=supply,
            rate_bp=rate_bp,
            starts_on=starts_on,
            legal_source=legal_source,
            actor=actor,
            clock=clock,
        )


def approve(change_id: UUID, *, actor: Actor, clock: Clock) -> FeeRuleChange:
    """As `rules.approve`."""
    with transaction(actor=SYSTEM):
        return rules.approve(change_id, actor=actor, clock=clock)


def drop(change_id: UUID, *, actor: Actor, clock: Clock) -> FeeRuleChange:
    """As `rules.drop`."""
    with transaction(actor=SYSTEM):
        return rules.drop(change_id, actor=actor, clock=clock)
