"""Joins fees and taxes to the check of the books."""

from __future__ import annotations

from flask import Flask

from app.payments.ledger.books import register_invariant

# Somebody may be paying at the very moment a rule is approved.
SLACK = "interval '2 minutes'"

_NET = """
    SELECT charge.request_id, charge.kind, sum(charge.amount_vnd) AS charged_vnd,
           coalesce((SELECT sum(amount_vnd) FROM fee_return AS back
                     WHERE back.request_id = charge.request_id AND back.kind = charge.kind), 0) AS returned_vnd
    FROM fee_charge AS charge GROUP BY charge.request_id, charge.kind
"""
# What counts of each payment: the latest go back first, those that no rule charged too.
_ASKED = """
    SELECT request_id, kind, floor(sum(
        greatest(least(base_vnd, whole_vnd - refunded_vnd - before_vnd), 0) * rate_bp) / 10000) AS asked_vnd
    FROM (
        SELECT kinds.request_id, kinds.kind, arrival.amount_vnd AS base_vnd, coalesce(charge.rate_bp, 0) AS rate_bp,
               request.refunded_vnd, sum(arrival.amount_vnd) OVER same AS whole_vnd,
               sum(arrival.amount_vnd) OVER (same ORDER BY arrival.seq) - arrival.amount_vnd AS before_vnd
        FROM (SELECT DISTINCT request_id, kind FROM fee_charge) AS kinds
        JOIN payment_request AS request ON request.id = kinds.request_id
        JOIN arrival ON arrival.request_id = kinds.request_id
        LEFT JOIN fee_charge AS charge ON charge.request_id = kinds.request_id AND charge.kind = kinds.kind
            AND charge.payment_transfer_id = arrival.transfer_id AND charge.taken_back_at IS NULL
        WHERE NOT EXISTS (SELECT FROM ledger_closing AS closing WHERE closing.transfer_id = arrival.transfer_id)
        WINDOW same AS (PARTITION BY kinds.request_id, kinds.kind)
    ) AS part GROUP BY request_id, kind
"""


def install(_app: Flask) -> None:
    """Name the invariants between rules, charges, returns and ledger."""
    register_invariant(
        "what is charged and did not go back is what the rules ask of what was paid and did not go back",
        f"""
        SELECT net.request_id || ' ' || net.kind FROM ({_NET}) AS net
        LEFT JOIN ({_ASKED}) AS rules ON rules.request_id = net.request_id AND rules.kind = net.kind
        WHERE net.charged_vnd - net.returned_vnd <> coalesce(rules.asked_vnd, 0)
           OR net.returned_vnd < 0 OR net.returned_vnd > net.charged_vnd
        """,  # noqa: S608 - our own text
    )
    _install_ledger()
    register_invariant(
        "a charge follows a rule of its day",
        """
        SELECT charge.id::text FROM fee_charge AS charge LEFT JOIN fee_rule AS rule ON rule.id = charge.rule_id
        WHERE (rule.kind = charge.kind AND rule.supply = charge.supply AND rule.rate_bp = charge.rate_bp
               AND daterange(rule.valid_from, rule.valid_until) @> charge.charged_on
               AND charge.charged_on = (charge.event_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date) IS NOT TRUE
        """,
    )
    register_invariant(
        "what was charged of a payment that was taken back is marked so, and of no other",
        """
        SELECT charge.id::text FROM fee_charge AS charge
        LEFT JOIN ledger_transfer AS back ON back.reverses_id = charge.payment_transfer_id
        WHERE (charge.taken_back_at IS NULL) <> (back.id IS NULL)
        """,
    )


def _install_ledger() -> None:
    register_invariant(
        "every charge is a ledger transfer from the payee to where fees and taxes lie, and of collected money",
        """
        SELECT charge.id::text FROM fee_charge AS charge
        JOIN payment_request AS request ON request.id = charge.request_id
        LEFT JOIN ledger_transfer AS payment ON payment.id = charge.payment_transfer_id
        LEFT JOIN ledger_transfer AS moved ON moved.id = charge.transfer_id
        LEFT JOIN ledger_account AS source ON source.id = moved.from_account_id
        LEFT JOIN ledger_account AS target ON target.id = moved.to_account_id
        WHERE (request.settlement = 'collected' AND request.payee_id = charge.payee_id
               AND payment.purpose_kind = 'payment_request' AND payment.purpose_id = charge.request_id
               AND payment.amount_vnd = charge.base_vnd) IS NOT TRUE
           OR (charge.amount_vnd > 0 AND (
               moved.kind = 'posted' AND moved.amount_vnd = charge.amount_vnd
               AND moved.purpose_kind = 'fee' AND moved.purpose_id = charge.request_id
               AND source.kind IN ('payable', 'seller_debt') AND source.owner_id = charge.payee_id::text
               AND target.kind || ' ' || target.owner_id = CASE charge.kind
                   WHEN 'commission' THEN 'commission platform' ELSE 'tax_withheld ' || charge.kind END) IS NOT TRUE)
        """,
    )
    register_invariant(
        "everything in the accounts of fees and taxes is told of by a charge or a return, to the last đồng",
        """
        SELECT coalesce(ledger.name, rows.name) FROM (
            SELECT account.kind || ' ' || account.owner_id AS name, sum(entry.amount_vnd) AS vnd
            FROM ledger_account AS account JOIN ledger_entry AS entry ON entry.account_id = account.id
            WHERE account.kind IN ('commission', 'tax_withheld') GROUP BY account.id
        ) AS ledger FULL JOIN (
            SELECT CASE kind WHEN 'commission' THEN 'commission platform' ELSE 'tax_withheld ' || kind END AS name,
                   sum(vnd) AS vnd
            FROM (SELECT kind, amount_vnd AS vnd FROM fee_charge
                  UNION ALL SELECT kind, -amount_vnd FROM fee_return) AS moved GROUP BY kind
        ) AS rows ON rows.name = ledger.name
        WHERE coalesce(ledger.vnd, 0) <> coalesce(rows.vnd, 0) OR ledger.vnd < 0
        """,
    )
    register_invariant(
        "every return is a ledger transfer out of where the fee lay, or back into it",
        """
        SELECT back.id::text FROM fee_return AS back
        LEFT JOIN fee_charge AS charge ON charge.id = back.charge_id
        LEFT JOIN ledger_transfer AS moved ON moved.id = back.transfer_id
        LEFT JOIN ledger_account AS lay ON lay.id = CASE WHEN back.amount_vnd > 0
            THEN moved.from_account_id ELSE moved.to_account_id END
        WHERE (moved.kind IN ('posted', 'post_pending') AND moved.amount_vnd = abs(back.amount_vnd)
               AND charge.request_id = back.request_id AND charge.kind = back.kind
               AND charge.payee_id = back.payee_id
               AND moved.purpose_id = coalesce(back.refund_id, back.request_id)
               AND lay.kind || ' ' || lay.owner_id = CASE back.kind
                   WHEN 'commission' THEN 'commission platform' ELSE 'tax_withheld ' || back.kind END) IS NOT TRUE
        """,
    )
    register_invariant(
        "what a refund says it took from fees and taxes is what it reserved there",
        """
        SELECT coalesce(refund.id, held.refund_id)::text FROM (SELECT id, fees_vnd FROM refund WHERE fees_vnd > 0)
            AS refund
        FULL JOIN (SELECT hold.refund_id, sum(transfer.amount_vnd) FILTER (
                       WHERE transfer.kind = 'pending' AND transfer.purpose_id = hold.refund_id
                         AND transfer.amount_vnd = hold.amount_vnd) AS vnd
                   FROM fee_hold AS hold JOIN ledger_transfer AS transfer ON transfer.id = hold.transfer_id
                   GROUP BY hold.refund_id) AS held ON held.refund_id = refund.id
        WHERE refund.fees_vnd IS DISTINCT FROM held.vnd
        """,
    )


def demand_charges_of(purpose_kind: str, supply: str) -> None:
    """Every payment we collected for this purpose has its charge by each rule of its day; for rooms that sell."""
    register_invariant(
        f"every payment collected for a purpose {purpose_kind} was charged by each rule of its day",
        f"""
        SELECT arrival.transfer_id || ' ' || rule.kind FROM arrival
        JOIN payment_request AS request ON request.id = arrival.request_id
            AND request.settlement = 'collected' AND request.purpose_kind = '{purpose_kind}'
        JOIN fee_rule AS rule ON rule.supply = '{supply}'
            AND daterange(rule.valid_from, rule.valid_until)
                @> (arrival.event_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
            AND rule.created_at < arrival.created_at - {SLACK}
        WHERE NOT EXISTS (SELECT FROM fee_charge AS charge
                          WHERE charge.request_id = request.id AND charge.payment_transfer_id = arrival.transfer_id
                            AND charge.rule_id = rule.id)
        """,  # noqa: S608 - our own words
    )
