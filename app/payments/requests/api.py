"""The state of a payment request, by its code."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.core.api import ProblemSchema
from app.core.codes import normalise
from app.core.errors import PROBLEM_TYPE
from app.core.routes import open_to_all
from app.payments.requests import queries, views
from app.payments.requests.schemas import PaymentRequestSchema

blp = Blueprint("payment_requests", __name__, url_prefix="/api/v1", description="Please pay X")


@blp.get("/payment-requests/<code>")
@open_to_all
@blp.response(200, PaymentRequestSchema)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show(code: str) -> dict[str, Any]:
    """One payment request. Whoever knows the code may see it; it holds nothing personal."""
    return views.present(queries.by_code(normalise(code)))
