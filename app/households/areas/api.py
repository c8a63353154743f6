"""Areas over the API: public."""

from __future__ import annotations

from flask_smorest import Blueprint

from app.core.paging import Page
from app.core.routes import open_to_all

from . import queries
from .queries import FoundArea
from .schemas import AreaPageSchema, AreaQuery

blp = Blueprint("areas_api", __name__, url_prefix="/api/v1", description="Administrative units since July 2025.")


@blp.route("/areas")
@open_to_all
@blp.arguments(AreaQuery, location="query")
@blp.response(200, AreaPageSchema)
def list_areas(query: dict[str, str]) -> Page[FoundArea]:
    """Units below `parent`, or found by a name of today or of before the reform."""
    return queries.search(parent=query["parent"], text=query["q"], cursor=query["cursor"], limit=int(query["limit"]))
