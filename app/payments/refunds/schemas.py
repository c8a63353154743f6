"""What goes in and out about refunds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import fields, post_load, validate

from app.core.api import Input, Output, money, page_schema, text
from app.payments.refunds.operations import Line


@dataclass(frozen=True)
class NewRefund:
    """A refund as asked for. `amount_vnd` None: all that is left."""

    amount_vnd: int | None
    reason: str
    lines: list[Line]


class NewLineSchema(Input):
    """What is given back, as the order or sale names it."""

    line = text(max_length=100)
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=1_000_000))
    amount_vnd = money()

    @post_load
    def _made(self, data: dict[str, Any], **_more: Any) -> Line:
        return Line(**data)


class NewRefundSchema(Input):
    """Give money back. Without `amount_vnd`, all that is left; with `lines`, they must add up to it."""

    amount_vnd = money(required=False, load_default=None, allow_none=True)
    reason = text(max_length=500)
    lines = fields.List(fields.Nested(NewLineSchema), load_default=list, validate=validate.Length(max=100))

    @post_load
    def _made(self, data: dict[str, Any], **_more: Any) -> NewRefund:
        return NewRefund(**data)


class LineSchema(Output):
    """What was given back."""

    line = fields.String()
    quantity = fields.Integer()
    amount_vnd = fields.Integer()


class RefundSchema(Output):
    """A refund. `seller_vnd` comes from the seller's money we hold, `debt_vnd` the seller owes from later sales."""

    id = fields.UUID()
    request_code = fields.String()
    amount_vnd = fields.Integer()
    fees_vnd = fields.Integer(metadata={"description": "Given back of commission and tax that were withheld"})
    seller_vnd = fields.Integer()
    debt_vnd = fields.Integer()
    reason = fields.String()
    lines = fields.List(fields.Nested(LineSchema))
    way = fields.String(metadata={"enum": ["card", "bank_transfer"]})
    status = fields.String(
        metadata={"enum": ["asking", "unknown", "on_its_way", "waiting", "succeeded", "refused", "cancelled"]}
    )
    failure_code = fields.String(allow_none=True)
    instead_of_id = fields.UUID(allow_none=True)
    bank_reference = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


RefundPageSchema = page_schema(RefundSchema, "RefundPage")
