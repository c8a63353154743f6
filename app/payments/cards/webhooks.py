"""The door the card gateway knocks on."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, request

from app.core.clock import SYSTEM_CLOCK
from app.core.routes import signed_otherwise
from app.payments.cards import events, services

bp = Blueprint("card_events", __name__)


@bp.post("/webhooks/stripe")
@signed_otherwise
def stripe_event() -> Response:
    """An event: proven on its raw bytes, stored once, handled at once when possible; 2xx as soon as it is stored."""
    raw = request.get_data()
    events.verify(
        raw,
        request.headers.get("Stripe-Signature", ""),
        secret=current_app.config["CHOPHIEN"].stripe_webhook_secret,
        now=SYSTEM_CLOCK.now(),
    )
    event_row_id = services.take_in(raw, events.read(raw), clock=SYSTEM_CLOCK)
    services.try_to_handle(event_row_id, clock=SYSTEM_CLOCK)
    return jsonify(received=True)
