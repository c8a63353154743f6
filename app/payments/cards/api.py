"""Money held on cards, for the finance office's programs. Rooms that sell call `services` or `holds` themselves."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.core.api import ProblemSchema
from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import PROBLEM_TYPE
from app.core.idempotency import idempotent
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.cards import gateway, services
from app.payments.cards.models import CardPayment
from app.payments.cards.schemas import CaptureSchema, HoldSchema, ReleaseSchema
from app.payments.requests import queries as requests

blp = Blueprint("card_holds_api", __name__, url_prefix="/api/v1", description="Money held on cards")


@blp.route("/payments/<code>/card/capture", methods=["POST"])
@requires(Role.FINANCE)
@idempotent
@blp.arguments(CaptureSchema)
@blp.response(200, HoldSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(422, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def capture(data: dict[str, Any], code: str) -> CardPayment:
    """Take what is held, or a part of it and let the rest go. `status` is `capturing` until the gateway answered."""
    return services.capture(
        requests.by_code(normalise(code)).id,
        amount_vnd=data["amount_vnd"],
        actor=current_actor(),
        gateway=gateway.current(),
        clock=SYSTEM_CLOCK,
    )


@blp.route("/payments/<code>/card/release", methods=["POST"])
@requires(Role.FINANCE)
@idempotent
@blp.arguments(ReleaseSchema)
@blp.response(200, HoldSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def release(_data: dict[str, Any], code: str) -> CardPayment:
    """Let go of what is held. `status` is `releasing` until the gateway answered."""
    return services.release(
        requests.by_code(normalise(code)).id, actor=current_actor(), gateway=gateway.current(), clock=SYSTEM_CLOCK
    )
