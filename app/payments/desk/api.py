"""The matching desk for programs of the finance office."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.api import PageQuery, ProblemSchema, page_schema
from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import PROBLEM_TYPE
from app.core.idempotency import idempotency_key, idempotent
from app.core.paging import Page
from app.core.routes import open_to_all
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.desk import queries, services, wishes
from app.payments.desk.models import Choice, DeskAction
from app.payments.desk.queries import SuspenseItem
from app.payments.desk.schemas import (
    ActionSchema,
    ActionsSchema,
    ActSchema,
    ExcessesSchema,
    ExcessSchema,
    ReasonSchema,
    SuspenseItemSchema,
    WantedSchema,
)
from app.payments.desk.wanted import Wish
from app.payments.desk.wishes import Excess
from app.payments.refunds import forms
from app.payments.requests import queries as requests

blp = Blueprint("suspense", __name__, url_prefix="/api/v1", description="Money that arrived and waits, and its desk")
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
_PROBLEM: dict[str, Any] = {"schema": ProblemSchema, "content_type": PROBLEM_TYPE}


@blp.get("/suspense")
@requires(*READERS)
@blp.arguments(PageQuery, location="query")
@blp.response(200, page_schema(SuspenseItemSchema, "SuspensePage"))
def suspense(query: dict[str, str | int | None]) -> Page[SuspenseItem]:
    """What waits in suspense, newest first."""
    cursor, limit = query["cursor"], query["limit"]
    return queries.suspense(cursor=str(cursor) if cursor else None, limit=int(limit or 20))


@blp.get("/suspense/<uuid:notice_id>/actions")
@requires(*READERS)
@blp.response(200, ActionsSchema)
@blp.alt_response(404, **_PROBLEM)
def actions(notice_id: UUID) -> dict[str, Any]:
    """What people did with a notice's money, oldest first."""
    queries.shown(notice_id)
    return {"items": [_present(view.action, view.request_code) for view in queries.actions(notice_id)]}


@blp.post("/suspense/<uuid:notice_id>/actions")
@requires(Role.FINANCE)
@idempotent
@blp.arguments(ActSchema)
@blp.response(201, ActionsSchema)
@blp.alt_response(404, **_PROBLEM)
@blp.alt_response(409, **_PROBLEM)
def act(data: dict[str, Sequence[Wish]], notice_id: UUID) -> dict[str, Any]:
    """Attach parts of the money to requests or return them to the sender: all parts, or none."""
    acted = services.act(
        notice_id,
        data["actions"],
        actor=current_actor(),
        idempotency_key=idempotency_key(),
        clock=SYSTEM_CLOCK,
    )
    codes = queries.codes_of(acted)
    return {"items": [_present(action, codes.get(action.request_id)) for action in acted]}


@blp.post("/suspense/actions/<uuid:action_id>/approve")
@requires(Role.FINANCE)
@idempotent
@blp.response(200, ActionSchema)
@blp.alt_response(403, **_PROBLEM)
@blp.alt_response(409, **_PROBLEM)
def approve(action_id: UUID) -> dict[str, Any]:
    """Approve what somebody else proposed; its money moves now."""
    return _one(services.approve(action_id, actor=current_actor(), clock=SYSTEM_CLOCK))


@blp.post("/suspense/actions/<uuid:action_id>/reject")
@requires(Role.FINANCE)
@idempotent
@blp.arguments(ReasonSchema)
@blp.response(200, ActionSchema)
@blp.alt_response(409, **_PROBLEM)
def reject(data: dict[str, str], action_id: UUID) -> dict[str, Any]:
    """Turn a proposed action down; its money waits again."""
    return _one(services.reject(action_id, actor=current_actor(), reason=data["reason"], clock=SYSTEM_CLOCK))


@blp.post("/suspense/actions/<uuid:action_id>/undo")
@requires(Role.FINANCE)
@idempotent
@blp.arguments(ReasonSchema)
@blp.response(200, ActionSchema)
@blp.alt_response(409, **_PROBLEM)
def undo(data: dict[str, str], action_id: UUID) -> dict[str, Any]:
    """Take a done action back; its money waits again. Above the limit two people have to ask for it."""
    return _one(services.undo(action_id, actor=current_actor(), reason=data["reason"], clock=SYSTEM_CLOCK))


@blp.post("/suspense/actions/<uuid:action_id>/keep")
@requires(Role.FINANCE)
@idempotent
@blp.arguments(ReasonSchema)
@blp.response(200, ActionSchema)
@blp.alt_response(409, **_PROBLEM)
def keep(data: dict[str, str], action_id: UUID) -> dict[str, Any]:
    """Turn down that a done action is taken back."""
    return _one(services.keep(action_id, actor=current_actor(), reason=data["reason"], clock=SYSTEM_CLOCK))


@blp.get("/payment-requests/<code>/excess")
@open_to_all
@blp.response(200, ExcessesSchema)
@blp.alt_response(404, **_PROBLEM)
def excess(code: str) -> dict[str, Any]:
    """What came beside a payment request. Whoever knows the code may see it; it holds nothing personal."""
    return {"items": wishes.of_requests([requests.by_code(normalise(code)).id])}


@blp.post("/payment-requests/<code>/excess/<uuid:notice_id>")
@open_to_all
@idempotent
@blp.arguments(WantedSchema)
@blp.response(200, ExcessSchema)
@blp.alt_response(401, **_PROBLEM)
@blp.alt_response(403, **_PROBLEM)
@blp.alt_response(404, **_PROBLEM)
@blp.alt_response(409, **_PROBLEM)
def choose(data: dict[str, Any], code: str, notice_id: UUID) -> Excess:
    """What the payer wants done with it: who ordered, when that is known; otherwise whoever knows the code."""
    named, actor = normalise(code), current_actor()
    if data["choice"] == Choice.KEEP:
        services.keep_as_credit(named, notice_id, actor=actor, clock=SYSTEM_CLOCK)
    else:
        account = forms.account({**(data["account"] or {}), "bank": (data["account"] or {}).get("bin", "")})
        services.send_back(named, notice_id, account=account, actor=actor, clock=SYSTEM_CLOCK)
    return wishes.one(requests.by_code(named), notice_id)


def _one(action: DeskAction) -> dict[str, Any]:
    return _present(action, queries.codes_of([action]).get(action.request_id))


def _present(action: DeskAction, request_code: str | None) -> dict[str, Any]:
    told = {name: getattr(action, name) for name in ActionSchema().fields if name != "request_code"}
    return {**told, "request_code": request_code}
