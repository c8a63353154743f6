"""The doorstep's API: what a phone takes along, what it brings, its photos in parts, and the hint before saving."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask import request
from flask_smorest import Blueprint

from app.core.api import ProblemSchema
from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import PROBLEM_TYPE
from app.core.http import takes_json_up_to
from app.core.vault import vault
from app.identity import queries as people
from app.identity.access import requires
from app.identity.limits import limiter
from app.identity.roles import Role

from . import bundle, duplicates, photos, services
from .duplicates import Hint, Question
from .photos import MAX_PART, Part, PhotoState
from .schemas import (
    BundleQuery,
    BundleSchema,
    DuplicatesInput,
    DuplicatesSchema,
    PhotoQuery,
    PhotoStateSchema,
    RecordsQuery,
    ResultsSchema,
    SyncInput,
)

blp = Blueprint("onboarding_api", __name__, url_prefix="/api/v1/onboarding", description="The doorstep, offline.")
WHO = (Role.TEAM_MEMBER, Role.COMMUNE_OFFICER)
MAX_SYNC_BYTES = 8 * 1024 * 1024
ASKING = "40 per minute;1000 per day"


def _person() -> str:
    return f"doorstep {current_actor().user_id}"


@blp.route("/bundle")
@requires(*WHO)
@blp.arguments(BundleQuery, location="query")
@blp.response(200, BundleSchema)
def take_along(query: dict[str, Any]) -> bundle.Bundle:
    """What I take along for a day without a network, 500 households of the roster a page."""
    actor = current_actor()
    names = people.display_names([actor.user_id] if actor.user_id else [])
    return bundle.take(actor, member_name="".join(names.values()), cursor=query["cursor"], clock=SYSTEM_CLOCK)


@blp.route("/sync", methods=["POST"])
@takes_json_up_to(MAX_SYNC_BYTES)
@requires(*WHO)
@blp.arguments(SyncInput)
@blp.response(200, ResultsSchema)
def sync(data: dict[str, Any]) -> dict[str, Any]:
    """Bring up to 1,000 records, 8 MB. Ids are the phone's: the same again is harmless, so no key is needed."""
    return {"results": services.sync(actor=current_actor(), records=data["records"], clock=SYSTEM_CLOCK)}


@blp.route("/records")
@requires(*WHO)
@blp.arguments(RecordsQuery, location="query")
@blp.response(200, ResultsSchema)
def how_they_stand(query: dict[str, Any]) -> dict[str, Any]:
    """How records I sent stand now; ids that are none of mine are missing."""
    return {"results": services.standings(actor=current_actor(), ids=query["ids"])}


@blp.route("/photos/<uuid:photo_id>", methods=["PUT"])
@requires(*WHO)
@blp.arguments(PhotoQuery, location="query")
@blp.response(200, PhotoStateSchema)
@blp.alt_response(409, schema=ProblemSchema, content_type=PROBLEM_TYPE)
@blp.alt_response(422, schema=ProblemSchema, content_type=PROBLEM_TYPE)
def put_photo(query: dict[str, Any], photo_id: UUID) -> PhotoState:
    """One part (at most 262,144 bytes) of a photo that a record announced, beginning at `offset`."""
    length = request.headers.get("Upload-Length", "")
    total = int(length) if re.fullmatch(r"[0-9]{1,9}", length) else None
    part = Part(query["offset"], request.stream.read(MAX_PART + 1), total)
    actor = current_actor()
    return services.take_photo_part(actor=actor, photo_id=photo_id, part=part, vault=vault(), clock=SYSTEM_CLOCK)


@blp.route("/photos/<uuid:photo_id>", methods=["GET"])
@requires(*WHO)
@blp.response(200, PhotoStateSchema)
def photo_state(photo_id: UUID) -> PhotoState:
    """How much of a photo I sent is here."""
    return photos.state(actor=current_actor(), photo_id=photo_id)


@blp.route("/duplicates", methods=["POST"])
@requires(*WHO)
@limiter.limit(ASKING, key_func=_person)
@blp.arguments(DuplicatesInput)
@blp.response(200, DuplicatesSchema)
def may_be_known(data: dict[str, Any]) -> Hint:
    """Whether this household may be registered already. Stores nothing."""
    return duplicates.ask(current_actor(), Question(**data), clock=SYSTEM_CLOCK)
