"""Joins test transfers to payouts and to the check of the books."""

from __future__ import annotations

from flask import Flask

from app.payments.ledger.books import register_invariant
from app.payments.payouts import purposes
from app.payments.payouts.models import PROBE

from .operations import Probes


def install(_app: Flask) -> None:
    """Name who answers for payouts of this purpose, and the invariants."""
    purposes.register(PROBE, Probes())
    register_invariant(
        "a test transfer stands where its payout stands, and no test payout goes out that nobody asked for",
        """
        SELECT coalesce(probe.id, payout.id)::text
        FROM (SELECT * FROM account_probe WHERE payout_id IS NOT NULL) AS probe
        FULL JOIN (SELECT * FROM payout WHERE purpose = 'probe') AS payout ON payout.id = probe.payout_id
        WHERE payout.id IS NULL
           OR (probe.id IS NULL AND payout.status <> 'cancelled')
           OR (probe.id IS NOT NULL AND (
                probe.bank_account_id <> payout.bank_account_id OR probe.payee_id <> payout.payee_id
                OR probe.status <> CASE payout.status WHEN 'confirmed' THEN 'confirmed' WHEN 'returned' THEN 'failed'
                    WHEN 'cancelled' THEN 'withdrawn' ELSE 'under_way' END))
        """,
    )
    register_invariant(
        "the platform's own money moves only for test transfers, 1,000 đ each",
        """
        SELECT transfer.id::text FROM ledger_transfer AS transfer
        JOIN ledger_account AS side ON side.id IN (transfer.from_account_id, transfer.to_account_id)
            AND side.kind = 'platform_funds'
        WHERE transfer.purpose_kind IS DISTINCT FROM 'payout'
           OR transfer.amount_vnd <> CASE WHEN transfer.kind = 'void_pending' THEN 0 ELSE 1000 END
           OR NOT EXISTS (SELECT FROM payout WHERE payout.id = transfer.purpose_id AND payout.purpose = 'probe')
        """,
    )
