"""Orders over the API, for guests too."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.api import ProblemSchema
from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import PROBLEM_TYPE
from app.core.idempotency import idempotency_key, idempotent
from app.core.routes import open_to_all
from app.payments.cards import gateway
from app.payments.cards import services as cards
from app.payments.requests.models import Method

from . import queries, services, views
from .schemas import CheckoutSchema, NewOrder, NewOrderSchema

blp = Blueprint("orders_api", __name__, url_prefix="/api/v1", description="Orders from one or more shops.")


@blp.route("/orders", methods=["POST"])
@open_to_all
@idempotent
@blp.arguments(NewOrderSchema)
@blp.response(201, CheckoutSchema)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(422, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def place_order(data: NewOrder) -> dict[str, Any]:
    """Order: stock is held for 30 minutes, and each shop asks to be paid. `code` opens the order again."""
    checkout = services.place_order(
        buyer=current_actor(),
        contact=data.contact,
        delivery_address=data.delivery_address,
        lines=data.lines,
        method=data.method,
        idempotency_key=idempotency_key(),
        clock=SYSTEM_CLOCK,
    )
    code = checkout.code
    secrets = _card_secrets(code)
    return views.present(queries.by_code(code), card_secrets=secrets)


@blp.route("/orders/<code>")
@open_to_all
@blp.response(200, CheckoutSchema)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show_order(code: str) -> dict[str, Any]:
    """An order by its code, the contact masked."""
    return views.present(queries.by_code(normalise(code)))


def _card_secrets(code: str) -> dict[UUID, str]:
    """Have the card gateway ready for what is paid by card; the pay page asks again for what it leaves unanswered."""
    by_card = [asked.id for asked in views.requests_of(queries.by_code(code)) if asked.method == Method.CARD]
    return cards.ensure_intents(by_card, gateway=gateway.current(), clock=SYSTEM_CLOCK) if by_card else {}
