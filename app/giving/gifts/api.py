"""Gifts over the API, for guests too."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.core.api import ProblemSchema
from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.errors import PROBLEM_TYPE
from app.core.idempotency import idempotency_key, idempotent
from app.core.routes import open_to_all

from . import cards, queries, services, views
from .schemas import AskedGiftSchema, GiftSchema, NewGift, NewGiftSchema

blp = Blueprint("gifts_api", __name__, url_prefix="/api/v1", description="Gifts to households that need help.")


@blp.route("/gifts", methods=["POST"])
@open_to_all
@idempotent
@blp.arguments(NewGiftSchema)
@blp.response(201, AskedGiftSchema)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(422, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def give(data: NewGift) -> dict[str, Any]:
    """Give to a household: it waits seven days for the money. `code` opens the gift and its receipt."""
    gift = services.give(
        household_code=data.household_code,
        amount_vnd=data.amount_vnd,
        donor_name=data.donor.name if data.donor else None,
        message=data.message,
        method=data.method,
        idempotency_key=idempotency_key(),
        clock=SYSTEM_CLOCK,
    )
    return views.present(gift, card_client_secret=cards.client_secret(gift, clock=SYSTEM_CLOCK))


@blp.route("/gifts/<code>")
@open_to_all
@blp.response(200, GiftSchema)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show_gift(code: str) -> dict[str, Any]:
    """A gift by its code, with the receipt anybody can check once it is in the public log. Holds no name."""
    return views.present(queries.by_code(normalise(code)))
