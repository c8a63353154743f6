"""What the sound page hears: each arrival of the shop's payee once, in order, and in words for the ear.

Arrivals are numbered per payee without gaps, and a number becomes visible only after all before it; so "everything
after n" never misses one and never gives one twice.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.core.clock import Clock, in_vietnam
from app.core.words import vnd_in_words
from app.market.catalogue import queries as catalogue
from app.market.catalogue.errors import ShopMissing
from app.payments.requests import queries as requests
from app.payments.requests.models import Arrival
from app.payments.requests.queries import Heard

PER_POLL = 50
SHOWN = 20


def ear_of(household_id: UUID | None, *, clock: Clock) -> Heard:
    """The household's shop as a payee: one query by keys, and all that a poll without news asks of the database.

    Raises:
        ShopMissing: the household has no shop.
    """
    found = requests.heard_so_far(catalogue.payee_and_code(household_id), clock=clock)
    if not found:
        raise ShopMissing()
    return found[0]


def news(ear: Heard, since: int) -> dict[str, Any]:
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


def today(ear: Heard, *, clock: Clock) -> list[dict[str, Any]]:
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
