"""Assisted selling over the API: writing down for members, answering for households."""

from __future__ import annotations

from typing import Any

from flask import current_app, request
from flask_smorest import Blueprint

from app.core.api import PageQuery, ProblemSchema
from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import PROBLEM_TYPE
from app.core.idempotency import idempotency_key, idempotent
from app.core.media import store
from app.core.paging import Page
from app.core.routes import open_to_all
from app.households.registry import queries as registry
from app.identity.access import requires
from app.identity.limits import CHECKING, limiter
from app.identity.roles import Role
from app.market.catalogue import photos

from . import queries, services
from .models import AssistedListing
from .queries import Seen
from .schemas import AnswerInput, ListingPageSchema, ListingPhotoSchema, ListingSchema, NewListingSchema

blp = Blueprint(
    "assisted_api",
    __name__,
    url_prefix="/api/v1/assisted",
    description="A member writes goods down for a household, which says yes or no by a code.",
)


@blp.route("/photos", methods=["PUT"])
@requires(Role.TEAM_MEMBER)
@blp.response(200, ListingPhotoSchema)
@blp.alt_response(422, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def keep_photo() -> dict[str, str]:
    """The bytes of a JPEG, PNG or WebP, at most 8 MB and 40 megapixels, to be named when writing down."""
    return {"photo_key": photos.take(store(), request.stream.read(photos.MAX_BYTES + 1)).key}


@blp.route("/households/<code>")
@requires(Role.TEAM_MEMBER)
@blp.arguments(PageQuery, location="query")
@blp.response(200, ListingPageSchema)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def listings(page: dict[str, Any], code: str) -> Page[Seen]:
    """What was written down for a household of my hamlets, newest first."""
    household = registry.by_code(code, actor=current_actor())
    return queries.of_household(household.id, clock=SYSTEM_CLOCK, **page)


@blp.route("/households/<code>", methods=["POST"])
@requires(Role.TEAM_MEMBER)
@idempotent
@blp.arguments(NewListingSchema)
@blp.response(201, ListingSchema)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(429, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def write_down(asked: tuple[str | None, Any], code: str) -> Seen:
    """Write a product down; the household gets a text message with a code. Nothing is on sale before it says yes."""
    photo_key, data = asked
    return _shown(
        services.write_down(
            actor=current_actor(),
            household_id=registry.by_code(code, actor=current_actor()).id,
            data=data,
            photo=photos.kept(store(), photo_key) if photo_key else None,
            idempotency_key=idempotency_key(),
            base_url=_base_url(),
            clock=SYSTEM_CLOCK,
        )
    )


@blp.route("/<code>/code", methods=["POST"])
@requires(Role.TEAM_MEMBER)
@idempotent
@blp.response(200, ListingSchema)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(429, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def send_again(code: str) -> Seen:
    """Text new digits, three times in all; those before are void."""
    return _shown(services.send_again(actor=current_actor(), code=code, base_url=_base_url(), clock=SYSTEM_CLOCK))


@blp.route("/<code>", methods=["DELETE"])
@requires(Role.TEAM_MEMBER)
@blp.response(200, ListingSchema)
@blp.alt_response(404, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def take_back(code: str) -> Seen:
    """Take back what waits."""
    return _shown(services.take_back(actor=current_actor(), code=code, clock=SYSTEM_CLOCK))


@blp.route("/<code>/answer", methods=["POST"])
@open_to_all
@limiter.limit(CHECKING)
@blp.arguments(AnswerInput)
@blp.response(200, ListingSchema)
@blp.alt_response(403, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(422, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(429, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def answer(told: dict[str, Any], code: str) -> Seen:
    """Look (no `decision`), or say yes, no, or off the market again. The same word again changes nothing."""
    about: dict[str, Any] = {"actor": current_actor(), "code": code, "digits": told["digits"], "clock": SYSTEM_CLOCK}
    return services.answer(decision=told["decision"], **about) if told["decision"] else services.look(**about)


def _shown(listing: AssistedListing) -> Seen:
    return queries.seen([listing], at=SYSTEM_CLOCK.now())[0]


def _base_url() -> str:
    return str(current_app.config["CHOPHIEN"].public_url).rstrip("/")
