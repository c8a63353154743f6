"""What the sound page hears: each arrival of the shop's payee once, in order, and in words for the ear.

Arrivals are numbered per payee without gaps, and a number becomes visible only after all before it; so "everything
after n" never misses one and never gives one twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock, in_vietnam
from app.core.database import db
from app.core.words import vnd_in_words
from app.market.catalogue.errors import ShopMissing
from app.market.catalogue.models import Shop
from app.payments.payees.models import Payee
from app.payments.requests import queries as requests
from app.payments.requests.models import Arrival

PER_POLL = 50
SHOWN = 20


@dataclass(frozen=True)
class Ear:
    """Whose money is listened to, and how far it has come.

    Attributes:
        key: names the ear on a phone; the shop's public code.
        last_seq: number of the latest arrival, 0 before the first.
        total_vnd: what arrived since midnight in Vietnam, in đồng.
    """

    payee_id: UUID
    key: str
    last_seq: int
    total_vnd: int


def ear_of(household_id: UUID | None, *, clock: Clock) -> Ear:
    """The household's shop as a payee: one query by keys, and all that a poll without news asks of the database.

    Raises:
        ShopMissing: the household has no shop.
    """
    midnight = in_vietnam(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    total = (
        sa.select(sa.func.coalesce(sa.func.sum(Arrival.amount_vnd), 0))
        .where(Arrival.payee_id == Payee.id, Arrival.created_at >= midnight)
        .scalar_subquery()
    )
    row = db.session.execute(
        sa.select(Payee.id, Shop.code, Payee.arrival_seq, total)
        .join(Shop, Shop.payee_id == Payee.id)
        .where(Shop.household_id == household_id)
    ).one_or_none()
    if row is None:
        raise ShopMissing()
    payee_id, key, last_seq, total_vnd = row
    return Ear(payee_id, key, last_seq, int(total_vnd))


def news(ear: Ear, since: int) -> dict[str, Any]:
    """What arrived after number `since`, oldest first, at most 50 at once: the answer `sound.js` waits for.

    Ask on from `last_seq`. It is below `since` only when the books were begun anew, so the listener starts over.
    """
    found = requests.arrivals_since(ear.payee_id, since, limit=PER_POLL) if ear.last_seq > since else []
    return {
        "items": [item(arrival) for arrival in found],
        "last_seq": found[-1].seq if found else ear.last_seq,
        "total_vnd": ear.total_vnd,
    }


def item(arrival: Arrival) -> dict[str, Any]:
    """One arrival as JSON."""
    return {
        "seq": arrival.seq,
        "amount_vnd": arrival.amount_vnd,
        "words": words(arrival.amount_vnd, in_full=arrival.in_full),
        "label": arrival.label,
        "at": arrival.created_at.isoformat(),
    }


def words(amount_vnd: int, *, in_full: bool) -> str:
    """What is said aloud. Never translated: a Vietnamese voice reads it at a Vietnamese stall."""
    said = vnd_in_words(amount_vnd)
    return f"Đã nhận {said}" if in_full else f"Mới nhận {said}, chưa đủ tiền"


def today(ear: Ear, *, clock: Clock) -> list[dict[str, Any]]:
    """Today's latest arrivals up to `ear.last_seq`, newest first, as the page shows them before it listens."""
    day = in_vietnam(clock.now()).date()
    latest = requests.arrivals_since(ear.payee_id, max(0, ear.last_seq - SHOWN), limit=SHOWN)
    return [
        {
            "amount_vnd": arrival.amount_vnd,
            "label": arrival.label,
            "at_words": in_vietnam(arrival.created_at).strftime("%H:%M"),
            "in_full": arrival.in_full,
        }
        for arrival in reversed(latest)
        if arrival.seq <= ear.last_seq and in_vietnam(arrival.created_at).date() == day
    ]
