"""Joins the gateway's payouts to its events, its wire and the check of the books."""

from __future__ import annotations

from flask import Flask

from app.payments.card_payouts import gateway, operations
from app.payments.cards import gateway as cards
from app.payments.cards import listeners
from app.payments.ledger.books import register_invariant

EVENTS = (
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "payout.reconciliation_completed",
)


def install(app: Flask) -> None:
    """Set this process's gateway, listen to it, and name the invariants between payouts and ledger."""
    config = app.config["CHOPHIEN"]
    stripe = cards.StripeGateway(secret_key=config.stripe_secret_key, api_base=config.stripe_api_base)
    gateway.use(gateway.StripePayouts(stripe.client))
    for event_type in EVENTS:
        listeners.listen(event_type, operations.take_word)
    register_invariant(
        "a booked payout of the card gateway moved its net amount, if it arrived, and its fee, and no other did",
        """
        SELECT payout.payout_id FROM card_payout AS payout
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(CASE WHEN source.kind = 'outside_bank' THEN transfer.amount_vnd
                                     WHEN target.kind = 'outside_bank' THEN -transfer.amount_vnd ELSE 0 END), 0) AS net,
                   coalesce(sum(CASE WHEN source.kind = 'gateway_fee' THEN transfer.amount_vnd
                                     WHEN target.kind = 'gateway_fee' THEN -transfer.amount_vnd ELSE 0 END), 0) AS fee
            FROM ledger_transfer AS transfer
            JOIN ledger_account AS source ON source.id = transfer.from_account_id
            JOIN ledger_account AS target ON target.id = transfer.to_account_id
            WHERE transfer.purpose_kind = 'card_payout' AND transfer.purpose_id = payout.id) AS moved ON true
        WHERE moved.net <> CASE WHEN payout.net_booked AND payout.net_reversal_id IS NULL
                                THEN payout.amount_vnd ELSE 0 END
           OR moved.fee <> CASE WHEN payout.booked_at IS NOT NULL THEN payout.fee_vnd ELSE 0 END
           OR (payout.net_booked AND payout.net_reversal_id IS NULL AND payout.status <> 'paid')
        """,
    )
    register_invariant(
        "money moved for a payout of the card gateway has its payout",
        """
        SELECT transfer.id::text FROM ledger_transfer AS transfer
        WHERE transfer.purpose_kind = 'card_payout'
          AND NOT EXISTS (SELECT FROM card_payout AS payout WHERE payout.id = transfer.purpose_id)
        """,
    )
    register_invariant(
        "a payout of the card gateway says of itself what its lines come to",
        """
        SELECT payout.payout_id FROM card_payout AS payout
        LEFT JOIN card_payout_line AS line ON line.payout_id = payout.id
        WHERE payout.lines_at IS NOT NULL
        GROUP BY payout.id
        HAVING payout.gross_vnd + payout.refunds_vnd + payout.other_vnd - payout.fee_vnd
                <> coalesce(sum(line.net_vnd), 0)
            OR payout.differences <> count(*) FILTER (WHERE line.difference IS NOT NULL)
        """,
    )
    register_invariant(
        "what the card gateway owes is all it took and neither gave back, nor kept, nor paid out",
        """
        SELECT ledger.owed_vnd::text FROM (
            SELECT coalesce(-sum(entry.amount_vnd), 0) AS owed_vnd FROM ledger_entry AS entry
            JOIN ledger_account AS account ON account.id = entry.account_id
            WHERE account.kind = 'outside_card' AND account.owner_id = 'stripe') AS ledger
        CROSS JOIN (
            SELECT (SELECT coalesce(sum(received_vnd), 0) FROM card_payment)
                 - (SELECT coalesce(sum(amount_vnd), 0) FROM refund WHERE way = 'card' AND status = 'succeeded')
                 - (SELECT coalesce(sum(amount_vnd), 0) FROM card_return WHERE status = 'returned')
                 - (SELECT coalesce(sum(fee_vnd), 0) FROM card_payout WHERE booked_at IS NOT NULL)
                 - (SELECT coalesce(sum(amount_vnd), 0) FROM card_payout
                    WHERE net_booked AND net_reversal_id IS NULL) AS owed_vnd) AS told
        WHERE ledger.owed_vnd <> told.owed_vnd
        """,
    )
    register_invariant(
        "a card payment counts as paid out when one fitting line of a payout says so",
        """
        SELECT payment.id::text FROM card_payment AS payment
        LEFT JOIN card_payout_line AS line
            ON line.card_payment_id = payment.id AND line.difference IS NULL AND line.amount_vnd > 0
        WHERE (payment.settled_at IS NOT NULL) <> (line.id IS NOT NULL)
        """,
    )
