"""`check_books()`: every invariant by name, as a query that returns the rows breaking it.

Rooms above add theirs with `register_invariant`, so that tests, the nightly job and the command line run one list.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from app.core.database import db

MAX_PROBLEMS = 20


@dataclass(frozen=True)
class Invariant:
    """One checked invariant; `problems` is empty when it holds (at most 20 are listed)."""

    name: str
    problems: tuple[str, ...]


_INVARIANTS: dict[str, str] = {
    "every transfer that moves money has exactly its two entries, every other none": """
        SELECT transfer.id::text FROM ledger_transfer AS transfer
        LEFT JOIN ledger_entry AS entry ON entry.transfer_id = transfer.id
        GROUP BY transfer.id
        HAVING count(entry.id)
            <> CASE WHEN transfer.kind IN ('posted', 'post_pending') AND transfer.amount_vnd > 0 THEN 2 ELSE 0 END
            OR count(entry.id) <> count(entry.id) FILTER (WHERE
                (entry.account_id = transfer.from_account_id AND entry.amount_vnd = -transfer.amount_vnd)
                OR (entry.account_id = transfer.to_account_id AND entry.amount_vnd = transfer.amount_vnd))
    """,
    "every entry belongs to a transfer": """
        SELECT entry.id::text FROM ledger_entry AS entry
        WHERE NOT EXISTS (SELECT FROM ledger_transfer WHERE id = entry.transfer_id)
    """,
    "all entries together are zero": """
        SELECT 'sum ' || sum(amount_vnd) FROM ledger_entry HAVING sum(amount_vnd) <> 0
    """,
    "a running balance is the sum of the account's entries": """
        SELECT account.id::text FROM ledger_account AS account
        LEFT JOIN ledger_entry AS entry ON entry.account_id = account.id
        WHERE account.balance_vnd IS NOT NULL
        GROUP BY account.id HAVING account.balance_vnd <> coalesce(sum(entry.amount_vnd), 0)
    """,
    "each entry begins where the account's last one ended": """
        SELECT id::text FROM (
            SELECT entry.id, entry.balance_before_vnd,
                   lag(entry.balance_after_vnd, 1, 0::bigint)
                       OVER (PARTITION BY entry.account_id ORDER BY entry.id) AS expected
            FROM ledger_entry AS entry JOIN ledger_account AS account ON account.id = entry.account_id
            WHERE account.balance_vnd IS NOT NULL
        ) AS chain WHERE balance_before_vnd IS DISTINCT FROM expected
    """,
    "no barred account is below zero or below what it has promised": """
        SELECT account.id::text FROM ledger_account AS account
        WHERE NOT account.may_go_negative
          AND coalesce(account.balance_vnd, (SELECT sum(amount_vnd) FROM ledger_entry
                                             WHERE account_id = account.id), 0) < account.pending_out_vnd
    """,
    "what is reserved is the sum of the unresolved pending transfers": """
        SELECT account.id::text FROM ledger_account AS account
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(amount_vnd) FILTER (WHERE from_account_id = account.id), 0) AS outgoing,
                   coalesce(sum(amount_vnd) FILTER (WHERE to_account_id = account.id), 0) AS incoming
            FROM ledger_transfer AS held
            WHERE held.kind = 'pending' AND account.id IN (held.from_account_id, held.to_account_id)
              AND NOT EXISTS (SELECT FROM ledger_transfer AS resolution WHERE resolution.pending_id = held.id)
        ) AS held ON true
        WHERE account.balance_vnd IS NOT NULL
          AND (account.pending_out_vnd <> held.outgoing OR account.pending_in_vnd <> held.incoming)
    """,
    "a pending transfer is resolved at most once, within its amount": """
        SELECT held.id::text FROM ledger_transfer AS held
        JOIN ledger_transfer AS resolution ON resolution.pending_id = held.id
        GROUP BY held.id HAVING count(*) > 1 OR sum(resolution.amount_vnd) > held.amount_vnd
    """,
    "every end of a reservation and every reversal is noted, and nothing else": """
        SELECT coalesce(transfer.id, closing.closed_by_id)::text
        FROM (SELECT id, coalesce(pending_id, reverses_id) AS ended FROM ledger_transfer
              WHERE pending_id IS NOT NULL OR reverses_id IS NOT NULL) AS transfer
        FULL JOIN ledger_closing AS closing
            ON closing.closed_by_id = transfer.id AND closing.transfer_id = transfer.ended
        WHERE transfer.id IS NULL OR closing.transfer_id IS NULL
    """,
    "a transfer is reversed at most once, whole": """
        SELECT original.id::text FROM ledger_transfer AS original
        JOIN ledger_transfer AS back ON back.reverses_id = original.id
        GROUP BY original.id HAVING count(*) > 1 OR sum(back.amount_vnd) <> original.amount_vnd
    """,
}


def register_invariant(name: str, query: str) -> None:
    """Add an invariant: a SELECT of one text column naming each row that breaks it."""
    _INVARIANTS[name] = query


def check_books() -> list[Invariant]:
    """Run every invariant on what is committed (and on the caller's own transaction)."""
    session = db.session
    results = []
    for name, query in _INVARIANTS.items():
        limited = f"SELECT * FROM ({query}) AS broken LIMIT {MAX_PROBLEMS}"  # noqa: S608 - our own text
        broken = session.scalars(sa.text(limited)).all()
        results.append(Invariant(name, tuple(str(problem) for problem in broken)))
    return results
