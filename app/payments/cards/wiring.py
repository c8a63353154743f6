"""Joins card payments to the gateway's wire and to the check of the books."""

from __future__ import annotations

from flask import Flask

from app.payments.cards import gateway, webhooks
from app.payments.ledger.books import register_invariant


def install(app: Flask) -> None:
    """Set this process's gateway, open the door for its events, name the invariants between payments and ledger."""
    config = app.config["CHOPHIEN"]
    gateway.use(gateway.StripeGateway(secret_key=config.stripe_secret_key, api_base=config.stripe_api_base))
    app.register_blueprint(webhooks.bp)
    register_invariant(
        "a charged card is one ledger transfer of what the gateway took, every other card payment none",
        """
        SELECT payment.id::text FROM card_payment AS payment
        LEFT JOIN ledger_transfer AS transfer ON transfer.id = payment.id
        WHERE (payment.status = 'succeeded') <> (transfer.id IS NOT NULL)
           OR transfer.amount_vnd <> payment.received_vnd
        """,
    )
    register_invariant(
        "every đồng the ledger took from the card gateway is told of by a card payment, or came back",
        """
        SELECT transfer.id::text FROM ledger_transfer AS transfer
        JOIN ledger_account AS source ON source.id = transfer.from_account_id AND source.kind = 'outside_card'
        WHERE source.owner_id = 'stripe'
          AND coalesce(transfer.purpose_kind, '') NOT IN ('refund', 'card_return', 'card_payout')
          AND NOT EXISTS (SELECT FROM card_payment AS payment WHERE payment.id = transfer.id)
        """,
    )
    register_invariant(
        "a card's money went where its outcome says: to its request's payee, or into suspense",
        """
        SELECT payment.id::text FROM card_payment AS payment
        JOIN payment_request AS request ON request.id = payment.request_id
        JOIN ledger_transfer AS transfer ON transfer.id = payment.id
        JOIN ledger_account AS source ON source.id = transfer.from_account_id
        JOIN ledger_account AS target ON target.id = transfer.to_account_id
        WHERE source.kind || ' ' || source.owner_id <> 'outside_card stripe'
           OR target.kind || ' ' || target.owner_id <> CASE payment.outcome
                WHEN 'matched' THEN 'payable ' || request.payee_id ELSE 'suspense stripe' END
        """,
    )
    register_invariant(
        "what the card gateway gave back out of suspense is what its payments say, and the ledger",
        """
        SELECT payment.id::text FROM card_payment AS payment
        LEFT JOIN card_return AS made ON made.payment_id = payment.id
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(CASE WHEN target.kind = 'outside_card' THEN transfer.amount_vnd
                                     ELSE -transfer.amount_vnd END), 0) AS moved_vnd
            FROM ledger_transfer AS transfer JOIN ledger_account AS target ON target.id = transfer.to_account_id
            WHERE transfer.purpose_kind = 'card_return' AND transfer.purpose_id = made.id) AS ledger ON true
        GROUP BY payment.id
        HAVING payment.returned_vnd <> coalesce(sum(made.amount_vnd) FILTER (WHERE made.status = 'returned'), 0)
            OR bool_or(ledger.moved_vnd <> CASE made.status WHEN 'returned' THEN made.amount_vnd ELSE 0 END)
        """,
    )
    register_invariant(
        "the card gateway's suspense account holds what waits there, to the last đồng",
        """
        SELECT ledger.held_vnd::text FROM (
            SELECT coalesce(sum(entry.amount_vnd), 0) AS held_vnd FROM ledger_entry AS entry
            JOIN ledger_account AS account ON account.id = entry.account_id
            WHERE account.kind = 'suspense' AND account.owner_id = 'stripe') AS ledger
        CROSS JOIN (
            SELECT coalesce(sum(received_vnd - returned_vnd), 0) AS waits_vnd FROM card_payment
            WHERE outcome <> 'matched') AS payments
        WHERE ledger.held_vnd <> payments.waits_vnd
        """,
    )
