"""What goes out about payment requests."""

from __future__ import annotations

from marshmallow import fields

from app.core.api import Output


class PayeeSchema(Output):
    """Who is paid: a public name and a masked account."""

    name = fields.String()
    bank_bin = fields.String(allow_none=True)
    bank_name = fields.String(allow_none=True)
    account_masked = fields.String(allow_none=True)


class PaymentRequestSchema(Output):
    """A payment request. `vietqr` is the text to draw as a QR while it is open."""

    code = fields.String()
    payee = fields.Nested(PayeeSchema)
    method = fields.String()
    amount_vnd = fields.Integer()
    paid_vnd = fields.Integer()
    refunding_vnd = fields.Integer(metadata={"description": "On its way back to the payer"})
    refunded_vnd = fields.Integer(metadata={"description": "Back with the payer"})
    vietqr = fields.String(allow_none=True)
    card_client_secret = fields.String(allow_none=True)
    expires_at = fields.AwareDateTime()
    status = fields.String(metadata={"enum": ["asked", "part_paid", "paid", "expired", "cancelled", "refunded"]})
    paid_at = fields.AwareDateTime(allow_none=True)
