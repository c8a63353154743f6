"""Stripe's Checkout sessions. Amounts are whole đồng."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import stripe

from app.payments.cards.gateway import (
    CLOCK_SKEW,
    CURRENCY,
    GatewayRefused,
    NewSession,
    SessionWord,
    Translated,
    UnreadableIntent,
    as_uuid,
    read_intent,
)

STATUSES = frozenset({"open", "complete", "expired"})


class StripeSessions:
    """Stripe, or what is shaped like it."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def create(self, new: NewSession) -> SessionWord:
        """`POST /v1/checkout/sessions`; the key is made from our row's id."""
        marks = {"card_payment": str(new.payment_id), "request": new.code}
        product = {"name": new.label or new.code}
        price = {"currency": CURRENCY, "unit_amount": new.amount_vnd, "product_data": product}
        wanted: dict[str, Any] = {
            "mode": "payment",
            "payment_method_types": ["card"],
            "line_items": [{"quantity": 1, "price_data": price}],
            "client_reference_id": new.code,
            "metadata": marks,
            "payment_intent_data": {
                "metadata": marks,
                "description": new.code,
                "capture_method": "manual" if new.capture_later else "automatic",
            },
            "success_url": new.success_url,
            "cancel_url": new.cancel_url,
            "expires_at": int(new.until.timestamp()),
            "locale": new.locale,
        }
        with Translated():
            made = self._client.v1.checkout.sessions.create(
                wanted,  # type: ignore[arg-type]
                {"idempotency_key": f"card-checkout-{new.payment_id}"},
            )
        return read_session(made.to_dict())

    def retrieve(self, session_id: str) -> SessionWord:
        """`GET /v1/checkout/sessions/{id}` with its intent and charge."""
        with Translated():
            found = self._client.v1.checkout.sessions.retrieve(
                session_id, {"expand": ["payment_intent", "payment_intent.latest_charge"]}
            )
        return read_session(found.to_dict())

    def expire(self, session_id: str) -> SessionWord:
        """`POST /v1/checkout/sessions/{id}/expire`, repeatable: a session that is over is shown as it is."""
        try:
            with Translated():
                return read_session(self._client.v1.checkout.sessions.expire(session_id).to_dict())
        except GatewayRefused:
            return self.retrieve(session_id)

    def find(self, *, payment_id: UUID, made_at: datetime) -> SessionWord | None:
        """Walk `GET /v1/checkout/sessions` back to when we asked."""
        since = int((made_at - CLOCK_SKEW).timestamp())
        with Translated():
            page = self._client.v1.checkout.sessions.list({"limit": 100, "created": {"gte": since}})
            for item in page.auto_paging_iter():
                found = item.to_dict()
                if (found.get("metadata") or {}).get("card_payment") == str(payment_id):
                    return read_session(found)
        return None


def read_session(told: Mapping[str, Any]) -> SessionWord:
    """A checkout session from the gateway's JSON, in an answer or an event.

    Raises:
        UnreadableIntent: not shaped as documented, not in đồng, or paid without an intent.
    """
    try:
        session_id, status, amount = told["id"], told["status"], told["amount_total"]
        intent, url, metadata = told.get("payment_intent"), told.get("url"), told.get("metadata") or {}
        if not isinstance(session_id, str) or status not in STATUSES or told["currency"] != CURRENCY:
            raise UnreadableIntent("id, status or currency")
        if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
            raise UnreadableIntent("amount")
        whole = read_intent(intent) if isinstance(intent, Mapping) else None
        intent_id = whole.id if whole else intent
        is_paid = told["payment_status"] == "paid"
        if is_paid and not isinstance(intent_id, str):
            raise UnreadableIntent("paid without an intent")
        return SessionWord(
            id=session_id,
            status=status,
            is_paid=is_paid,
            amount_vnd=amount,
            url=url if isinstance(url, str) else None,
            intent_id=intent_id if isinstance(intent_id, str) else None,
            intent=whole,
            payment_id=as_uuid(metadata.get("card_payment")),
        )
    except (KeyError, TypeError, AttributeError) as broken:
        raise UnreadableIntent(type(broken).__name__) from None
