"""The gateway's payouts, for the finance office's programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.api import ProblemSchema
from app.core.errors import PROBLEM_TYPE
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.card_payouts import queries
from app.payments.card_payouts.schemas import (
    CardPayoutLinePageSchema,
    CardPayoutPageSchema,
    CardPayoutSchema,
    PayoutQuery,
    present_line,
    present_payout,
)

blp = Blueprint("card_payouts_api", __name__, url_prefix="/api/v1", description="What the card gateway paid out to us")
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)


@blp.route("/card-payouts")
@requires(*READERS)
@blp.arguments(PayoutQuery, location="query")
@blp.response(200, CardPayoutPageSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show_all(query: dict[str, Any]) -> dict[str, Any]:
    """Payouts, the one we heard of last first."""
    page = queries.page(cursor=query["cursor"], limit=query["limit"], only_wrong=query["only_wrong"] == "1")
    return {"items": [present_payout(payout) for payout in page.items], "next_cursor": page.next_cursor}


@blp.route("/card-payouts/<uuid:payout_id>")
@requires(*READERS)
@blp.response(200, CardPayoutSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show(payout_id: UUID) -> dict[str, Any]:
    """One payout."""
    return present_payout(queries.get(payout_id))


@blp.route("/card-payouts/<uuid:payout_id>/lines")
@requires(*READERS)
@blp.arguments(PayoutQuery, location="query")
@blp.response(200, CardPayoutLinePageSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def show_lines(query: dict[str, Any], payout_id: UUID) -> dict[str, Any]:
    """What a payout is made of, in the gateway's order."""
    payout = queries.get(payout_id)
    page = queries.lines(payout.id, cursor=query["cursor"], limit=query["limit"], only_wrong=query["only_wrong"] == "1")
    return {"items": [present_line(item) for item in page.items], "next_cursor": page.next_cursor}
