"""Batches of payouts, for the finance office's programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.api import PageQuery, ProblemSchema
from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import PROBLEM_TYPE
from app.core.idempotency import idempotency_key, idempotent
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.payouts import queries, services
from app.payments.payouts.schemas import (
    BatchPageSchema,
    BatchSchema,
    NewBatchSchema,
    PayoutPageSchema,
    WholeBatchSchema,
    present,
)

blp = Blueprint("payouts_api", __name__, url_prefix="/api/v1/payouts", description="Collected money out to sellers")
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)


@blp.route("/batches")
@requires(*READERS)
@blp.arguments(PageQuery, location="query")
@blp.response(200, BatchPageSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show_batches(query: dict[str, Any]) -> dict[str, Any]:
    """All batches, newest first."""
    page = queries.batches(cursor=query["cursor"], limit=query["limit"])
    return {"items": [present(item) for item in page.items], "next_cursor": page.next_cursor}


@blp.route("/batches", methods=["POST"])
@requires(Role.FINANCE)
@idempotent
@blp.arguments(NewBatchSchema)
@blp.response(201, BatchSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def make_batch(_data: dict[str, Any]) -> dict[str, Any]:
    """Draft a batch of everybody who can be paid now. `nothing_to_pay` (409) when there is nobody."""
    batch = services.build(idempotency_key=idempotency_key(), actor=current_actor(), clock=SYSTEM_CLOCK)
    return present(queries.batch_item(batch.id))


@blp.route("/batches/<uuid:batch_id>")
@requires(*READERS)
@blp.response(200, WholeBatchSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show_batch(batch_id: UUID) -> dict[str, Any]:
    """One batch, with who was held back and until when."""
    return present(queries.batch_item(batch_id)) | {"held": queries.held(batch_id)}


@blp.route("/batches/<uuid:batch_id>/payouts")
@requires(*READERS)
@blp.arguments(PageQuery, location="query")
@blp.response(200, PayoutPageSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show_payouts(query: dict[str, Any], batch_id: UUID) -> dict[str, Any]:
    """A batch's payouts, in the order of their making."""
    queries.get_batch(batch_id)
    page = queries.payouts_page(batch_id, cursor=query["cursor"], limit=query["limit"])
    return {"items": page.items, "next_cursor": page.next_cursor}


@blp.route("/batches/<uuid:batch_id>/approval", methods=["POST"])
@requires(Role.FINANCE)
@idempotent
@blp.response(200, BatchSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def approve(batch_id: UUID) -> dict[str, Any]:
    """Let a batch go, as somebody else than who made it; a repeat changes nothing."""
    services.approve(batch_id, actor=current_actor(), clock=SYSTEM_CLOCK)
    return present(queries.batch_item(batch_id))
