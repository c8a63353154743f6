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
        "every đồng the ledger took from the card gateway is told of by a card payment, or came back from a refund",
        """
        SELECT transfer.id::text FROM ledger_transfer AS transfer
        JOIN ledger_account AS source ON source.id = transfer.from_account_id AND source.kind = 'outside_card'
        WHERE source.owner_id = 'stripe' AND transfer.purpose_kind IS DISTINCT FROM 'refund'
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
