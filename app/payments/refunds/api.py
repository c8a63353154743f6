"""Refunds of a payment, for the finance office's programs."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.core.api import PageQuery, ProblemSchema
from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import PROBLEM_TYPE
from app.core.idempotency import idempotency_key, idempotent
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.cards import gateway
from app.payments.refunds import queries, services, views
from app.payments.refunds.schemas import NewRefund, NewRefundSchema, RefundPageSchema, RefundSchema
from app.payments.requests import queries as requests

blp = Blueprint("refunds_api", __name__, url_prefix="/api/v1", description="Money back to the payer")


@blp.route("/payments/<code>/refunds", methods=["POST"])
@requires(Role.FINANCE)
@idempotent
@blp.arguments(NewRefundSchema)
@blp.response(201, RefundSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(422, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def ask(data: NewRefund, code: str) -> dict[str, Any]:
    """Give money back to the card. `status` is `unknown` while the gateway has not answered; ask again with GET."""
    refund = services.ask(
        code=normalise(code),
        amount_vnd=data.amount_vnd,
        reason=data.reason,
        lines=data.lines,
        idempotency_key=idempotency_key(),
        actor=current_actor(),
        gateway=gateway.current(),
        clock=SYSTEM_CLOCK,
    )
    return views.present(refund, request_code=normalise(code))


@blp.route("/payments/<code>/refunds")
@requires(Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
@blp.arguments(PageQuery, location="query")
@blp.response(200, RefundPageSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show_all(query: dict[str, Any], code: str) -> dict[str, Any]:
    """A payment's refunds, newest first."""
    request = requests.by_code(normalise(code))
    page = queries.page(request_id=request.id, cursor=query["cursor"], limit=query["limit"])
    items = [views.present(item.refund, request_code=item.request_code) for item in page.items]
    return {"items": items, "next_cursor": page.next_cursor}
