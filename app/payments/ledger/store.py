"""The few statements of posting, as set-based SQL on the session's own psycopg connection.

The ORM would cost more than the database's whole work; nothing here knows a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.orm import Session

from app.core.clock import Clock
from app.payments.ledger.errors import NotPending
from app.payments.ledger.models import Account, TransferKind
from app.payments.ledger.posting import Draft, Landed, NewTransfer, Standing

_COLUMNS = "id, kind, may_go_negative, balance_vnd, pending_in_vnd, pending_out_vnd, closed_at"
# Accounts without a running balance are read, never locked: no payment waits for another on them.
_LOCK = f"""
WITH locked AS MATERIALIZED (
    SELECT {_COLUMNS} FROM ledger_account WHERE id = ANY(%(ids)s::uuid[]) AND balance_vnd IS NOT NULL
    ORDER BY id FOR NO KEY UPDATE
)
SELECT * FROM locked
UNION ALL SELECT {_COLUMNS} FROM ledger_account WHERE id = ANY(%(ids)s::uuid[]) AND balance_vnd IS NULL
"""  # noqa: S608 - our own column names
_LANDED = """
SELECT id, from_account_id, to_account_id, coalesce(at_most_vnd, amount_vnd), event_at, kind, pending_id, reverses_id,
       purpose_kind, purpose_id, expires_at, at_most_vnd IS NOT NULL, amount_vnd
FROM ledger_transfer WHERE id = ANY(%(ids)s::uuid[])
"""
_CLOSED = "SELECT transfer_id FROM ledger_closing WHERE transfer_id = ANY(%(ids)s::uuid[])"
_CLOSE = """, closing AS (
    INSERT INTO ledger_closing (transfer_id, closed_by_id)
    SELECT closed.* FROM complete, unnest(%(closed)s::uuid[], %(closed_by)s::uuid[]) AS closed WHERE all_new
)"""
# One statement, so that the database's own checks see transfers and entries together. When an id landed before,
# `all_new` is false and nothing else is written.
_WRITE = """
WITH transfer AS (
    INSERT INTO ledger_transfer
        (id, kind, from_account_id, to_account_id, amount_vnd, at_most_vnd, pending_id, reverses_id, purpose_kind,
         purpose_id, event_at, expires_at, created_at)
    SELECT made.*, %(now)s::timestamptz
    FROM unnest(%(id)s::uuid[], %(kind)s::text[], %(source)s::uuid[], %(target)s::uuid[], %(amount)s::bigint[],
                %(at_most)s::bigint[], %(pending)s::uuid[], %(reverses)s::uuid[], %(purpose_kind)s::text[],
                %(purpose_id)s::uuid[], %(event_at)s::timestamptz[], %(expires_at)s::timestamptz[]) AS made
    ON CONFLICT (id) DO NOTHING RETURNING id
), complete AS (
    SELECT count(*) = cardinality(%(id)s::uuid[]) AS all_new FROM transfer
), entry AS (
    INSERT INTO ledger_entry (transfer_id, account_id, amount_vnd, balance_before_vnd, balance_after_vnd, created_at)
    SELECT side.transfer_id, side.account_id, side.amount_vnd, side.before_vnd, side.after_vnd, %(now)s::timestamptz
    FROM complete, unnest(%(entry_transfer)s::uuid[], %(entry_account)s::uuid[], %(entry_amount)s::bigint[],
                          %(before)s::bigint[], %(after)s::bigint[])
        WITH ORDINALITY AS side (transfer_id, account_id, amount_vnd, before_vnd, after_vnd, place)
    WHERE all_new ORDER BY side.place
), account AS (
    UPDATE ledger_account
    SET balance_vnd = stand.balance_vnd, pending_in_vnd = stand.in_vnd, pending_out_vnd = stand.out_vnd
    FROM complete, unnest(%(account)s::uuid[], %(balance)s::bigint[], %(in)s::bigint[], %(out)s::bigint[])
        AS stand (id, balance_vnd, in_vnd, out_vnd)
    WHERE ledger_account.id = stand.id AND all_new
)/*closing*/
SELECT all_new FROM complete
"""
_WRITE_CLOSING = _WRITE.replace("/*closing*/", _CLOSE)


def load(session: Session, transfers: Sequence[NewTransfer], *, clock: Clock, look_up: bool) -> Draft:
    """Lock the accounts, in id order; read what the transfers name.

    Args:
        clock: told only under the lock, so that what is booked later on an account has the later time.
        look_up: also read which of the transfers landed before.
    """
    connection = _connection(session)
    sides = {side for one in transfers for side in (one.from_account_id, one.to_account_id)}
    accounts = {row[0]: Standing(*row) for row in connection.execute(_LOCK, {"ids": _uuids(sides)})}
    ends = [ended for one in transfers for ended in (one.pending_id, one.reverses_id) if ended]
    wanted = [*ends, *(one.id for one in transfers)] if look_up or ends else []
    landed = {row[0]: _landed(row) for row in connection.execute(_LANDED, {"ids": _uuids(wanted)})} if wanted else {}
    closed = {row[0] for row in connection.execute(_CLOSED, {"ids": _uuids(ends)})} if ends else set()
    return Draft(accounts, landed, closed, clock.now())


def write(session: Session, draft: Draft) -> bool:
    """Write what the draft added.

    Returns:
        False, with nothing written, when a transfer that was not looked up had landed before.

    Raises:
        NotPending: somebody else ended the same transfer at this moment.
    """
    if not draft.rows:
        return True
    ends = [(ended, row.asked.id) for row in draft.rows if (ended := row.asked.pending_id or row.asked.reverses_id)]
    try:
        cursor = _connection(session).execute(_WRITE_CLOSING if ends else _WRITE, _parameters(draft, ends))
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name == "pk_ledger_closing":
            raise NotPending(draft.rows[0].asked.id, "resolved or reversed before") from error
        raise
    (all_new,) = cursor.fetchone() or (False,)
    if all_new:
        _let_go(session, draft.touched)
    return bool(all_new)


def _parameters(draft: Draft, ends: list[tuple[UUID, UUID]]) -> dict[str, Any]:
    rows, entries, touched = draft.rows, draft.entries, draft.touched.values()
    asked = [row.asked for row in rows]
    return {
        "now": draft.now,
        "id": _uuids(one.id for one in asked),
        "kind": _plain(one.kind.value for one in asked),
        "source": _uuids(one.from_account_id for one in asked),
        "target": _uuids(one.to_account_id for one in asked),
        "amount": _plain(row.amount_vnd for row in rows),
        "at_most": _plain(one.amount_vnd if one.balancing else None for one in asked),
        "pending": _uuids(one.pending_id for one in asked),
        "reverses": _uuids(one.reverses_id for one in asked),
        "purpose_kind": [one.purpose[0] if one.purpose else None for one in asked],
        "purpose_id": _uuids(one.purpose[1] if one.purpose else None for one in asked),
        "event_at": _moments(one.event_at for one in asked),
        "expires_at": _moments(one.expires_at for one in asked),
        "entry_transfer": _uuids(entry[0] for entry in entries),
        "entry_account": _uuids(entry[1] for entry in entries),
        "entry_amount": _plain(entry[2] for entry in entries),
        "before": _plain(entry[3] for entry in entries),
        "after": _plain(entry[4] for entry in entries),
        "account": _uuids(stand.id for stand in touched),
        "balance": _plain(stand.balance_vnd for stand in touched),
        "in": _plain(stand.pending_in_vnd for stand in touched),
        "out": _plain(stand.pending_out_vnd for stand in touched),
        "closed": _uuids(ended for ended, _by in ends),
        "closed_by": _uuids(by for _ended, by in ends),
    }


# PostgreSQL's own text form of arrays. The driver's is general, element by element, and took longer than the posting.
def _plain(values: Iterable[int | str | None]) -> str:
    """Of numbers and of our own words, which need no quotes."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def _uuids(values: Iterable[UUID | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else value.hex for value in values]) + "}"


def _moments(values: Iterable[datetime | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else value.isoformat() for value in values]) + "}"


def _landed(row: Sequence[Any]) -> Landed:
    purpose = (row[8], row[9]) if row[8] is not None else None
    asked = NewTransfer(
        id=row[0],
        from_account_id=row[1],
        to_account_id=row[2],
        amount_vnd=row[3],
        event_at=row[4],
        kind=TransferKind(row[5]),
        pending_id=row[6],
        reverses_id=row[7],
        purpose=purpose,
        expires_at=row[10],
        balancing=row[11],
    )
    return Landed(asked, row[12])


def _let_go(session: Session, ids: Iterable[UUID]) -> None:
    """Have the ORM read the balances again, should it know these accounts."""
    for id in ids:
        known = session.identity_map.get(session.identity_key(Account, id))
        if known is not None:
            session.expire(known, ["balance_vnd", "pending_in_vnd", "pending_out_vnd"])


def _connection(session: Session) -> psycopg.Connection[Any]:
    connection: psycopg.Connection[Any] = session.connection().connection.driver_connection  # type: ignore[assignment]
    return connection
