"""The suspense list for programs of the finance office."""

from __future__ import annotations

from flask_smorest import Blueprint

from app.core.api import PageQuery, page_schema
from app.core.paging import Page
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.bank import queries
from app.payments.bank.queries import SuspenseItem
from app.payments.bank.schemas import SuspenseItemSchema

blp = Blueprint("bank_notices", __name__, url_prefix="/api/v1", description="Money that arrived and waits")


@blp.get("/suspense")
@requires(Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
@blp.arguments(PageQuery, location="query")
@blp.response(200, page_schema(SuspenseItemSchema, "SuspensePage"))
def suspense(query: dict[str, str | int | None]) -> Page[SuspenseItem]:
    """What waits in suspense, newest first."""
    cursor, limit = query["cursor"], query["limit"]
    return queries.suspense(cursor=str(cursor) if cursor else None, limit=int(limit or 20))
