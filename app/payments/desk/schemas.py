"""What comes in and goes out at the desk."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from app.core.api import Input, Output, money, text
from app.core.codes import normalise
from app.payments.desk.models import Choice, Kind
from app.payments.desk.operations import MAX_PARTS, MAX_REASON, MAX_REFERENCE, MIN_REASON
from app.payments.desk.wanted import Wish


class SuspenseItemSchema(Output):
    """Money that waits for a person."""

    notice_id = fields.UUID()
    wire = fields.String()
    outcome = fields.String()
    amount_vnd = fields.Integer(metadata={"description": "What nobody decided about yet"})
    proposed_vnd = fields.Integer(metadata={"description": "What waits for a second person"})
    suspense_vnd = fields.Integer(metadata={"description": "What came into suspense at first"})
    notice_amount_vnd = fields.Integer()
    account_masked = fields.String()
    memo = fields.String()
    reference = fields.String()
    request_code = fields.String(allow_none=True)
    event_at = fields.AwareDateTime()
    received_at = fields.AwareDateTime()


class WishSchema(Input):
    """Part of the money: to the request of a code, or back to its sender by the bank transfer of a reference.

    `same_money`: all of it is told of by another notice too, which counts.
    """

    kind = fields.String(
        required=True, validate=validate.OneOf([Kind.ATTACH.value, Kind.RETURN_TO_SENDER.value, Kind.SAME_MONEY.value])
    )
    amount_vnd = money()
    reason = text(min_length=MIN_REASON, max_length=MAX_REASON)
    request_code = text(max_length=60, required=False, load_default=None, allow_none=True)
    bank_reference = text(max_length=MAX_REFERENCE, required=False, load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> Wish:
        """The wish, its code as we store codes."""
        code = data.pop("request_code")
        return Wish(
            kind=Kind(data["kind"]),
            amount_vnd=data["amount_vnd"],
            reason=data["reason"],
            request_code=normalise(code) if code else None,
            bank_reference=data["bank_reference"],
        )


class ActSchema(Input):
    """Parts of one notice's money, moved together or not at all."""

    actions = fields.List(fields.Nested(WishSchema), required=True, validate=validate.Length(min=1, max=MAX_PARTS))


class ReasonSchema(Input):
    """Why."""

    reason = text(min_length=MIN_REASON, max_length=MAX_REASON)


class ActionSchema(Output):
    """One action; `state` is `proposed` until a second person approves one above the limit.

    While `undo_asked_by` of a done one is set, its undo waits for a second person: `undo` by another, or `keep`.
    """

    id = fields.UUID()
    kind = fields.String(metadata={"enum": [str(kind) for kind in Kind]})
    state = fields.String(metadata={"enum": ["proposed", "done", "undone", "rejected"]})
    amount_vnd = fields.Integer()
    request_code = fields.String(allow_none=True)
    bank_reference = fields.String(allow_none=True)
    reason = fields.String()
    needs_approval = fields.Boolean()
    created_by = fields.UUID()
    created_at = fields.AwareDateTime()
    approved_by = fields.UUID(allow_none=True)
    done_at = fields.AwareDateTime(allow_none=True)
    transfer_id = fields.UUID(allow_none=True)
    closed_by = fields.UUID(allow_none=True)
    closed_at = fields.AwareDateTime(allow_none=True)
    closed_reason = fields.String(allow_none=True)
    undo_asked_by = fields.UUID(allow_none=True)
    undo_asked_at = fields.AwareDateTime(allow_none=True)
    undo_reason = fields.String(allow_none=True)


class ActionsSchema(Output):
    """The actions of one notice, oldest first."""

    items = fields.List(fields.Nested(ActionSchema))


class PayerAccountSchema(Input):
    """Where a payer wants money back."""

    bin = text(max_length=6, min_length=6)
    number = text(max_length=30, min_length=6)
    holder = text(max_length=100, min_length=2)


class WantedSchema(Input):
    """What a payer wants done with money above what was asked; `account` goes with `send_back`."""

    choice = fields.String(required=True, validate=validate.OneOf([str(choice) for choice in Choice]))
    account = fields.Nested(PayerAccountSchema, load_default=None, allow_none=True)


class ExcessSchema(Output):
    """Money named for a payment request that it did not take. Of a transfer it lies in the payee's own bank account."""

    notice_id = fields.UUID()
    outcome = fields.String(metadata={"enum": ["overpaid", "duplicate", "late", "wrong_account", "unmatched"]})
    event_at = fields.AwareDateTime()
    amount_vnd = fields.Integer()
    waiting_vnd = fields.Integer(metadata={"description": "What nobody decided about yet"})
    proposed_vnd = fields.Integer()
    kept_vnd = fields.Integer(metadata={"description": "Left with the payee as the payer's credit"})
    returned_vnd = fields.Integer()
    choice = fields.String(allow_none=True, metadata={"enum": [str(choice) for choice in Choice]})
    to_account = fields.String(metadata={"description": "Where it shall go back to, masked"})


class ExcessesSchema(Output):
    """All of one request, oldest first."""

    items = fields.List(fields.Nested(ExcessSchema))
