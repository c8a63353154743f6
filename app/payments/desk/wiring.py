"""Joins the desk to the check of the books."""

from __future__ import annotations

from flask import Flask

from app.payments.desk import kept_pages, payer_pages
from app.payments.ledger.books import register_invariant
from app.payments.requests import panels


def install(app: Flask) -> None:
    """Add the payer's side of the desk, and name the invariants between what waits, what people did, and the ledger."""
    app.register_blueprint(payer_pages.bp)
    app.register_blueprint(kept_pages.bp)
    panels.register(panels.Place.BEFORE, "desk.parts", payer_pages.parts_panel)
    panels.register(panels.Place.AFTER, "desk.excess", payer_pages.excess_panel)
    register_invariant(
        "every allocation without a request is an item of the desk, and nothing else is",
        """
        SELECT coalesce(part.transfer_id, item.allocation_id)::text
        FROM (SELECT * FROM notice_allocation WHERE request_id IS NULL) AS part
        FULL JOIN desk_item AS item ON item.allocation_id = part.transfer_id
        WHERE part.transfer_id IS NULL OR item.allocation_id IS NULL
           OR item.amount_vnd <> part.amount_vnd OR item.notice_id <> part.notice_id
        """,
    )
    register_invariant(
        "what waits is what came into suspense less what people did and proposed",
        """
        SELECT item.notice_id::text FROM desk_item AS item
        JOIN bank_notice AS notice ON notice.id = item.notice_id
        LEFT JOIN desk_action AS action ON action.allocation_id = item.allocation_id
        GROUP BY item.allocation_id, notice.outcome
        HAVING item.waiting_vnd <> CASE WHEN notice.outcome = 'undone' THEN 0 ELSE item.amount_vnd END
                - coalesce(sum(action.amount_vnd) FILTER (WHERE action.state IN ('proposed', 'done')), 0)
            OR item.proposed_vnd <> coalesce(sum(action.amount_vnd) FILTER (WHERE action.state = 'proposed'), 0)
        """,
    )
    register_invariant(
        "a bank's suspense account holds what waits and what is proposed, to the last đồng",
        """
        SELECT coalesce(held.wire, waits.wire) FROM (
            SELECT account.owner_id AS wire, coalesce(sum(entry.amount_vnd), 0) AS vnd FROM ledger_account AS account
            LEFT JOIN ledger_entry AS entry ON entry.account_id = account.id
            WHERE account.kind = 'suspense' AND account.owner_id <> 'stripe' GROUP BY account.owner_id
        ) AS held FULL JOIN (
            SELECT notice.wire, sum(item.waiting_vnd + item.proposed_vnd) AS vnd FROM desk_item AS item
            JOIN bank_notice AS notice ON notice.id = item.notice_id GROUP BY notice.wire
        ) AS waits ON waits.wire = held.wire
        WHERE coalesce(held.vnd, 0) <> coalesce(waits.vnd, 0)
        """,
    )
    register_invariant(
        "every action that was done moved its amount out of suspense to where it says, and no other moved anything",
        """
        SELECT action.id::text FROM desk_action AS action
        JOIN desk_item AS item ON item.allocation_id = action.allocation_id
        JOIN bank_notice AS notice ON notice.id = item.notice_id
        LEFT JOIN payment_request AS request ON request.id = action.request_id
        LEFT JOIN ledger_transfer AS moved ON moved.id = action.transfer_id
        LEFT JOIN ledger_account AS source ON source.id = moved.from_account_id
        LEFT JOIN ledger_account AS target ON target.id = moved.to_account_id
        WHERE CASE WHEN action.state IN ('done', 'undone') THEN
            (moved.kind = 'posted' AND moved.amount_vnd = action.amount_vnd
             AND source.kind = 'suspense' AND source.owner_id = notice.wire
             AND CASE action.kind
                 WHEN 'attach' THEN target.kind = 'received' AND target.owner_id = request.payee_id::text
                      AND moved.purpose_id = action.request_id
                 WHEN 'keep_as_credit' THEN target.kind = 'payer_credit' AND target.owner_id = action.credit_owner
                 ELSE target.kind = 'outside_bank' AND target.owner_id = notice.wire END) IS NOT TRUE
            ELSE action.transfer_id IS NOT NULL END
        """,
    )
    register_invariant(
        "what was undone at the desk is reversed, what was not is not",
        """
        SELECT action.id::text FROM desk_action AS action
        LEFT JOIN ledger_transfer AS back ON back.reverses_id = action.transfer_id
        WHERE back.id IS DISTINCT FROM action.undo_transfer_id
        """,
    )
    register_invariant(
        "only people at the desk take money out of a bank's suspense, or its notice is undone",
        """
        SELECT transfer.id::text FROM ledger_transfer AS transfer
        JOIN ledger_account AS source ON source.id = transfer.from_account_id AND source.kind = 'suspense'
        WHERE source.owner_id <> 'stripe'
          AND NOT EXISTS (SELECT FROM desk_action AS action WHERE action.transfer_id = transfer.id)
          AND NOT EXISTS (SELECT FROM notice_allocation AS part JOIN bank_notice AS notice ON notice.id = part.notice_id
                          WHERE part.transfer_id = transfer.reverses_id AND notice.outcome = 'undone')
        """,
    )
    register_invariant(
        "money that came back from a bank by reversal is a return the desk undid",
        """
        SELECT transfer.id::text FROM ledger_transfer AS transfer
        JOIN ledger_account AS source ON source.id = transfer.from_account_id AND source.kind = 'outside_bank'
        WHERE transfer.reverses_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM desk_action AS action WHERE action.undo_transfer_id = transfer.id)
        """,
    )
    register_invariant(
        "money that the desk called the same as another notice's left it whole, and counts there",
        """
        SELECT notice.id::text FROM bank_notice AS notice
        JOIN desk_item AS item ON item.notice_id = notice.id
        LEFT JOIN desk_action AS action ON action.allocation_id = item.allocation_id
             AND action.kind = 'same_money' AND action.state = 'done'
        LEFT JOIN bank_notice AS twin ON twin.id = notice.same_as
        WHERE (notice.same_as IS NOT NULL OR action.id IS NOT NULL)
          AND (action.amount_vnd = notice.amount_vnd AND twin.amount_vnd = notice.amount_vnd
               AND twin.direction = notice.direction AND twin.outcome NOT IN ('ignored', 'undone')
               AND twin.same_as IS DISTINCT FROM notice.id) IS NOT TRUE
        """,
    )
    register_invariant(
        "what payers left with payees is what they kept less what they spent",
        """
        SELECT coalesce(holds.owner, owed.owner) FROM (
            SELECT account.owner_id AS owner, coalesce(sum(entry.amount_vnd), 0) AS vnd FROM ledger_account AS account
            LEFT JOIN ledger_entry AS entry ON entry.account_id = account.id
            WHERE account.kind = 'payer_credit' GROUP BY account.owner_id
        ) AS holds FULL JOIN (
            SELECT owner, sum(vnd) AS vnd FROM (
                SELECT credit_owner AS owner, amount_vnd AS vnd FROM desk_action
                WHERE kind = 'keep_as_credit' AND state = 'done'
                UNION ALL
                SELECT used.user_id || ':' || request.payee_id, -used.amount_vnd FROM credit_use AS used
                JOIN payment_request AS request ON request.id = used.request_id
                WHERE used.back_transfer_id IS NULL
            ) AS moves GROUP BY owner
        ) AS owed ON owed.owner = holds.owner
        WHERE coalesce(holds.vnd, 0) <> coalesce(owed.vnd, 0)
        """,
    )
    register_invariant(
        "credit that was spent left its own account for its request, and came back exactly when that is noted",
        """
        SELECT used.id::text FROM credit_use AS used
        JOIN payment_request AS request ON request.id = used.request_id
        LEFT JOIN ledger_transfer AS moved ON moved.id = used.transfer_id
        LEFT JOIN ledger_account AS source ON source.id = moved.from_account_id
        LEFT JOIN ledger_account AS target ON target.id = moved.to_account_id
        LEFT JOIN ledger_transfer AS back ON back.reverses_id = used.transfer_id
        WHERE (moved.kind = 'posted' AND moved.amount_vnd = used.amount_vnd AND moved.purpose_id = used.request_id
               AND source.kind = 'payer_credit' AND source.owner_id = used.user_id || ':' || request.payee_id
               AND target.kind = 'received' AND target.owner_id = request.payee_id::text) IS NOT TRUE
            OR back.id IS DISTINCT FROM used.back_transfer_id
        """,
    )
    register_invariant(
        "a payer's wish to keep money is the action that kept it, of the same money",
        """
        SELECT wish.allocation_id::text FROM payer_wish AS wish
        JOIN desk_item AS item ON item.allocation_id = wish.allocation_id
        JOIN bank_notice AS notice ON notice.id = item.notice_id
        LEFT JOIN desk_action AS action ON action.id = wish.action_id
        WHERE notice.request_id IS DISTINCT FROM wish.request_id
           OR wish.choice = 'keep' AND (action.kind = 'keep_as_credit'
                AND action.allocation_id = wish.allocation_id) IS NOT TRUE
        """,
    )
