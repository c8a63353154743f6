"""The yearly list over the API: bring it, say its columns, look, approve, take back."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.clock import SYSTEM_CLOCK
from app.core.crypto import KeyDestroyed
from app.core.database import current_actor
from app.core.idempotency import idempotent
from app.core.paging import Page
from app.identity.access import requires
from app.identity.roles import Role

from . import queries, services
from .errors import UnreadableList, WrongMoment
from .models import Kind, PovertyImport
from .queries import ShownRow
from .schemas import (
    PovertyColumnsInput,
    PovertyListSchema,
    PovertyListsQuery,
    PovertyListsSchema,
    PovertyListUpload,
    PovertyRowsQuery,
    PovertyRowsSchema,
)

blp = Blueprint("poverty_api", __name__, url_prefix="/api/v1", description="The yearly list of poor households.")
OFFICE = (Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)


@blp.route("/poverty-lists", methods=["POST"])
@requires(*OFFICE)
@idempotent
@blp.arguments(PovertyListUpload)
@blp.response(201, PovertyListSchema)
def upload(data: dict[str, str]) -> dict[str, Any]:
    """Bring a list; the same file for the same area again is the same list."""
    try:
        content = base64.b64decode(data["content"], validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableList("broken") from None
    made = services.upload(
        actor=current_actor(),
        data=content,
        file_name=data["file_name"],
        area_code=data["area_code"],
        clock=SYSTEM_CLOCK,
    )
    return _told(made)


@blp.route("/poverty-lists")
@requires(*OFFICE)
@blp.arguments(PovertyListsQuery, location="query")
@blp.response(200, PovertyListsSchema)
def lists(asked: dict[str, Any]) -> Page[PovertyImport]:
    """Lists of my communes, newest first."""
    return queries.listing(current_actor(), cursor=asked["cursor"], limit=asked["limit"])


@blp.route("/poverty-lists/<uuid:import_id>")
@requires(*OFFICE)
@blp.response(200, PovertyListSchema)
def show(import_id: UUID) -> dict[str, Any]:
    """One list: its step, how far it was read, what its rows do."""
    return _told(queries.get(import_id, actor=current_actor()))


@blp.route("/poverty-lists/<uuid:import_id>/rows")
@requires(*OFFICE)
@blp.arguments(PovertyRowsQuery, location="query")
@blp.response(200, PovertyRowsSchema)
def rows(asked: dict[str, Any], import_id: UUID) -> Page[ShownRow]:
    """Rows of a list, masked."""
    found = queries.get(import_id, actor=current_actor())
    kind = Kind(asked["kind"]) if asked["kind"] else None
    return queries.rows(found, kind=kind, cursor=asked["cursor"], limit=asked["limit"])


@blp.route("/poverty-lists/<uuid:import_id>/columns", methods=["POST"])
@requires(*OFFICE)
@blp.arguments(PovertyColumnsInput)
@blp.response(202, PovertyListSchema)
def confirm(data: dict[str, Any], import_id: UUID) -> dict[str, Any]:
    """Say which column holds what; reading begins."""
    actor = current_actor()
    columns = data.pop("columns")
    if columns is None:
        found = queries.get(import_id, actor=actor)
        try:
            guess = queries.layout(found).guess
        except KeyDestroyed:
            raise WrongMoment from None
        columns = queries.remembered(found.area_code, found.headings_mark) or guess
    services.confirm_columns(actor=actor, import_id=import_id, columns=columns, clock=SYSTEM_CLOCK, **data)
    return _told(queries.get(import_id, actor=actor))


@blp.route("/poverty-lists/<uuid:import_id>/approve", methods=["POST"])
@requires(*OFFICE)
@blp.response(202, PovertyListSchema)
def approve(import_id: UUID) -> dict[str, Any]:
    """A second officer's yes."""
    return _done(services.approve, import_id)


@blp.route("/poverty-lists/<uuid:import_id>/undo", methods=["POST"])
@requires(*OFFICE)
@blp.response(202, PovertyListSchema)
def undo(import_id: UUID) -> dict[str, Any]:
    """Take a list back that holds."""
    return _done(services.undo, import_id)


@blp.route("/poverty-lists/<uuid:import_id>/drop", methods=["POST"])
@requires(*OFFICE)
@blp.response(200, PovertyListSchema)
def drop(import_id: UUID) -> dict[str, Any]:
    """Put a list away that nobody approved."""
    return _done(services.drop, import_id)


def _done(service: Any, import_id: UUID) -> dict[str, Any]:
    actor = current_actor()
    service(actor=actor, import_id=import_id, clock=SYSTEM_CLOCK)
    return _told(queries.get(import_id, actor=actor))


def _told(found: PovertyImport) -> dict[str, Any]:
    names = (
        "id", "area_code", "file_name", "state", "decision_number", "year", "valid_from", "valid_to", "whole_list",
        "steps_total", "steps_done", "created_at", "approved_at",
    )  # fmt: skip
    return {name: getattr(found, name) for name in names} | {"counts": queries.counts(found.id)}
