"""A month's tax declaration, for the finance office's programs."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.core.api import ProblemSchema
from app.core.errors import PROBLEM_TYPE
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.fees import declarations, sellers
from app.payments.fees.schemas import DeclarationPageSchema, DeclarationQuery, present

blp = Blueprint("fees_api", __name__, url_prefix="/api/v1/fees", description="Commission and tax withheld")


@blp.route("/declarations")
@requires(Role.FINANCE, Role.AUDITOR)
@blp.arguments(DeclarationQuery, location="query")
@blp.response(200, DeclarationPageSchema)
@blp.alt_response(400, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show_declarations(query: dict[str, Any]) -> dict[str, Any]:
    """Each seller of the month: turnover, what was withheld, what went back with refunds."""
    month = declarations.month_of(query["month"])
    page = declarations.page(month, cursor=query["cursor"], limit=query["limit"])
    names = sellers.names_of([item.payee_id for item in page.items])
    items = [present(item, names.get(item.payee_id)) for item in page.items]
    return {"items": items, "next_cursor": page.next_cursor}
