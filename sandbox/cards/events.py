"""Events: written beside the change they tell of, and posted to the platform through the outbox."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from sandbox.cards.objects import new_id, save
from sandbox.outbox import enqueue
from sandbox.signing import compact_json

API_VERSION = "2026-10-28.endive"
POSTED = frozenset(
    {
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.canceled",
        "payment_intent.requires_action",
        "payment_intent.amount_capturable_updated",
        "checkout.session.completed",
        "checkout.session.expired",
        "charge.refunded",
        "refund.created",
        "payout.created",
        "payout.paid",
        "payout.failed",
    }
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The API request that caused an event; both None when a person at the 3-D Secure page did."""

    request_id: str | None = None
    idempotency_key: str | None = None


def emit(db: sqlite3.Connection, kind: str, about: dict[str, Any], origin: Origin) -> None:
    """Record event `kind` with a snapshot of `about`, inside the transaction that changed it."""
    posted = kind in POSTED
    event = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": int(time.time()),
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": int(posted),
        "request": {"id": origin.request_id, "idempotency_key": origin.idempotency_key},
        "type": kind,
    }
    save(db, "event", event)
    if posted:
        body = compact_json(event).encode()
        enqueue(db, subject=f"event:{event['id']}", delivery=1, wire="stripe", body=body)
