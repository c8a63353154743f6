"""Joins refunds to the gateway's events and to the check of the books."""

from __future__ import annotations

from flask import Flask

from app.payments.card_payouts import sources
from app.payments.cards import listeners
from app.payments.ledger.books import register_invariant
from app.payments.refunds import operations, queries

# `charge.refunded` names no refund and always comes with one of these.
EVENTS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")


def install(_app: Flask) -> None:
    """Listen to the gateway, and name the invariants between refunds, requests and ledger."""
    for event_type in EVENTS:
        listeners.listen(event_type, operations.take_word)
    sources.know_refunds(queries.by_gateway_ids)
    register_invariant(
        "the ledger sent out what succeeded refunds say, and nothing for any other refund",
        """
        SELECT refund.id::text FROM refund
        LEFT JOIN ledger_transfer AS transfer
            ON transfer.purpose_kind = 'refund' AND transfer.purpose_id = refund.id
           AND transfer.kind IN ('posted', 'post_pending')
        LEFT JOIN ledger_account AS source ON source.id = transfer.from_account_id
        LEFT JOIN ledger_account AS target ON target.id = transfer.to_account_id
        GROUP BY refund.id
        HAVING coalesce(sum(CASE WHEN target.kind IN ('outside_card', 'outside_payer') THEN transfer.amount_vnd
                                 WHEN source.kind IN ('outside_card', 'outside_payer') THEN -transfer.amount_vnd
                                 ELSE 0 END), 0)
            <> CASE refund.status WHEN 'succeeded' THEN refund.amount_vnd ELSE 0 END
        """,
    )
    register_invariant(
        "a refund under way holds its amount in reserve, every other none",
        """
        SELECT refund.id::text FROM refund
        LEFT JOIN ledger_transfer AS held
            ON held.purpose_kind = 'refund' AND held.purpose_id = refund.id AND held.kind = 'pending'
           AND NOT EXISTS (SELECT FROM ledger_transfer AS resolution WHERE resolution.pending_id = held.id)
        GROUP BY refund.id
        HAVING coalesce(sum(held.amount_vnd), 0)
            <> CASE WHEN refund.status IN ('asking', 'unknown', 'on_its_way', 'waiting')
                    THEN refund.amount_vnd ELSE 0 END
        """,
    )
    register_invariant(
        "what went back or is going back of a request is the sum of its refunds, never above what was paid",
        """
        SELECT request.code FROM payment_request AS request
        LEFT JOIN refund ON refund.request_id = request.id
        GROUP BY request.id
        HAVING request.refunded_vnd <> coalesce(sum(refund.amount_vnd) FILTER (WHERE refund.status = 'succeeded'), 0)
            OR request.refunding_vnd <> coalesce(sum(refund.amount_vnd) FILTER (WHERE refund.status IN
                   ('asking', 'unknown', 'on_its_way', 'waiting')), 0)
            OR request.refunded_vnd + request.refunding_vnd > request.paid_vnd
            OR (request.status = 'paid' AND request.paid_vnd > 0 AND request.refunded_vnd = request.paid_vnd)
        """,
    )
    register_invariant(
        "money moved for a refund has its refund",
        """
        SELECT transfer.id::text FROM ledger_transfer AS transfer
        WHERE transfer.purpose_kind = 'refund'
          AND NOT EXISTS (SELECT FROM refund WHERE refund.id = transfer.purpose_id)
        """,
    )
