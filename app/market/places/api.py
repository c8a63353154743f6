"""Stalls over the API: reading for everybody, asking for the stall's household."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_smorest import Blueprint

from app.core.api import ProblemSchema
from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import PROBLEM_TYPE
from app.core.idempotency import idempotency_key, idempotent
from app.core.routes import open_to_all
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.requests import views as request_views
from app.payments.requests.schemas import PaymentRequestSchema

from . import queries, services, views
from .schemas import AskSchema, StallSchema

blp = Blueprint("stalls_api", __name__, url_prefix="/api/v1", description="Stalls in cashless markets.")


@blp.route("/stalls/<code>")
@open_to_all
@blp.response(200, StallSchema)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show_stall(code: str) -> dict[str, Any]:
    """A stall: what its sticker must say, so that a pasted-over one can be told."""
    return views.present(queries.stall_by_code(normalise(code)), public_url=current_app.config["CHOPHIEN"].public_url)


@blp.route("/stalls/<code>/payment-requests", methods=["POST"])
@requires(Role.HOUSEHOLD)
@idempotent
@blp.arguments(AskSchema)
@blp.response(201, PaymentRequestSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(422, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def ask_amount(data: dict[str, Any], code: str) -> dict[str, Any]:
    """Ask the buyer at one's own stall for an amount; the request waits 15 minutes."""
    request = services.ask_amount(
        actor=current_actor(),
        stall_id=queries.stall_by_code(normalise(code)).id,
        amount_vnd=data["amount_vnd"],
        idempotency_key=idempotency_key(),
        clock=SYSTEM_CLOCK,
    )
    return request_views.present(request)
