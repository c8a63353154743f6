"""Who needs help, by code: public."""

from __future__ import annotations

from flask_smorest import Blueprint

from app.core.clock import SYSTEM_CLOCK
from app.core.paging import Page
from app.core.routes import open_to_all

from . import queries
from .queries import PublicHousehold
from .schemas import PublicHouseholdPageSchema, PublicHouseholdSchema, PublicQuery

blp = Blueprint("welfare_api", __name__, url_prefix="/api/v1", description="Households that receive help, by code.")


@blp.route("/welfare/households")
@open_to_all
@blp.arguments(PublicQuery, location="query")
@blp.response(200, PublicHouseholdPageSchema)
def list_households(query: dict[str, str]) -> Page[PublicHousehold]:
    """Households listed today, in the order of their random codes."""
    return queries.public_list(
        commune=query["commune"], cursor=query["cursor"], limit=int(query["limit"]), clock=SYSTEM_CLOCK
    )


@blp.route("/welfare/households/<code>")
@open_to_all
@blp.response(200, PublicHouseholdSchema)
def show(code: str) -> PublicHousehold:
    """One household listed today."""
    return queries.public_by_code(code, clock=SYSTEM_CLOCK)
