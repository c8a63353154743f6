"""Shapes of the office in the API. What goes out is masked."""

from __future__ import annotations

from marshmallow import fields, validate

from app.core.api import Input, Output, text
from app.households.registry.schemas import HouseholdSchema

from .models import Kind
from .services import MOST


class QueueQuery(Input):
    """Which waiting registrations to list."""

    hamlet_code = fields.String(load_default=None, validate=validate.Length(max=12))
    days = fields.Integer(load_default=None, validate=validate.Range(min=1, max=3650))
    cursor = fields.String(load_default=None)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=100))


class QueuePageSchema(Output):
    """One page of what waits, the oldest first."""

    items = fields.List(fields.Nested(HouseholdSchema))
    next_cursor = fields.String(allow_none=True)


class BulkInput(Input):
    """A decision about many registrations. `id` is a UUID made by the caller; sending the same again is harmless."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([str(Kind.APPROVE), str(Kind.RETURN)]))
    codes = fields.List(text(max_length=20), required=True, validate=validate.Length(min=1, max=MOST))
    reason = fields.String(load_default="", validate=validate.Length(max=300))


class UndoBulkInput(Input):
    """Taking a decision about many back. `id` is a UUID made by the caller."""

    id = fields.UUID(required=True)
    reason = text(max_length=300)


class LeftOutSchema(Output):
    """A registration that a bulk left out, and why."""

    code = fields.String()
    why = fields.String()


class BulkSchema(Output):
    """How far a decision about many has come."""

    id = fields.UUID()
    kind = fields.String()
    waiting = fields.Integer()
    done = fields.Integer()
    left_out = fields.List(fields.Nested(LeftOutSchema))


class DifferenceSchema(Output):
    """One field that would change, masked; `hidden`: the change lies in the masked part."""

    name = fields.String()
    old = fields.String()
    new = fields.String()
    hidden = fields.Boolean()


class AmendmentSchema(Output):
    """A change to a verified household. `version` is what to send back when accepting."""

    id = fields.UUID()
    household_code = fields.String()
    source = fields.String()
    status = fields.String()
    created_at = fields.AwareDateTime()
    version = fields.Integer()
    changes = fields.List(fields.Nested(DifferenceSchema))


class AmendmentPageSchema(Output):
    """One page of changes that wait, the oldest first."""

    items = fields.List(fields.Nested(AmendmentSchema))
    next_cursor = fields.String(allow_none=True)


class PageQuery(Input):
    """Which page."""

    cursor = fields.String(load_default=None)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=100))


class AcceptInput(Input):
    """The household's version that the officer looked at."""

    version = fields.Integer(required=True, validate=validate.Range(min=1, max=1_000_000))
