"""Households over the API: register, look at (masked), approve, return."""

from __future__ import annotations

from flask_smorest import Blueprint

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.idempotency import idempotent
from app.identity.access import requires
from app.identity.roles import Role

from . import queries, services
from .people import MaskedHousehold, NewHousehold, masked
from .schemas import HouseholdInput, HouseholdSchema, ReasonInput

blp = Blueprint("households_api", __name__, url_prefix="/api/v1", description="Registering and approving households.")
VIEWERS = (Role.TEAM_MEMBER, Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR, Role.HOUSEHOLD)


@blp.route("/households", methods=["POST"])
@requires(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER)
@idempotent
@blp.arguments(HouseholdInput)
@blp.response(201, HouseholdSchema)
def register(data: NewHousehold) -> MaskedHousehold:
    """Register a household in one of my hamlets."""
    return masked(services.register_household(actor=current_actor(), data=data, clock=SYSTEM_CLOCK))


@blp.route("/households/<code>")
@requires(*VIEWERS)
@blp.response(200, HouseholdSchema)
def show(code: str) -> MaskedHousehold:
    """One household of mine, masked."""
    return masked(queries.by_code(code, actor=current_actor()))


@blp.route("/households/<code>/verify", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.response(200, HouseholdSchema)
def verify(code: str) -> MaskedHousehold:
    """Approve a registration somebody else made."""
    actor = current_actor()
    household = queries.by_code(code, actor=actor)
    return masked(services.verify(actor=actor, household_id=household.id, clock=SYSTEM_CLOCK))


@blp.route("/households/<code>/return", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(ReasonInput)
@blp.response(200, HouseholdSchema)
def send_back(data: dict[str, str], code: str) -> MaskedHousehold:
    """Send a registration back to the team with what to mend."""
    actor = current_actor()
    household = queries.by_code(code, actor=actor)
    return masked(
        services.return_to_team(actor=actor, household_id=household.id, reason=data["reason"], clock=SYSTEM_CLOCK)
    )
