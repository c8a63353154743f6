"""Joins payouts to the check of the books, and refuses to start with a column map that can't be used."""

from __future__ import annotations

from flask import Flask

from app.payments.ledger.books import register_invariant
from app.payments.payouts.bank_files import read_columns


def install(app: Flask) -> None:
    """Name the invariants between payouts and ledger."""
    read_columns(app.config["CHOPHIEN"].payout_sheet_columns)
    register_invariant(
        "the ledger moved what confirmed payouts say to their payees' banks, and nothing for any other payout",
        """
        SELECT payout.id::text FROM payout
        LEFT JOIN ledger_transfer AS transfer
            ON transfer.purpose_kind = 'payout' AND transfer.purpose_id = payout.id
           AND transfer.kind IN ('posted', 'post_pending')
        LEFT JOIN ledger_account AS source ON source.id = transfer.from_account_id
        LEFT JOIN ledger_account AS target ON target.id = transfer.to_account_id
        GROUP BY payout.id
        HAVING coalesce(sum(CASE
                WHEN target.kind = 'outside_payee' AND source.kind || ' ' || source.owner_id = CASE payout.purpose
                    WHEN 'probe' THEN 'platform_funds platform' ELSE 'payable ' || payout.payee_id END
                    THEN transfer.amount_vnd
                WHEN source.kind = 'outside_payee' AND target.kind || ' ' || target.owner_id = CASE payout.purpose
                    WHEN 'probe' THEN 'platform_funds platform' ELSE 'payable ' || payout.payee_id END
                    THEN -transfer.amount_vnd
                ELSE 0 END), 0)
            <> CASE payout.status WHEN 'confirmed' THEN payout.amount_vnd ELSE 0 END
        """,
    )
    register_invariant(
        "an approved or sent payout holds its amount in reserve, every other none",
        """
        SELECT payout.id::text FROM payout
        LEFT JOIN ledger_transfer AS held
            ON held.purpose_kind = 'payout' AND held.purpose_id = payout.id AND held.kind = 'pending'
           AND NOT EXISTS (SELECT FROM ledger_transfer AS resolution WHERE resolution.pending_id = held.id)
        GROUP BY payout.id
        HAVING coalesce(sum(held.amount_vnd), 0)
            <> CASE WHEN payout.status IN ('approved', 'sent') THEN payout.amount_vnd ELSE 0 END
        """,
    )
    register_invariant(
        "all money between the ledger and payees' own banks is told of by a payout",
        """
        SELECT transfer.id::text FROM ledger_transfer AS transfer
        JOIN ledger_account AS side ON side.id IN (transfer.from_account_id, transfer.to_account_id)
            AND side.kind = 'outside_payee'
        WHERE transfer.purpose_kind IS DISTINCT FROM 'payout'
           OR NOT EXISTS (SELECT FROM payout WHERE payout.id = transfer.purpose_id)
        """,
    )
    register_invariant(
        "a batch stands where its payouts stand",
        """
        SELECT batch.code FROM payout_batch AS batch JOIN payout ON payout.batch_id = batch.id
        GROUP BY batch.id
        HAVING CASE batch.status
            WHEN 'draft' THEN bool_or(payout.status <> 'draft')
            WHEN 'approved' THEN bool_or(payout.status NOT IN ('approved', 'cancelled'))
            WHEN 'sent' THEN bool_or(payout.status IN ('draft', 'approved')) OR NOT bool_or(payout.status = 'sent')
            WHEN 'settled' THEN bool_or(payout.status IN ('draft', 'approved', 'sent'))
            ELSE bool_or(payout.status <> 'cancelled') END
        """,
    )
