"""Visits and coverage over the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.api import PageQuery
from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.paging import Page
from app.households.registry import queries as registry
from app.identity.access import requires

from . import coverage, queries, services, teams
from .blueprint import TEAM
from .coverage import Coverage
from .models import Visit
from .queries import Due
from .schemas import (
    DueVisitPageSchema,
    TeamCoverageSchema,
    VisitHistorySchema,
    VisitInput,
    VisitSchema,
)
from .visits import NewVisit

blp = Blueprint("fieldwork_api", __name__, url_prefix="/api/v1/fieldwork", description="Visits of the community team.")


@blp.route("/next-visits")
@requires(*TEAM)
@blp.arguments(PageQuery, location="query")
@blp.response(200, DueVisitPageSchema)
def next_visits(query: dict[str, Any]) -> Page[Due]:
    """Whom to visit next in my hamlets, the longest overdue first."""
    return queries.due(current_actor(), cursor=query["cursor"], limit=query["limit"])


@blp.route("/visits", methods=["POST"])
@requires(*TEAM)
@blp.arguments(VisitInput)
@blp.response(201, VisitSchema)
def record_visit(new: NewVisit) -> Visit:
    """Record a visit; its id, made by the caller, is the idempotency key."""
    return services.record_visit(actor=current_actor(), new=new, clock=SYSTEM_CLOCK)


@blp.route("/visits/<uuid:visit_id>/undo", methods=["POST"])
@requires(*TEAM)
@blp.response(200, VisitSchema)
def undo_visit(visit_id: UUID) -> Visit:
    """Take my visit back within a day."""
    return services.undo_visit(actor=current_actor(), visit_id=visit_id, clock=SYSTEM_CLOCK)


@blp.route("/households/<code>/visits")
@requires(*TEAM)
@blp.response(200, VisitHistorySchema)
def history(code: str) -> dict[str, Any]:
    """The last visits to a household of mine."""
    return {"items": queries.history(registry.by_code(code, actor=current_actor()))}


@blp.route("/communes/<commune>/coverage")
@requires(*TEAM)
@blp.response(200, TeamCoverageSchema)
def commune_coverage(commune: str) -> Coverage:
    """Each hamlet of the commune whose team I look after."""
    teams.demand_oversight(current_actor(), commune)
    return coverage.of_commune(commune, clock=SYSTEM_CLOCK)
