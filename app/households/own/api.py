"""A household's own data over the API: see, take along, consent, correct, ask to be forgotten; its people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.api import PageQuery
from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.idempotency import idempotent
from app.core.paging import Page
from app.households.registry import queries as registry
from app.households.registry.models import HouseholdAmendment, Purpose
from app.households.registry.people import masked
from app.identity.access import requires
from app.identity.roles import Role

from . import people, queries, services
from .models import PrivacyRequest, Relation
from .schemas import (
    OwnConsentInput,
    OwnCorrectionInput,
    OwnCorrectionSchema,
    OwnErasureInput,
    OwnHouseholdSchema,
    OwnLogSchema,
    OwnMemberInput,
    OwnMemberSchema,
    OwnRequestSchema,
)

blp = Blueprint("own_api", __name__, url_prefix="/api/v1/own", description="A household and its own data.")


@blp.route("")
@requires(Role.HOUSEHOLD)
@blp.response(200, OwnHouseholdSchema)
def show() -> dict[str, Any]:
    """My household, masked, with its consents and requests."""
    actor = current_actor()
    household = services.own(actor)
    seen = masked(household)
    return {
        "code": seen.code,
        "status": seen.status,
        "head_name": seen.head_name,
        "citizen_id": seen.citizen_id,
        "phone": seen.phone,
        "relation": people.relation_of(actor, household),
        "consents": list(registry.consents(household.id).values()),
        "requests": queries.requests_of(household.id),
    }


@blp.route("/export", methods=["POST"])
@requires(Role.HOUSEHOLD)
@blp.response(200)
def export() -> dict[str, Any]:
    """Everything that is known of my household, in full. The look is written down; 403 `not_through_contact`."""
    return services.take_along(actor=current_actor(), clock=SYSTEM_CLOCK)


@blp.route("/log")
@requires(Role.HOUSEHOLD)
@blp.arguments(PageQuery, location="query")
@blp.response(200, OwnLogSchema)
def log(page: dict[str, Any]) -> Page[queries.Act]:
    """Who looked at my household and who changed something, newest first."""
    household = services.own(current_actor())
    return queries.log_of(household, looks_only=False, cursor=page["cursor"], limit=page["limit"])


@blp.route("/consents", methods=["PUT"])
@requires(Role.HOUSEHOLD)
@blp.arguments(OwnConsentInput)
@blp.response(204)
def set_consent(data: dict[str, Any]) -> None:
    """Say yes or no to one purpose; it holds at once. A no becomes a request with the law's deadlines."""
    services.set_consent(
        actor=current_actor(), purpose=Purpose(data["purpose"]), given=data["given"], clock=SYSTEM_CLOCK
    )


@blp.route("/corrections", methods=["POST"])
@requires(Role.HOUSEHOLD)
@idempotent
@blp.arguments(OwnCorrectionInput)
@blp.response(201, OwnCorrectionSchema)
def correct(data: dict[str, Any]) -> HouseholdAmendment:
    """Ask for a correction, which holds once an officer has looked at it."""
    return services.correct(
        actor=current_actor(),
        amendment_id=data["id"],
        changes=data["changes"],
        base_version=data["base_version"],
        clock=SYSTEM_CLOCK,
    )


@blp.route("/erasure", methods=["POST"])
@requires(Role.HOUSEHOLD)
@idempotent
@blp.arguments(OwnErasureInput)
@blp.response(201, OwnRequestSchema)
def ask_erasure(data: dict[str, Any]) -> PrivacyRequest:
    """Ask for everything to be forgotten. All consents end at once; the commune does the rest within the deadline."""
    return services.ask_erasure(actor=current_actor(), request_id=data["id"], clock=SYSTEM_CLOCK)


@blp.route("/erasure", methods=["DELETE"])
@requires(Role.HOUSEHOLD)
@blp.response(204)
def take_back_erasure() -> None:
    """Keep everything after all, as long as it is there."""
    services.take_back_erasure(actor=current_actor(), clock=SYSTEM_CLOCK)


@blp.route("/members")
@requires(Role.HOUSEHOLD)
@blp.response(200, OwnMemberSchema(many=True))
def members() -> list[people.Person]:
    """The people of my household."""
    actor = current_actor()
    household = services.own(actor)
    return people.shown(household, masked=people.relation_of(actor, household) is Relation.CONTACT)


@blp.route("/members", methods=["POST"])
@requires(Role.HOUSEHOLD)
@idempotent
@blp.arguments(OwnMemberInput)
@blp.response(201, OwnMemberSchema)
def add_member(data: dict[str, Any]) -> people.Person:
    """Add a person; one with a phone signs in from now on."""
    actor = current_actor()
    added = services.add_member(actor=actor, clock=SYSTEM_CLOCK, **data)
    return next(one for one in people.of(services.own(actor)) if one.id == added.id)


@blp.route("/members/<uuid:member_id>", methods=["DELETE"])
@requires(Role.HOUSEHOLD)
@blp.response(204)
def remove_member(member_id: UUID) -> None:
    """Take a person off; their way in ends at once."""
    services.remove_member(actor=current_actor(), member_id=member_id, clock=SYSTEM_CLOCK)
