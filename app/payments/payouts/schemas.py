"""What goes in and out about payouts."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from app.core.api import Input, Output, page_schema
from app.payments.payouts.queries import BatchItem


class NewBatchSchema(Input):
    """A batch for today, of everybody who can be paid now; nothing to choose."""


class BatchSchema(Output):
    """A batch of payouts. Sums count all payouts that go or went to the bank; cancelled ones are left out."""

    id = fields.UUID()
    code = fields.String()
    period = fields.Date()
    status = fields.String(metadata={"enum": ["draft", "approved", "sent", "settled", "cancelled"]})
    payouts = fields.Integer()
    amount_vnd = fields.Integer()
    confirmed_vnd = fields.Integer()
    returned_vnd = fields.Integer()
    drafted_by_clock = fields.Boolean()
    created_at = fields.AwareDateTime()
    approved_at = fields.AwareDateTime(allow_none=True)
    sent_at = fields.AwareDateTime(allow_none=True)
    finished_at = fields.AwareDateTime(allow_none=True)


class PayoutSchema(Output):
    """One payee's money of a batch."""

    id = fields.UUID()
    code = fields.String()
    payee_id = fields.UUID()
    amount_vnd = fields.Integer()
    status = fields.String(metadata={"enum": ["draft", "approved", "sent", "confirmed", "returned", "cancelled"]})
    reason_code = fields.String(allow_none=True)
    bank_reference = fields.String(allow_none=True)
    updated_at = fields.AwareDateTime()


class HeldSchema(Output):
    """Somebody left out of a batch."""

    payee_id = fields.UUID()
    amount_vnd = fields.Integer()
    reason = fields.String(metadata={"enum": ["no_account", "account_changed", "batch_full"]})
    held_until = fields.AwareDateTime(allow_none=True)


class WholeBatchSchema(BatchSchema):
    """A batch with who was held back (the 200 largest)."""

    held = fields.List(fields.Nested(HeldSchema))


BatchPageSchema = page_schema(BatchSchema, "PayoutBatchPage")
PayoutPageSchema = page_schema(PayoutSchema, "PayoutPage")


def present(item: BatchItem) -> dict[str, Any]:
    """The batch for `BatchSchema`."""
    batch, totals = item.batch, item.totals
    own = {name: getattr(batch, name) for name in BatchSchema().fields if hasattr(batch, name)}
    return own | {
        "payouts": totals.payouts,
        "amount_vnd": totals.amount_vnd,
        "confirmed_vnd": totals.sum_vnd.get("confirmed", 0),
        "returned_vnd": totals.sum_vnd.get("returned", 0),
        "drafted_by_clock": batch.created_by is None,
    }
