"""The office over the API: what waits, decisions about many, amendments, and each taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.paging import Page
from app.households.registry import amendments as registry_amendments
from app.households.registry import queries as registry
from app.households.registry.models import Household, HouseholdAmendment
from app.households.registry.people import MaskedHousehold, masked
from app.households.registry.schemas import HouseholdSchema, ReasonInput
from app.identity.access import requires
from app.identity.roles import Role

from . import differences, queries, services
from .models import Kind, Outcome
from .queries import Wanted
from .schemas import (
    AcceptInput,
    AmendmentPageSchema,
    AmendmentSchema,
    BulkInput,
    BulkSchema,
    PageQuery,
    QueuePageSchema,
    QueueQuery,
    UndoBulkInput,
)

blp = Blueprint("office_api", __name__, url_prefix="/api/v1", description="What waits in the commune office.")
OFFICE = (Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)


@blp.route("/office/queue")
@requires(*OFFICE)
@blp.arguments(QueueQuery, location="query")
@blp.response(200, QueuePageSchema)
def queue(query: dict[str, Any]) -> Page[MaskedHousehold]:
    """Registrations that wait in my area, the oldest first, masked."""
    found = queries.listing(
        current_actor(), Wanted(query["hamlet_code"], None, query["days"]), cursor=query["cursor"],
        limit=query["limit"], clock=SYSTEM_CLOCK,
    )  # fmt: skip
    return Page([masked(one) for one in found.items], found.next_cursor)


@blp.route("/households/<code>/take-back-approval", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(ReasonInput)
@blp.response(200, HouseholdSchema)
def take_back_approval(data: dict[str, str], code: str) -> MaskedHousehold:
    """Make an approved household wait again."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    return masked(
        services.take_back_approval(actor=actor, household_id=found.id, reason=data["reason"], clock=SYSTEM_CLOCK)
    )


@blp.route("/households/<code>/take-back-return", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(ReasonInput)
@blp.response(200, HouseholdSchema)
def take_back_return(data: dict[str, str], code: str) -> MaskedHousehold:
    """Let a returned registration wait as it is."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    return masked(
        services.take_back_return(actor=actor, household_id=found.id, reason=data["reason"], clock=SYSTEM_CLOCK)
    )


@blp.route("/office/bulks", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(BulkInput)
@blp.response(201, BulkSchema)
def start_bulk(data: dict[str, Any]) -> dict[str, Any]:
    """Approve or return many registrations; each is decided again by itself."""
    bulk = services.start_bulk(
        actor=current_actor(), bulk_id=data["id"], kind=Kind(data["kind"]), codes=data["codes"],
        reason=data["reason"], clock=SYSTEM_CLOCK,
    )  # fmt: skip
    return _bulk(bulk.id)


@blp.route("/office/bulks/<uuid:bulk_id>")
@requires(Role.COMMUNE_OFFICER)
@blp.response(200, BulkSchema)
def bulk(bulk_id: UUID) -> dict[str, Any]:
    """How far one of my decisions about many has come."""
    return _bulk(bulk_id)


@blp.route("/office/bulks/<uuid:bulk_id>/undo", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(UndoBulkInput)
@blp.response(201, BulkSchema)
def undo_bulk(data: dict[str, Any], bulk_id: UUID) -> dict[str, Any]:
    """Take back what was decided about many, as far as it still can be."""
    undo = services.undo_bulk(
        actor=current_actor(), bulk_id=bulk_id, undo_id=data["id"], reason=data["reason"], clock=SYSTEM_CLOCK
    )
    return _bulk(undo.id)


@blp.route("/amendments")
@requires(*OFFICE)
@blp.arguments(PageQuery, location="query")
@blp.response(200, AmendmentPageSchema)
def amendments(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """Changes that wait in my area, the oldest first, masked."""
    found = queries.amendments(current_actor(), cursor=query["cursor"], limit=query["limit"])
    return Page([_amendment(asked, home) for asked, home in found.items], found.next_cursor)


@blp.route("/amendments/<uuid:amendment_id>/accept", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(AcceptInput)
@blp.response(200, AmendmentSchema)
def accept(data: dict[str, int], amendment_id: UUID) -> dict[str, Any]:
    """Say yes to a change somebody else asked for."""
    return _shown(
        services.accept_amendment(
            actor=current_actor(), amendment_id=amendment_id, seen_version=data["version"], clock=SYSTEM_CLOCK
        )
    )


@blp.route("/amendments/<uuid:amendment_id>/refuse", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(ReasonInput)
@blp.response(200, AmendmentSchema)
def refuse(data: dict[str, str], amendment_id: UUID) -> dict[str, Any]:
    """Say no to a change somebody else asked for."""
    return _shown(
        services.refuse_amendment(
            actor=current_actor(), amendment_id=amendment_id, reason=data["reason"], clock=SYSTEM_CLOCK
        )
    )


@blp.route("/amendments/<uuid:amendment_id>/take-back", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(ReasonInput)
@blp.response(200, AmendmentSchema)
def take_back(data: dict[str, str], amendment_id: UUID) -> dict[str, Any]:
    """Take a yes or a no back."""
    return _shown(
        services.take_back_decision(
            actor=current_actor(), amendment_id=amendment_id, reason=data["reason"], clock=SYSTEM_CLOCK
        )
    )


def _bulk(bulk_id: UUID) -> dict[str, Any]:
    found = queries.bulk(bulk_id, actor=current_actor())
    counts = queries.outcomes(found.id)
    left_out = [{"code": code, "why": why} for code, why in queries.left_out(found.id)]
    return {
        "id": found.id, "kind": found.kind, "waiting": counts[Outcome.WAITING], "done": counts[Outcome.DONE],
        "left_out": left_out,
    }  # fmt: skip


def _shown(asked: HouseholdAmendment) -> dict[str, Any]:
    return _amendment(asked, registry.get(asked.household_id))


def _amendment(asked: HouseholdAmendment, home: Household) -> dict[str, Any]:
    wanted = registry_amendments.wanted(home, asked)
    old = registry_amendments.replaced(home, asked) or differences.opened(home, wanted)
    return {
        "id": asked.id, "household_code": home.code, "source": asked.source, "status": asked.status,
        "created_at": asked.created_at, "version": home.version, "changes": differences.between(old, wanted),
    }  # fmt: skip
