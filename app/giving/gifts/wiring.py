"""Joins gifts to payments and to the check of the books."""

from __future__ import annotations

from flask import Flask

from app.payments.ledger.books import register_invariant
from app.payments.requests.purposes import register

from .handler import GiftPurpose
from .operations import PURPOSE_KIND


def install(_app: Flask) -> None:
    """Name the handler and the invariant."""
    register(PURPOSE_KIND, GiftPurpose())
    register_invariant(
        "a gift is received exactly when its request is paid, and has exactly one leaf",
        """
        SELECT gift.code FROM gift
        LEFT JOIN payment_request AS request ON request.purpose_kind = 'gift' AND request.purpose_id = gift.id
        GROUP BY gift.id
        HAVING count(request.id) <> 1
            OR (gift.status = 'received') <> bool_or(request.status IN ('paid', 'refunded'))
            OR (gift.status = 'asked') <> bool_or(request.status IN ('asked', 'part_paid'))
            OR bool_or(request.amount_vnd <> gift.amount_vnd OR request.payee_id <> gift.payee_id)
            OR (SELECT count(*) FROM log_leaf AS leaf
                WHERE leaf.kind = 'gift_received' AND leaf.subject_id = gift.id
                  AND leaf.id = gift.leaf_id AND leaf.code = gift.receipt_number)
               <> CASE gift.status WHEN 'received' THEN 1 ELSE 0 END
        """,
    )
