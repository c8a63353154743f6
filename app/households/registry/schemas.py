"""Shapes of households in the API. What goes out is masked."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from app.core.api import Input, Output, text

from .models import How, Purpose
from .people import NewHousehold, SalesAccount


class SalesAccountInput(Input):
    """The seller's own bank account."""

    bin = text(max_length=6)
    number = text(max_length=30)
    holder = text(max_length=80)

    @post_load
    def _build(self, data: dict[str, Any], **_more: Any) -> SalesAccount:
        return SalesAccount(**data)


class ConsentInput(Input):
    """One purpose that was said yes to."""

    purpose = fields.String(required=True, validate=validate.OneOf([str(purpose) for purpose in Purpose]))
    how = fields.String(required=True, validate=validate.OneOf([str(How.SPOKEN), str(How.SIGNED)]))


class HouseholdInput(Input):
    """A registration. `client_id` is a UUID made on the phone; sending the same again is harmless."""

    client_id = fields.UUID(required=True)
    head_name = text(max_length=80)
    citizen_id = text(max_length=20)
    phone = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=20))
    phone_is_contact = fields.Boolean(load_default=False)
    address = text(max_length=200)
    hamlet_code = text(max_length=12)
    sales_account = fields.Nested(SalesAccountInput, load_default=None, allow_none=True)
    consents = fields.List(fields.Nested(ConsentInput), required=True, validate=validate.Length(max=10))

    @post_load
    def _build(self, data: dict[str, Any], **_more: Any) -> NewHousehold:
        said_yes = {Purpose(entry["purpose"]): How(entry["how"]) for entry in data.pop("consents")}
        return NewHousehold(consents=said_yes, **data)


class HouseholdSchema(Output):
    """A household as its team and officers may see it in passing."""

    code = fields.String()
    status = fields.String()
    return_reason = fields.String(allow_none=True)
    commune_code = fields.String()
    hamlet_code = fields.String()
    head_name = fields.String()
    citizen_id = fields.String()
    phone = fields.String()
    phone_is_contact = fields.Boolean()
    has_sales_account = fields.Boolean()


class ReasonInput(Input):
    """What the team has to mend."""

    reason = text(max_length=300)
