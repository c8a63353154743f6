"""Events of the gateway: proven on their raw bytes, then read. No database here.

Source: Stripe's webhook documentation: `Stripe-Signature: t=<Unix seconds>,v1=<HMAC-SHA256 of "{t}.{raw body}">`.
The SDK's own check takes any moment in the future and stumbles over bytes that are no text, so it is not used.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.payments.cards.errors import BadSignature, UnreadableEvent

TOLERANCE_S = 300
MAX_ID_LENGTH = 255
SUCCEEDED = "payment_intent.succeeded"
DECLINED = "payment_intent.payment_failed"
CANCELLED = "payment_intent.canceled"
HELD = "payment_intent.amount_capturable_updated"
SESSIONS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    }
)


@dataclass(frozen=True)
class Told:
    """The envelope of an event; `event_at` is when it happened at the gateway."""

    event_id: str
    type: str
    event_at: datetime


def verify(raw: bytes, header: str, *, secret: str, now: datetime) -> None:
    """Check the signature and that it was made within five minutes of now, before or after.

    Raises:
        BadSignature: it was not.
    """
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")]
    stamps = [value for name, value in pairs if name == "t"]
    offered = [value for name, value in pairs if name == "v1"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit()) or len(stamps[0]) > 12 or not offered:
        raise BadSignature("header")
    expected = hmac.new(secret.encode(), stamps[0].encode() + b"." + raw, "sha256").hexdigest()
    if not any(hmac.compare_digest(expected.encode(), value.encode()) for value in offered):
        raise BadSignature("signature")
    if abs(now.timestamp() - int(stamps[0])) > TOLERANCE_S:
        raise BadSignature("timestamp")


def read(raw: bytes) -> Told:
    """The envelope of a verified body.

    Raises:
        UnreadableEvent: it is not UTF-8, not JSON, or no event.
    """
    body = _json(raw)
    event_id, kind, created = body.get("id"), body.get("type"), body.get("created")
    for name, value in (("id", event_id), ("type", kind)):
        if not isinstance(value, str) or not value or len(value) > MAX_ID_LENGTH:
            raise UnreadableEvent(name)
    if isinstance(created, bool) or not isinstance(created, int) or not 0 < created < 10**11:
        raise UnreadableEvent("created")
    return Told(event_id=str(event_id), type=str(kind), event_at=datetime.fromtimestamp(created, UTC))


def subject(raw: bytes) -> Mapping[str, Any]:
    """What a verified event is about: its `data.object`.

    Raises:
        UnreadableEvent: there is none.
    """
    data = _json(raw).get("data")
    about = data.get("object") if isinstance(data, dict) else None
    if not isinstance(about, dict):
        raise UnreadableEvent("data")
    return about


def _json(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw.decode())
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise UnreadableEvent("json") from None
    if not isinstance(body, dict):
        raise UnreadableEvent("json")
    return body
