"""Keeping and finding text messages."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from sandbox.store import Store

PAGE_SIZE = 100


class ReusedKeyError(ValueError):
    """The idempotency key was used before with another message."""


def same_number(number: str) -> str:
    """One spelling per Vietnamese number: digits only, a leading 84 becomes 0."""
    digits = re.sub(r"[^0-9]", "", number)
    return "0" + digits[2:] if digits.startswith("84") and len(digits) >= 11 else digits


def receive(store: Store, *, to: str, text: str, idempotency_key: str | None) -> str:
    """Keep one message and return its id; the same key with the same message returns the first id.

    Raises:
        ReusedKeyError: the same key came with another number or text.
    """
    recipient = same_number(to)
    with store.write() as db:
        if idempotency_key:
            earlier = db.execute("SELECT * FROM sms WHERE idempotency_key = ?", (idempotency_key,)).fetchone()
            if earlier is not None:
                if (earlier["recipient"], earlier["text"]) != (recipient, text):
                    raise ReusedKeyError(idempotency_key)
                return str(earlier["id"])
        message_id = f"sms_{secrets.token_hex(8)}"
        db.execute(
            "INSERT INTO sms (id, recipient, text, idempotency_key, received_at) VALUES (?, ?, ?, ?, ?)",
            (message_id, recipient, text, idempotency_key or None, time.time()),
        )
    return message_id


def messages(store: Store, *, to: str = "", limit: int = PAGE_SIZE) -> list[dict[str, Any]]:
    """The newest messages first; with `to`, only those to that number (0…, 84… and +84… are the same)."""
    with store.read() as db:
        if to:
            rows = db.execute(
                "SELECT * FROM sms WHERE recipient = ? ORDER BY seq DESC LIMIT ?", (same_number(to), limit)
            )
        else:
            rows = db.execute("SELECT * FROM sms ORDER BY seq DESC LIMIT ?", (limit,))
        return [
            {"id": row["id"], "to": row["recipient"], "text": row["text"], "received_at": row["received_at"]}
            for row in rows
        ]
