"""What comes in and goes out over the API."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from app.core.api import Input, Output, page_schema
from app.market.catalogue.schemas import NewProduct, NewProductSchema

from .models import Status
from .services import Decision


class NewListingSchema(NewProductSchema):
    """A product for a household; `photo_key` is what the photo's PUT answered."""

    photo_key = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"[0-9a-f]{40}\Z"))

    @post_load
    def _make(self, data: dict[str, Any], **_kwargs: Any) -> Any:
        return data.pop("photo_key"), NewProduct(**data)


class ListingPhotoSchema(Output):
    """A photo that was kept."""

    photo_key = fields.String()


class AnswerInput(Input):
    """A household's word. `digits` are the six of the text message; nobody needs them who is signed in for it."""

    digits = fields.String(load_default="", validate=validate.Length(max=20))
    decision = fields.Enum(Decision, by_value=True, load_default=None, allow_none=True)


class ListingSchema(Output):
    """A listing; `price_vnd` in đồng for one `unit`. There is a `product_code` once it is on the market."""

    code = fields.String()
    name = fields.String()
    unit = fields.String()
    price_vnd = fields.Integer()
    stock = fields.Integer()
    who = fields.String(metadata={"description": "Who wrote it down"})
    status = fields.Enum(Status, by_value=True)
    listed_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    undo_until = fields.AwareDateTime(allow_none=True)
    can_be_undone = fields.Boolean()
    product_code = fields.String(allow_none=True)


ListingPageSchema = page_schema(ListingSchema, "AssistedListingPage")
