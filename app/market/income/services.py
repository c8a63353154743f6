"""Use cases: an officer takes a seller's statement of a year."""

from __future__ import annotations

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.database import transaction
from app.market.catalogue.models import Shop


def note_taken(shop: Shop, year: int, *, actor: Actor, clock: Clock) -> None:
    """Write down that somebody of the office took a seller's statement, which names the seller."""
    with transaction():
        audit.record(
            "income.statement_taken",
            actor=actor,
            subject_kind="shop",
            subject_id=shop.id,
            clock=clock,
            year=year,
        )
