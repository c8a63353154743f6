"""Joins payment requests to the check of the books."""

from __future__ import annotations

from flask import Flask

from app.payments.ledger.books import register_invariant


def install(_app: Flask) -> None:
    """Name the invariants between requests and ledger."""
    register_invariant(
        "a request's paid amount is what the ledger moved for it",
        """
        SELECT request.code FROM payment_request AS request
        LEFT JOIN ledger_transfer AS transfer
            ON transfer.purpose_kind = 'payment_request' AND transfer.purpose_id = request.id
           AND transfer.kind IN ('posted', 'post_pending')
        GROUP BY request.id
        HAVING request.paid_vnd <> coalesce(sum(CASE WHEN transfer.reverses_id IS NULL THEN transfer.amount_vnd
                                                     ELSE -transfer.amount_vnd END), 0)
        """,
    )
    register_invariant(
        "a payee's arrivals are numbered without gaps",
        """
        SELECT payee.id::text FROM payee LEFT JOIN arrival ON arrival.payee_id = payee.id
        GROUP BY payee.id HAVING payee.arrival_seq <> count(arrival.seq)
            OR coalesce(max(arrival.seq), 0) <> payee.arrival_seq
        """,
    )
    register_invariant(
        "every arrival is money the ledger moved to the payee",
        """
        SELECT arrival.payee_id || '/' || arrival.seq FROM arrival
        JOIN ledger_transfer AS transfer ON transfer.id = arrival.transfer_id
        JOIN ledger_account AS account ON account.id = transfer.to_account_id
        WHERE transfer.amount_vnd <> arrival.amount_vnd OR account.owner_id <> arrival.payee_id::text
        """,
    )
