"""Shapes of merges in the API."""

from __future__ import annotations

from marshmallow import fields, validate

from app.core.api import Input, Output, text

from .operations import GROUPS


class MergeInput(Input):
    """A merge to be confirmed by another officer. `id` is a UUID made by the caller."""

    id = fields.UUID(required=True)
    winner_code = text(max_length=20)
    loser_code = text(max_length=20)
    takes = fields.List(fields.String(validate=validate.OneOf(list(GROUPS))), load_default=[])
    reason = text(max_length=300)


class MergeSchema(Output):
    """A merge: which record stays, which is closed, and how far it has come."""

    id = fields.UUID()
    winner_code = fields.String()
    loser_code = fields.String()
    takes = fields.List(fields.String())
    status = fields.String()
    undo_until = fields.AwareDateTime(allow_none=True)
