"""Has the card gateway ready for a gift, after the gift's own transaction: the one place where gifts and cards meet."""

from __future__ import annotations

from app.core.clock import Clock
from app.payments.cards import gateway, services
from app.payments.requests.models import Method

from . import views
from .models import Gift


def client_secret(gift: Gift, *, clock: Clock) -> str | None:
    """What the browser's card form needs; None for a transfer, or while the gateway gives no answer."""
    if gift.method != Method.CARD:
        return None
    return services.ensure_intent(views.request_of(gift).id, gateway=gateway.current(), clock=clock)
