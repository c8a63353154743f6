"""Joins bank notices to the check of the books."""

from __future__ import annotations

from flask import Flask

from app.payments.ledger.books import register_invariant


def install(_app: Flask) -> None:
    """Name the invariants between notices and ledger."""
    register_invariant(
        "every handled notice of arrived money is allocated to the last đồng, every other not at all",
        """
        SELECT notice.id::text FROM bank_notice AS notice
        LEFT JOIN notice_allocation AS part ON part.notice_id = notice.id
        GROUP BY notice.id
        HAVING coalesce(sum(part.amount_vnd), 0)
            <> CASE WHEN notice.direction = 'in' AND notice.outcome <> 'known' THEN notice.amount_vnd ELSE 0 END
        """,
    )
    register_invariant(
        "every allocation of a notice is a ledger transfer of its amount from that bank",
        """
        SELECT part.transfer_id::text FROM notice_allocation AS part
        JOIN bank_notice AS notice ON notice.id = part.notice_id
        JOIN ledger_transfer AS transfer ON transfer.id = part.transfer_id
        JOIN ledger_account AS source ON source.id = transfer.from_account_id
        WHERE transfer.amount_vnd <> part.amount_vnd OR source.kind <> 'outside_bank' OR source.owner_id <> notice.wire
        """,
    )
    register_invariant(
        "every đồng the ledger took from a bank is told of by a notice, or comes back from a return to its sender",
        """
        SELECT transfer.id::text FROM ledger_transfer AS transfer
        JOIN ledger_account AS source ON source.id = transfer.from_account_id AND source.kind = 'outside_bank'
        WHERE source.owner_id IN ('sepay', 'payos', 'casso', 'statement')
          AND transfer.reverses_id IS NULL
          AND NOT EXISTS (SELECT FROM notice_allocation AS part WHERE part.transfer_id = transfer.id)
        """,
    )
    register_invariant(
        "money told of twice counts once: what is known says where, and that is counted",
        """
        SELECT notice.id::text FROM bank_notice AS notice
        LEFT JOIN bank_notice AS twin ON twin.id = notice.same_as
        WHERE notice.outcome = 'known' AND (twin.direction, twin.amount_vnd)
                IS DISTINCT FROM (notice.direction, notice.amount_vnd)
           OR notice.outcome = 'known' AND twin.reference <> notice.reference
                AND '' NOT IN (twin.reference, notice.reference)
           OR notice.outcome = 'known' AND (twin.outcome IS NULL OR twin.outcome IN ('ignored', 'known', 'undone'))
        """,
    )
