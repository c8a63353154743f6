"""What goes in and out about money held on cards."""

from __future__ import annotations

from marshmallow import fields

from app.core.api import Input, Output, money


class CaptureSchema(Input):
    """Take what is held. Without `amount_vnd`, all of it."""

    amount_vnd = money(required=False, load_default=None, allow_none=True)


class ReleaseSchema(Input):
    """Let go of what is held. There is nothing to say."""


class HoldSchema(Output):
    """A card payment that is, or was, only held. `capturing` and `releasing`: the gateway has not answered yet."""

    id = fields.UUID()
    amount_vnd = fields.Integer()
    capture_vnd = fields.Integer(allow_none=True)
    received_vnd = fields.Integer(allow_none=True)
    status = fields.String(metadata={"enum": ["held", "capturing", "releasing", "succeeded", "cancelled"]})
    held_at = fields.AwareDateTime(allow_none=True)
    held_until = fields.AwareDateTime(allow_none=True)
