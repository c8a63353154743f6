"""Refunds: never more than was charged. Amounts are whole đồng."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from sandbox.cards import balance, forms
from sandbox.cards.errors import GatewayError, missing
from sandbox.cards.events import Origin, emit
from sandbox.cards.intents import Answer
from sandbox.cards.objects import load, new_id, save

REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def _charge_of(db: sqlite3.Connection, params: dict[str, Any]) -> dict[str, Any]:
    if params.get("charge"):
        return load(db, "charge", str(params["charge"]), param="charge")
    if not params.get("payment_intent"):
        raise missing("payment_intent")
    intent = load(db, "payment_intent", str(params["payment_intent"]), param="payment_intent")
    if intent["status"] != "succeeded":
        raise GatewayError(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
        )
    return load(db, "charge", intent["latest_charge"])


def create(db: sqlite3.Connection, params: dict[str, Any], origin: Origin) -> Answer:
    """`POST /v1/refunds` for a `payment_intent` or `charge`; without `amount`, all that is left.

    Raises:
        GatewayError: 400, nothing was charged, all is refunded already, or more than what is left is asked for.
    """
    charge = _charge_of(db, params)
    if not charge["paid"]:
        raise GatewayError("This charge failed and cannot be refunded.", code="charge_not_refundable", param="charge")
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left == 0:
        raise GatewayError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = forms.amount_vnd(params, default=left)
    if amount > left:
        raise GatewayError(
            f"Refund amount (₫{amount:,}) is greater than unrefunded amount on charge (₫{left:,})", param="amount"
        )
    reason = params.get("reason")
    if reason is not None and reason not in REASONS:
        raise GatewayError(f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
    refund = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": new_id("txn"),
        "charge": charge["id"],
        "created": int(time.time()),
        "currency": "vnd",
        "metadata": forms.metadata(params),
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "succeeded",
    }
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    save(db, "refund", refund, parent=charge["id"])
    balance.note_refund(db, refund)
    save(db, "charge", charge)
    emit(db, "refund.created", refund, origin)
    emit(db, "charge.refunded", charge, origin)
    return 200, refund
