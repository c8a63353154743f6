"""Signing in for programs."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.routes import open_to_all
from app.identity import services, session
from app.identity.access import requires
from app.identity.limits import CHECKING, limiter
from app.identity.schemas import MeSchema, SignInInput, TokenSchema

blp = Blueprint("sign-in", __name__, url_prefix="/api/v1", description="Who is calling")


@blp.route("/sign-in", methods=["POST"])
@limiter.limit(CHECKING)
@open_to_all
@blp.arguments(SignInInput)
@blp.response(200, TokenSchema)
def sign_in(data: dict[str, Any]) -> dict[str, Any]:
    """Get a token for phone and password (and the authenticator app's code, for roles that demand one).

    401 `wrong_sign_in`, `totp_needed` or `wrong_totp`; 403 `totp_not_set_up`; 429 `too_many_tries`.
    """
    user, second_factor = services.sign_in_with_password(**data, clock=SYSTEM_CLOCK)
    token, expires_at = session.new_token(user, second_factor=second_factor)
    return {"token": token, "expires_at": expires_at}


@blp.route("/me")
@requires()
@blp.response(200, MeSchema)
@blp.doc(security=[{"token": []}, {"session": []}])
def me() -> dict[str, Any]:
    """Who the token or session names."""
    actor, person = current_actor(), session.account()
    return {
        "display_name": person.display_name if person else "",
        "roles": sorted(actor.roles),
        "areas": sorted(actor.areas),
        "speaks_for_household": actor.household_id is not None,
        "households": session.households(),
    }
