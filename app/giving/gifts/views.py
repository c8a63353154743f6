"""A gift as people and programs see it. Nothing personal leaves here."""

from __future__ import annotations

from typing import Any

from app.giving.log import queries as log
from app.payments.requests import queries as request_queries
from app.payments.requests.models import PaymentRequest, Purpose
from app.payments.requests.states import State as RequestState
from app.payments.requests.views import present as present_request

from .models import Gift
from .operations import PURPOSE_KIND
from .states import State


def request_of(gift: Gift) -> PaymentRequest:
    """What is to pay for it."""
    [request] = request_queries.for_purpose(Purpose(PURPOSE_KIND, gift.id))
    return request


def present(gift: Gift, *, card_client_secret: str | None = None) -> dict[str, Any]:
    """For `GiftSchema`. Money paid back is the request's fact, so a refund is read from there.

    Args:
        card_client_secret: what a card form needs; told once, to whoever gave.
    """
    request = request_of(gift)
    receipt = present_receipt(gift)
    return {
        "code": gift.code,
        "status": State.REFUNDED if request.status == RequestState.REFUNDED else State(gift.status),
        "household_code": gift.household_code,
        "commune_code": gift.commune_code,
        "amount_vnd": gift.amount_vnd,
        "method": gift.method,
        "created_at": gift.created_at,
        "received_at": gift.received_at,
        "receipt": receipt,
        "logging": gift.leaf_id is not None and receipt is None,
        "payment_request": present_request(request, card_client_secret=card_client_secret),
    }


def present_receipt(gift: Gift) -> dict[str, Any] | None:
    """The receipt with its proof; None before the leaf has its place in the log."""
    proof = log.receipt_proof(gift.leaf_id) if gift.leaf_id else None
    if proof is None:
        return None
    return {
        "number": gift.receipt_number,
        "leaf": proof.leaf_base64,
        "index": proof.index,
        "tree_size": proof.tree_size,
        "proof": proof.proof,
        "checkpoint": proof.checkpoint,
    }
