"""What goes out about the gateway's payouts."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from app.core.api import Output, PageQuery, page_schema
from app.payments.card_payouts.models import CardPayout
from app.payments.card_payouts.queries import LineItem


class PayoutQuery(PageQuery):
    """All, or only what does not fit."""

    only_wrong = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(["1"]))


class CardPayoutSchema(Output):
    """A payout of the card gateway, in đồng. `off_vnd` is by how much it differs from its lines."""

    id = fields.UUID()
    payout_id = fields.String(metadata={"description": "The gateway's name of it"})
    status = fields.String(metadata={"enum": ["pending", "in_transit", "paid", "failed", "canceled"]})
    automatic = fields.Boolean()
    amount_vnd = fields.Integer()
    gross_vnd = fields.Integer()
    refunds_vnd = fields.Integer()
    other_vnd = fields.Integer()
    fee_vnd = fields.Integer()
    off_vnd = fields.Integer()
    differences = fields.Integer(metadata={"description": "How many lines do not fit our books"})
    arrives_on = fields.Date()
    event_at = fields.AwareDateTime()
    booked_at = fields.AwareDateTime(allow_none=True)


class CardPayoutLineSchema(Output):
    """One balance transaction of a payout, in đồng, and what of ours it is."""

    txn_id = fields.String()
    type = fields.String()
    amount_vnd = fields.Integer()
    fee_vnd = fields.Integer()
    net_vnd = fields.Integer()
    source_id = fields.String(allow_none=True)
    request_code = fields.String(allow_none=True)
    difference = fields.String(
        allow_none=True, metadata={"enum": ["unknown", "amount", "not_charged", "twice", "other"]}
    )
    event_at = fields.AwareDateTime()


CardPayoutPageSchema = page_schema(CardPayoutSchema, "CardPayoutPage")
CardPayoutLinePageSchema = page_schema(CardPayoutLineSchema, "CardPayoutLinePage")


def present_payout(payout: CardPayout) -> dict[str, Any]:
    """A payout for `CardPayoutSchema`."""
    return {name: getattr(payout, name) for name in CardPayoutSchema._declared_fields}


def present_line(item: LineItem) -> dict[str, Any]:
    """A line for `CardPayoutLineSchema`."""
    names = set(CardPayoutLineSchema._declared_fields) - {"request_code"}
    return {name: getattr(item.line, name) for name in names} | {"request_code": item.request_code}
