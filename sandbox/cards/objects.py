"""Gateway objects (payment intents, charges, refunds, events) as JSON in the sandbox's store."""

from __future__ import annotations

import json
import operator
import secrets
import sqlite3
from typing import Any

from sandbox.cards.errors import GatewayError, not_found
from sandbox.signing import compact_json

COMPARE = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
TITLES = {"payment_intent": "payment_intent", "charge": "charge", "refund": "refund", "event": "event"}


def new_id(prefix: str) -> str:
    """An id in Stripe's manner: prefix, underscore, 24 characters."""
    return f"{prefix}_{secrets.token_hex(12)}"


def save(db: sqlite3.Connection, kind: str, body: dict[str, Any], *, parent: str | None = None) -> None:
    """Insert or replace one object by its `id`."""
    db.execute(
        "INSERT INTO card_objects (id, kind, parent, body) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        (body["id"], kind, parent, compact_json(body)),
    )


def load(db: sqlite3.Connection, kind: str, object_id: str, *, param: str = "id") -> dict[str, Any]:
    """One object.

    Raises:
        GatewayError: 404, there is none of that kind with this id.
    """
    row = db.execute("SELECT body FROM card_objects WHERE id = ? AND kind = ?", (object_id, kind)).fetchone()
    if row is None:
        raise not_found(TITLES.get(kind, kind), object_id, param)
    found: dict[str, Any] = json.loads(row["body"])
    return found


def children(db: sqlite3.Connection, kind: str, parent: str) -> list[dict[str, Any]]:
    """The objects of `kind` under `parent`, oldest first."""
    rows = db.execute("SELECT body FROM card_objects WHERE kind = ? AND parent = ? ORDER BY seq", (kind, parent))
    return [json.loads(row["body"]) for row in rows]


def _limit(params: dict[str, Any]) -> int:
    text = str(params.get("limit", "10"))
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise GatewayError("Invalid limit: must be between 1 and 100", param="limit")
    return int(text)


def _created_matches(created: int, wanted: Any) -> bool:
    conditions = wanted if isinstance(wanted, dict) else {"gte": wanted, "lte": wanted}
    try:
        return all(COMPARE[name](created, int(value)) for name, value in conditions.items())
    except (KeyError, TypeError, ValueError) as error:
        raise GatewayError("Invalid created", param="created") from error


def list_page(
    db: sqlite3.Connection,
    kind: str,
    params: dict[str, Any],
    *,
    url: str,
    equal: dict[str, list[str]],
    parent: str | None = None,
) -> dict[str, Any]:
    """Stripe's list object, newest first, with `limit`, `starting_after`, `ending_before`, `created`.

    `equal` names fields that must have one of the given values; an empty list lets everything pass. With a `parent`
    only what is under it.
    """
    limit = _limit(params)
    bounds = {"low": 0, "high": 2**62}
    for name, side in (("starting_after", "high"), ("ending_before", "low")):
        if params.get(name):
            row = db.execute("SELECT seq FROM card_objects WHERE id = ? AND kind = ?", (params[name], kind)).fetchone()
            if row is None:
                raise not_found(kind, str(params[name]), name)
            bounds[side] = row["seq"]
    backwards = bool(params.get("ending_before"))
    rows = db.execute(
        "SELECT body FROM card_objects WHERE kind = ? AND seq > ? AND seq < ? AND (? IS NULL OR parent = ?)"
        " ORDER BY seq * ?",
        (kind, bounds["low"], bounds["high"], parent, parent, 1 if backwards else -1),
    )
    data: list[dict[str, Any]] = []
    has_more = False
    for row in rows:
        body = json.loads(row["body"])
        if any(allowed and body.get(field) not in allowed for field, allowed in equal.items()):
            continue
        if params.get("created") is not None and not _created_matches(body["created"], params["created"]):
            continue
        if len(data) == limit:
            has_more = True
            break
        data.append(body)
    return {"object": "list", "url": url, "has_more": has_more, "data": data[::-1] if backwards else data}
