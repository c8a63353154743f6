"""What goes out about suspense."""

from __future__ import annotations

from marshmallow import fields

from app.core.api import Output


class SuspenseItemSchema(Output):
    """Money that waits for a person."""

    notice_id = fields.UUID()
    wire = fields.String()
    outcome = fields.String()
    amount_vnd = fields.Integer()
    notice_amount_vnd = fields.Integer()
    account_masked = fields.String()
    memo = fields.String()
    reference = fields.String()
    request_code = fields.String(allow_none=True)
    event_at = fields.AwareDateTime()
    received_at = fields.AwareDateTime()
