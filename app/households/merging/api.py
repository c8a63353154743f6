"""Merges over the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.households.registry import queries as registry
from app.households.registry.schemas import ReasonInput
from app.identity.access import requires
from app.identity.roles import Role

from . import queries, services
from .models import Merge
from .schemas import MergeInput, MergeSchema
from .states import State

blp = Blueprint("merging_api", __name__, url_prefix="/api/v1", description="Two records of one household become one.")
OFFICE = (Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)


@blp.route("/household-merges", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(MergeInput)
@blp.response(201, MergeSchema)
def propose(data: dict[str, Any]) -> dict[str, Any]:
    """Ask that two records become one; nothing changes until another officer confirms."""
    merge_id = data.pop("id")
    return _shown(services.propose(actor=current_actor(), merge_id=merge_id, clock=SYSTEM_CLOCK, **data))


@blp.route("/household-merges/<uuid:merge_id>")
@requires(*OFFICE)
@blp.response(200, MergeSchema)
def show(merge_id: UUID) -> dict[str, Any]:
    """One merge in my area."""
    return _shown(queries.get(merge_id, actor=current_actor()))


@blp.route("/household-merges/<uuid:merge_id>/confirm", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.response(200, MergeSchema)
def confirm(merge_id: UUID) -> dict[str, Any]:
    """Make the two one: an officer who did not ask for it."""
    return _shown(services.confirm(actor=current_actor(), merge_id=merge_id, clock=SYSTEM_CLOCK))


@blp.route("/household-merges/<uuid:merge_id>/refuse", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.response(200, MergeSchema)
def refuse(merge_id: UUID) -> dict[str, Any]:
    """Say no, or put one's own proposal away."""
    return _shown(services.refuse(actor=current_actor(), merge_id=merge_id, clock=SYSTEM_CLOCK))


@blp.route("/household-merges/<uuid:merge_id>/undo", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(ReasonInput)
@blp.response(200, MergeSchema)
def undo(data: dict[str, str], merge_id: UUID) -> dict[str, Any]:
    """Put both records back, within thirty days."""
    return _shown(services.undo(actor=current_actor(), merge_id=merge_id, reason=data["reason"], clock=SYSTEM_CLOCK))


def _shown(merge: Merge) -> dict[str, Any]:
    codes = registry.codes_of([merge.winner_id, merge.loser_id])
    return {
        "id": merge.id, "takes": merge.takes, "status": merge.status,
        "winner_code": codes.get(merge.winner_id, ""), "loser_code": codes.get(merge.loser_id, ""),
        "undo_until": services.undo_until(merge) if merge.status == State.DONE else None,
    }  # fmt: skip
