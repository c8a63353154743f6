"""Shapes of a household's own data in the API."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from app.core.api import Input, Output, page_schema, text
from app.households.registry.models import Purpose

from .models import Relation


class OwnConsentInput(Input):
    """Yes or no to one purpose."""

    purpose = fields.String(required=True, validate=validate.OneOf([str(one) for one in Purpose]))
    given = fields.Boolean(required=True)


class OwnConsentSchema(Output):
    """The latest word on one purpose."""

    purpose = fields.String()
    given = fields.Boolean()
    how = fields.String()
    at = fields.DateTime()


class OwnRequestSchema(Output):
    """What the household asked about its data, and by when it is answered and done."""

    id = fields.UUID()
    kind = fields.String()
    purpose = fields.String(allow_none=True)
    status = fields.String()
    through_contact = fields.Boolean()
    asked_at = fields.DateTime()
    answer_by = fields.DateTime()
    done_by = fields.DateTime()
    answered_at = fields.DateTime(allow_none=True)


class OwnHouseholdSchema(Output):
    """The household as its own people see it in passing: masked."""

    code = fields.String()
    status = fields.String()
    head_name = fields.String()
    citizen_id = fields.String()
    phone = fields.String()
    relation = fields.String(metadata={"description": "What the caller is to it; `contact` stands in"})
    consents = fields.List(fields.Nested(OwnConsentSchema))
    requests = fields.List(fields.Nested(OwnRequestSchema))


class OwnActSchema(Output):
    """One line of the household's log."""

    at = fields.DateTime()
    action = fields.String()
    who = fields.String(allow_none=True)
    role = fields.String()
    by_household = fields.Boolean()
    through_contact = fields.Boolean()
    field = fields.String(allow_none=True)
    purpose = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)


OwnLogSchema = page_schema(OwnActSchema, "OwnLog")


class OwnCorrectionInput(Input):
    """What is to change, by field name; `id` is made by the caller, so sending it twice is the same."""

    id = fields.UUID(required=True)
    base_version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    changes = fields.Dict(
        keys=fields.String(validate=validate.Length(max=30)),
        values=fields.String(allow_none=True, validate=validate.Length(max=300)),
        required=True,
        validate=validate.Length(min=1, max=9),
    )


class OwnCorrectionSchema(Output):
    """A correction that waits for the commune, or was decided."""

    id = fields.UUID()
    status = fields.String()


class OwnErasureInput(Input):
    """`id` is made by the caller, so sending it twice is the same."""

    id = fields.UUID(required=True)


class OwnMemberInput(Input):
    """A person of the household; with a phone they sign in."""

    name = text(max_length=80)
    relation = fields.String(
        required=True, validate=validate.OneOf([str(one) for one in Relation if one is not Relation.HEAD])
    )
    birth_year = fields.Integer(load_default=None, allow_none=True, strict=True)
    phone = fields.String(load_default="", validate=validate.Length(max=20))

    @post_load
    def _build(self, data: dict[str, Any], **_more: Any) -> dict[str, Any]:
        return data | {"relation": Relation(data["relation"])}


class OwnMemberSchema(Output):
    """A person of the household, as its own people see them."""

    id = fields.UUID()
    name = fields.String()
    birth_year = fields.String(allow_none=True)
    relation = fields.String()
    phone_masked = fields.String()
    signs_in = fields.Boolean()
