"""The state of a payment request, by its code; more time for it, and paying it out of credit."""

from __future__ import annotations

from typing import Any

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
from app.payments.requests import queries, services, views
from app.payments.requests.models import CreditUse
from app.payments.requests.schemas import CreditSchema, CreditUseSchema, ExtensionSchema, PaymentRequestSchema

blp = Blueprint("payment_requests", __name__, url_prefix="/api/v1", description="Please pay X")
_PROBLEM: dict[str, Any] = {"schema": ProblemSchema, "content_type": PROBLEM_TYPE}


@blp.get("/payment-requests/<code>")
@open_to_all
@blp.response(200, PaymentRequestSchema)
@blp.alt_response(404, **_PROBLEM)
def show(code: str) -> dict[str, Any]:
    """One payment request. Whoever knows the code may see it; it holds nothing personal."""
    return views.present(queries.by_code(normalise(code)))


@blp.post("/payment-requests/<code>/extension")
@open_to_all
@idempotent
@blp.arguments(ExtensionSchema)
@blp.response(200, PaymentRequestSchema)
@blp.alt_response(404, **_PROBLEM)
@blp.alt_response(409, **_PROBLEM)
def extend(data: dict[str, int], code: str) -> dict[str, Any]:
    """More time for an open request, at most twice. Whoever may see it may ask."""
    asked = services.extend(normalise(code), seen=data["extensions"], actor=current_actor(), clock=SYSTEM_CLOCK)
    return views.present(asked)


@blp.post("/payment-requests/<code>/credit")
@open_to_all
@idempotent
@blp.arguments(CreditSchema)
@blp.response(201, CreditUseSchema)
@blp.alt_response(401, **_PROBLEM)
@blp.alt_response(404, **_PROBLEM)
@blp.alt_response(409, **_PROBLEM)
def use_credit(data: dict[str, int], code: str) -> CreditUse:
    """Pay, or pay part, out of what the signed-in person left with this payee."""
    return services.use_credit(
        normalise(code),
        amount_vnd=data["amount_vnd"],
        idempotency_key=idempotency_key(),
        actor=current_actor(),
        clock=SYSTEM_CLOCK,
    )


@blp.post("/payment-requests/<code>/reopening")
@requires(Role.FINANCE)
@idempotent
@blp.response(200, PaymentRequestSchema)
@blp.alt_response(404, **_PROBLEM)
@blp.alt_response(409, **_PROBLEM)
def reopen(code: str) -> dict[str, Any]:
    """Ask again for the missing part of a request that expired with part of its money paid."""
    return views.present(services.reopen(normalise(code), actor=current_actor(), clock=SYSTEM_CLOCK))
