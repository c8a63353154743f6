"""What goes out about payment requests."""

from __future__ import annotations

from marshmallow import fields, validate

from app.core.api import Input, Output, money


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
    missing_vnd = fields.Integer(metadata={"description": "What `vietqr` asks for while it is open"})
    refunding_vnd = fields.Integer(metadata={"description": "On its way back to the payer"})
    refunded_vnd = fields.Integer(metadata={"description": "Back with the payer"})
    vietqr = fields.String(allow_none=True)
    card_client_secret = fields.String(allow_none=True)
    expires_at = fields.AwareDateTime()
    extensions = fields.Integer(metadata={"description": "How often its payer got more time, at most 2"})
    status = fields.String(metadata={"enum": ["asked", "part_paid", "paid", "expired", "cancelled", "refunded"]})
    paid_at = fields.AwareDateTime(allow_none=True)


class ExtensionSchema(Input):
    """Asking for more time. `extensions` is the number last seen, so that two presses of one button count once."""

    extensions = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=100))


class CreditSchema(Input):
    """How much of one's credit with the payee to spend on the request."""

    amount_vnd = money()


class CreditUseSchema(Output):
    """Credit spent on a request."""

    id = fields.UUID()
    amount_vnd = fields.Integer()
    created_at = fields.AwareDateTime()
