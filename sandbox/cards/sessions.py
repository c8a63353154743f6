"""Checkout sessions: a page of the gateway on which one amount is paid, until it is done or its time has passed.

As at Stripe, the payment intent is made when the buyer first pays, and the session's `payment_intent` is null before.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from sandbox.cards import forms, intents
from sandbox.cards.errors import GatewayError, missing
from sandbox.cards.events import Origin, emit
from sandbox.cards.objects import list_page, load, new_id, save
from sandbox.settings import is_loopback_url

KIND = "checkout_session"
SHORTEST_S, LONGEST_S = 30 * 60, 24 * 3600
# Not shown: what the payment intent is made of.
INNER = "_payment_intent_data"


def create(db: sqlite3.Connection, params: dict[str, Any], origin: Origin, base_url: str) -> intents.Answer:
    """`POST /v1/checkout/sessions`, `mode=payment` only.

    Raises:
        GatewayError: 400, something is missing, not in đồng, not on this machine, or ends too soon or too late.
    """
    if params.get("mode") != "payment":
        raise GatewayError("This gateway only knows mode=payment.", param="mode")
    for name in ("success_url", "cancel_url"):
        if not is_loopback_url(str(params.get(name, ""))):
            raise GatewayError(f"{name} must be on this machine.", code="url_invalid", param=name)
    inner = params.get("payment_intent_data") or {}
    session_id, now = new_id("cs_test"), int(time.time())
    session: dict[str, Any] = {
        "id": session_id,
        "object": "checkout.session",
        "amount_total": _total(params),
        "cancel_url": params["cancel_url"],
        "client_reference_id": params.get("client_reference_id"),
        "created": now,
        "currency": "vnd",
        "expires_at": _ends(params, now),
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": forms.metadata(params),
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": params["success_url"],
        "url": f"{base_url}/checkout/{session_id}",
        INNER: {
            "metadata": forms.metadata(inner),
            "capture_method": str(inner.get("capture_method", "automatic")),
            "description": inner.get("description"),
        },
    }
    save(db, KIND, session)
    return 200, shown(session)


def _total(params: dict[str, Any]) -> int:
    items = params.get("line_items")
    if not isinstance(items, dict) or not items:
        raise missing("line_items")
    total = 0
    for item in items.values():
        price = item.get("price_data") if isinstance(item, dict) else None
        if not isinstance(price, dict) or str(price.get("currency", "")).lower() != "vnd":
            raise GatewayError("Each line needs price_data in vnd.", param="line_items")
        quantity = str(item.get("quantity", ""))
        if not quantity.isdecimal() or int(quantity) < 1:
            raise missing("line_items[quantity]")
        total += forms.amount_vnd({"amount": price.get("unit_amount")}) * int(quantity)
    return total


def _ends(params: dict[str, Any], now: int) -> int:
    text = str(params.get("expires_at", now + LONGEST_S))
    if not text.isdecimal() or not now + SHORTEST_S <= int(text) <= now + LONGEST_S:
        raise GatewayError("expires_at must be between 30 minutes and 24 hours from now.", param="expires_at")
    return int(text)


def shown(session: dict[str, Any]) -> dict[str, Any]:
    """The session as the API tells it: past its time it is expired, and only an open one has an address."""
    told = {name: value for name, value in session.items() if name != INNER}
    if told["status"] == "open" and told["expires_at"] <= time.time():
        told["status"] = "expired"
    if told["status"] != "open":
        told["url"] = None
    return told


def find(db: sqlite3.Connection, session_id: str, *, with_intent: bool) -> dict[str, Any]:
    """`GET /v1/checkout/sessions/{id}`."""
    session = shown(load(db, KIND, session_id))
    if with_intent and session["payment_intent"]:
        session["payment_intent"] = load(db, "payment_intent", session["payment_intent"])
        if session["payment_intent"]["latest_charge"]:
            session["payment_intent"]["latest_charge"] = load(db, "charge", session["payment_intent"]["latest_charge"])
    return session


def listed(db: sqlite3.Connection, params: dict[str, Any]) -> dict[str, Any]:
    """`GET /v1/checkout/sessions`."""
    equal = {"payment_intent": forms.listed(params.get("payment_intent"))}
    page = list_page(db, KIND, params, url="/v1/checkout/sessions", equal=equal)
    return page | {"data": [shown(session) for session in page["data"]]}


def expire(db: sqlite3.Connection, session_id: str, origin: Origin) -> intents.Answer:
    """`POST /v1/checkout/sessions/{id}/expire`: nobody can pay it any more.

    Raises:
        GatewayError: 400, it is not open.
    """
    session = load(db, KIND, session_id)
    if shown(session)["status"] != "open":
        raise GatewayError('Only Checkout Sessions with a status in ["open"] can be expired.')
    session["status"] = "expired"
    save(db, KIND, session)
    if session["payment_intent"]:
        intent = load(db, "payment_intent", session["payment_intent"])
        if intent["status"] in intents.CONFIRMABLE:
            intents.cancel(db, intent["id"], {"cancellation_reason": "automatic"}, origin)
    emit(db, "checkout.session.expired", shown(session), origin)
    return 200, shown(session)


def pay(db: sqlite3.Connection, session_id: str, params: dict[str, Any], base_url: str) -> intents.Answer:
    """The buyer sends a card from the gateway's page; answers the intent, or why the card was declined.

    Raises:
        GatewayError: the session is not open, or the card was typed wrongly.
    """
    session, origin = load(db, KIND, session_id), Origin()
    if shown(session)["status"] != "open":
        raise GatewayError("This session is over.")
    if session["payment_intent"] is None:
        inner = session[INNER]
        asked = {"amount": str(session["amount_total"]), "currency": "vnd"}
        asked |= {name: value for name, value in inner.items() if value}
        session["payment_intent"] = intents.create(db, asked, origin, base_url)[1]["id"]
        save(db, KIND, session)
    way_back = {"return_url": f"{base_url}/checkout/{session_id}/xong"}
    return intents.confirm(db, session["payment_intent"], params | way_back, origin, base_url)


def _complete(db: sqlite3.Connection, intent: dict[str, Any], origin: Origin) -> None:
    row = db.execute(
        "SELECT id FROM card_objects WHERE kind = ? AND json_extract(body, '$.payment_intent') = ?",
        (KIND, intent["id"]),
    ).fetchone()
    if row is None:
        return
    session = load(db, KIND, row["id"])
    paid = intent["status"] == "succeeded"
    session |= {"status": "complete", "payment_status": "paid" if paid else "unpaid"}
    save(db, KIND, session)
    emit(db, "checkout.session.completed", shown(session), origin)


intents.ON_PAID.append(_complete)
