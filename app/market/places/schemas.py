"""What comes into and goes out of the API of stalls."""

from __future__ import annotations

from marshmallow import fields

from app.core.api import Input, Output, money

from .models import MAX_SALE_VND


class AskSchema(Input):
    """An amount to ask the buyer for, in đồng."""

    amount_vnd = money(maximum=MAX_SALE_VND)


class MarketSchema(Output):
    """Where the stall stands."""

    code = fields.String()
    name = fields.String()
    commune_code = fields.String()
    meeting_rule = fields.String()


class StallPayeeSchema(Output):
    """Whose account the sticker must show."""

    name = fields.String()
    bank_bin = fields.String(allow_none=True)
    bank_name = fields.String(allow_none=True)
    account_masked = fields.String(allow_none=True)


class StallSchema(Output):
    """A stall as the public sees it. `vietqr` is the text of its static QR; the payer types the amount."""

    code = fields.String()
    number = fields.String()
    name = fields.String()
    market = fields.Nested(MarketSchema)
    seller_code = fields.String()
    payee = fields.Nested(StallPayeeSchema)
    payment_code = fields.String(allow_none=True)
    vietqr = fields.String(allow_none=True)
    url = fields.String()
