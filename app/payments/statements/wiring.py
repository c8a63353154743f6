"""Joins the feed to its wire, and imports to the check of the books."""

from __future__ import annotations

from flask import Flask

from app.payments.ledger.books import register_invariant
from app.payments.statements import feed


def install(app: Flask) -> None:
    """Set this process's feed; name the invariants between imported lines, notices and ledger."""
    config = app.config["CHOPHIEN"]
    feed.use(feed.HttpFeed(config.bank_feed_url, config.bank_feed_key) if config.bank_feed_url else None)
    register_invariant(
        "an imported line that was taken back is reversed in whole, and no other imported money is",
        """
        SELECT notice.id::text FROM bank_notice AS notice
        JOIN notice_allocation AS part ON part.notice_id = notice.id AND part.request_id IS NULL
        LEFT JOIN ledger_transfer AS back ON back.reverses_id = part.transfer_id
        LEFT JOIN statement_line AS line ON line.notice_id = notice.id
        WHERE notice.wire = 'statement'
          AND (back.id IS DISTINCT FROM line.undo_transfer_id OR (notice.outcome = 'undone') <> (back.id IS NOT NULL))
        """,
    )
    register_invariant(
        "every notice from a statement is a line that was imported, of the same amount",
        """
        SELECT notice.id::text FROM bank_notice AS notice
        LEFT JOIN statement_line AS line ON line.id::text = notice.external_id
        WHERE notice.wire = 'statement' AND line.amount_vnd IS DISTINCT FROM notice.amount_vnd
        """,
    )
