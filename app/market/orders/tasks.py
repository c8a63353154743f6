"""Jobs of orders."""

from __future__ import annotations

from uuid import UUID

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job

from . import services


@job(name="orders.tell_seller")
def tell_seller(order_id: str) -> None:
    """Have the seller told of a paid order."""
    services.tell_seller(order_id=UUID(order_id), clock=SYSTEM_CLOCK)
