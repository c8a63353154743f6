"""Payment intents: from asked to succeeded, refused or cancelled. Amounts are whole đồng.

Each function runs inside the caller's write transaction and returns (HTTP status, body): a declined card is an answer
that stays on record, not a mistake to roll back.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from sandbox.cards import balance, forms
from sandbox.cards.errors import GatewayError, missing
from sandbox.cards.events import Origin, emit
from sandbox.cards.numbers import ASKS, SUCCEEDS, TEST_METHODS, Card, chosen_card
from sandbox.cards.objects import load, new_id, save
from sandbox.settings import is_loopback_url

Answer = tuple[int, dict[str, Any]]
# Told of an intent that was paid or held, in the same transaction: a checkout session ends with it.
ON_PAID: list[Callable[[sqlite3.Connection, dict[str, Any], Origin], None]] = []

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
DECLINES = {
    "generic_decline": ("card_declined", "Your card was declined."),
    "insufficient_funds": ("card_declined", "Your card has insufficient funds."),
    "test_mode_live_card": (
        "card_declined",
        "Your card was declined. Your request was in test mode, but used a non test card.",
    ),
}
AUTHENTICATION_FAILED = (
    "payment_intent_authentication_failure",
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)


def create(db: sqlite3.Connection, params: dict[str, Any], origin: Origin, base_url: str) -> Answer:
    """`POST /v1/payment_intents`; with `confirm=true` it is confirmed in the same step."""
    amount = forms.amount_vnd(params)
    currency = params.get("currency")
    if not currency:
        raise missing("currency")
    if str(currency).lower() != "vnd":
        raise GatewayError(f"Invalid currency: {currency}. This gateway only takes vnd.", param="currency")
    capture_method = params.get("capture_method", "automatic")
    if capture_method not in ("automatic", "automatic_async", "manual"):
        raise GatewayError(f"Invalid capture_method: {capture_method}", param="capture_method")
    intent_id = new_id("pi")
    intent: dict[str, Any] = {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": capture_method,
        "client_secret": f"{intent_id}_secret_{secrets.token_urlsafe(18)}",
        "confirmation_method": "automatic",
        "created": int(time.time()),
        "currency": "vnd",
        "customer": None,
        "description": params.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": forms.metadata(params),
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "receipt_email": params.get("receipt_email"),
        "statement_descriptor": params.get("statement_descriptor"),
        "status": "requires_payment_method",
    }
    if params.get("payment_method"):
        chosen_card(params)
        intent |= {"payment_method": params["payment_method"], "status": "requires_confirmation"}
    save(db, "payment_intent", intent)
    emit(db, "payment_intent.created", intent, origin)
    if params.get("confirm") == "true":
        return confirm(db, intent_id, params, origin, base_url)
    return 200, intent


def _unexpected_state(intent: dict[str, Any], verb: str) -> GatewayError:
    return GatewayError(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        extra={"payment_intent": intent},
    )


def _charge(
    db: sqlite3.Connection, intent: dict[str, Any], card: Card, failure: tuple[str, str] | None
) -> dict[str, Any]:
    captured = failure is None and intent["capture_method"] != "manual"
    charge = {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if captured else 0,
        "amount_refunded": 0,
        "balance_transaction": new_id("txn") if captured else None,
        "captured": captured,
        "created": int(time.time()),
        "currency": "vnd",
        "description": intent["description"],
        "disputed": False,
        "failure_code": failure[0] if failure else None,
        "failure_message": failure[1] if failure else None,
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": failure is None,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": {"type": "card", "card": {"brand": card.brand, "last4": card.last4}},
        "refunded": False,
        "status": "failed" if failure else "succeeded",
    }
    save(db, "charge", charge, parent=intent["id"])
    intent["latest_charge"] = charge["id"]
    return charge


def _succeed(db: sqlite3.Connection, intent: dict[str, Any], card: Card, origin: Origin) -> Answer:
    charge = _charge(db, intent, card, None)
    intent |= {"next_action": None, "last_payment_error": None}
    if charge["captured"]:
        balance.note_charge(db, charge)
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    else:
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
    save(db, "payment_intent", intent)
    emit(db, "charge.succeeded", charge, origin)
    told = "succeeded" if charge["captured"] else "amount_capturable_updated"
    emit(db, f"payment_intent.{told}", intent, origin)
    for hear in ON_PAID:
        hear(db, intent, origin)
    return 200, intent


def capture(db: sqlite3.Connection, intent_id: str, params: dict[str, Any], origin: Origin) -> Answer:
    """`POST /v1/payment_intents/{id}/capture`: take what is held, or a part of it; the rest is let go.

    Raises:
        GatewayError: 400, nothing is held, or less than that.
    """
    intent = load(db, "payment_intent", intent_id)
    if intent["status"] != "requires_capture":
        raise _unexpected_state(intent, "capture")
    amount = forms.amount_vnd({"amount": params.get("amount_to_capture")}, default=intent["amount_capturable"])
    if amount > intent["amount_capturable"]:
        raise GatewayError("The amount to capture is more than what is held.", param="amount_to_capture")
    charge = load(db, "charge", intent["latest_charge"])
    charge |= {"captured": True, "amount_captured": amount, "balance_transaction": new_id("txn")}
    intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
    save(db, "charge", charge)
    save(db, "payment_intent", intent)
    balance.note_charge(db, charge)
    emit(db, "charge.captured", charge, origin)
    emit(db, "payment_intent.succeeded", intent, origin)
    return 200, intent


def _fail(
    db: sqlite3.Connection,
    intent: dict[str, Any],
    card: Card,
    failure: tuple[str, str],
    *,
    origin: Origin,
    decline: str | None,
) -> Answer:
    charge = _charge(db, intent, card, failure)
    error = {"type": "card_error", "code": failure[0], "message": failure[1], "charge": charge["id"]}
    if decline:
        error["decline_code"] = decline
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": dict(error),
    }
    save(db, "payment_intent", intent)
    emit(db, "charge.failed", charge, origin)
    emit(db, "payment_intent.payment_failed", intent, origin)
    return 402, {"error": error | {"payment_intent": intent}}


def _ask(
    db: sqlite3.Connection, intent: dict[str, Any], card: Card, *, return_url: Any, origin: Origin, base_url: str
) -> Answer:
    if not isinstance(return_url, str) or not return_url:
        raise missing("return_url")
    if not is_loopback_url(return_url):
        raise GatewayError("return_url must be on this machine.", code="url_invalid", param="return_url")
    token = new_id("tds")
    asked = {"id": token, "intent": intent["id"], "return_url": return_url, "brand": card.brand, "last4": card.last4}
    save(db, "three_d_secure", asked, parent=intent["id"])
    intent |= {
        "status": "requires_action",
        "last_payment_error": None,
        "next_action": {
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": return_url, "url": f"{base_url}/3ds/{token}"},
        },
    }
    save(db, "payment_intent", intent)
    emit(db, "payment_intent.requires_action", intent, origin)
    return 200, intent


def confirm(db: sqlite3.Connection, intent_id: str, params: dict[str, Any], origin: Origin, base_url: str) -> Answer:
    """`POST /v1/payment_intents/{id}/confirm`: charge the card, ask its holder, or decline."""
    intent = load(db, "payment_intent", intent_id)
    if intent["status"] not in CONFIRMABLE:
        raise _unexpected_state(intent, "confirm")
    card = chosen_card(params)
    if card is None and intent["payment_method"] in TEST_METHODS:
        card = chosen_card({"payment_method": intent["payment_method"]})
    if card is None:
        raise missing("payment_method")
    intent["payment_method"] = params.get("payment_method") or intent["payment_method"] or new_id("pm")
    if card.behaviour == SUCCEEDS:
        return _succeed(db, intent, card, origin)
    if card.behaviour == ASKS:
        return _ask(db, intent, card, return_url=params.get("return_url"), origin=origin, base_url=base_url)
    return _fail(db, intent, card, DECLINES[card.behaviour], origin=origin, decline=card.behaviour)


def cancel(db: sqlite3.Connection, intent_id: str, params: dict[str, Any], origin: Origin) -> Answer:
    """`POST /v1/payment_intents/{id}/cancel`: possible until it has succeeded; what is held is let go."""
    intent = load(db, "payment_intent", intent_id)
    if intent["status"] not in (*CONFIRMABLE, "requires_capture"):
        raise _unexpected_state(intent, "cancel")
    intent |= {
        "status": "canceled",
        "amount_capturable": 0,
        "canceled_at": int(time.time()),
        "cancellation_reason": params.get("cancellation_reason"),
        "next_action": None,
    }
    save(db, "payment_intent", intent)
    emit(db, "payment_intent.canceled", intent, origin)
    return 200, intent


def open_question(db: sqlite3.Connection, token: str) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """(what the holder was asked, its intent, whether the answer is still awaited).

    Raises:
        GatewayError: 404, no such question.
    """
    asked = load(db, "three_d_secure", token)
    intent = load(db, "payment_intent", asked["intent"])
    action = intent["next_action"] or {}
    url = action.get("redirect_to_url", {}).get("url", "")
    return asked, intent, intent["status"] == "requires_action" and url.endswith(f"/{token}")


def answer_question(db: sqlite3.Connection, token: str, *, agreed: bool) -> tuple[str, dict[str, Any]]:
    """The holder's answer at the 3-D Secure page; returns (return_url, intent). A second answer changes nothing."""
    asked, intent, awaited = open_question(db, token)
    if awaited:
        card = Card(asked["brand"], asked["last4"], ASKS)
        if agreed:
            _succeed(db, intent, card, Origin())
        else:
            _fail(db, intent, card, AUTHENTICATION_FAILED, origin=Origin(), decline=None)
    return asked["return_url"], intent
