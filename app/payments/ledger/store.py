"""The few statements of posting, on the session's own psycopg connection.

The ORM would cost more than the database's whole work; nothing here knows a rule. Writing is done by two functions of
the database (migration 0210): they make the entries from the transfers, and their plans stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.orm import Session

from app.core.clock import SYSTEM_CLOCK, Clock
from app.core.database import driver_of
from app.payments.ledger.errors import ConcurrentRepeat, NotPending
from app.payments.ledger.models import Account, AccountKind, TransferKind
from app.payments.ledger.posting import Draft, Landed, NewTransfer, Standing

_COLUMNS = "id, kind, may_go_negative, balance_vnd, pending_in_vnd, pending_out_vnd, closed_at"
# Accounts without a running balance are read, never locked: no payment waits for another on them.
_LOCK = f"""
WITH locked AS MATERIALIZED (
    SELECT {_COLUMNS} FROM ledger_account WHERE id = ANY(%(ids)s::uuid[]) AND balance_vnd IS NOT NULL
    ORDER BY id FOR NO KEY UPDATE
)
SELECT *, clock_timestamp() FROM locked
UNION ALL SELECT {_COLUMNS}, clock_timestamp() FROM ledger_account
WHERE id = ANY(%(ids)s::uuid[]) AND balance_vnd IS NULL
"""  # noqa: S608 - our own column names
_LANDED = """
SELECT id, from_account_id, to_account_id, coalesce(at_most_vnd, amount_vnd), event_at, kind, pending_id, reverses_id,
       purpose_kind, purpose_id, expires_at, at_most_vnd IS NOT NULL, amount_vnd
FROM ledger_transfer WHERE id = ANY(%(ids)s::uuid[])
"""
_CLOSED = "SELECT transfer_id FROM ledger_closing WHERE transfer_id = ANY(%(ids)s::uuid[])"
_FIND = "SELECT id FROM ledger_account WHERE kind = %s AND owner_id = %s"
_POST_PLAIN = "SELECT ledger_post_plain(%s, %s, %s, %s, %s, %s, %s, %s)"
_WRITE = "SELECT ledger_write(" + ", ".join(["%s"] * 21) + ")"


def find_id(session: Session, kind: AccountKind, owner_id: str) -> UUID | None:
    """The id of an account that was opened before."""
    found = driver_of(session).execute(_FIND, (kind.value, owner_id)).fetchone()
    return found[0] if found else None


def post_plain(session: Session, transfer: NewTransfer, *, clock: Clock) -> bool:
    """Post a `plain` transfer in one step, when nothing speaks against it.

    Returns:
        False, with nothing written, when it is a repeat, is to be refused, or repays a debt: then the rules decide.
    """
    purpose_kind, purpose_id = transfer.purpose or (None, None)
    sides = transfer.from_account_id, transfer.to_account_id
    cursor = driver_of(session).execute(
        _POST_PLAIN,
        (transfer.id, *sides, transfer.amount_vnd, purpose_kind, purpose_id, transfer.event_at, _told_now(clock)),
    )
    (posted,) = cursor.fetchone() or (False,)
    if posted:
        _let_go(session, sides)
    return bool(posted)


def _told_now(clock: Clock) -> datetime | None:
    """The clock's time; nothing for the system's clock: the database's own is asked, the same for all our machines."""
    return None if clock is SYSTEM_CLOCK else clock.now()


def load(session: Session, transfers: Sequence[NewTransfer], *, clock: Clock, look_up: bool) -> Draft:
    """Lock the accounts, in id order; read what the transfers name.

    Args:
        clock: asked only under the lock, so that what is booked later on an account has the later time.
        look_up: also read which of the transfers landed before.
    """
    connection = driver_of(session)
    sides = {side for one in transfers for side in (one.from_account_id, one.to_account_id)}
    rows = connection.execute(_LOCK, {"ids": _uuids(sides)}).fetchall()
    accounts = {row[0]: Standing(*row[:-1]) for row in rows}
    now = _told_now(clock) or max((row[-1] for row in rows), default=clock.now())
    ends = [ended for one in transfers for ended in (one.pending_id, one.reverses_id) if ended]
    wanted = [*ends, *(one.id for one in transfers)] if look_up or ends else []
    landed = {row[0]: _landed(row) for row in connection.execute(_LANDED, {"ids": _uuids(wanted)})} if wanted else {}
    closed = {row[0] for row in connection.execute(_CLOSED, {"ids": _uuids(ends)})} if ends else set()
    return Draft(accounts, landed, closed, now)


def write(session: Session, draft: Draft) -> bool:
    """Write what the draft added.

    Returns:
        False, with nothing written, when a transfer that was not looked up had landed before.

    Raises:
        NotPending: somebody else ended the same transfer at this moment.
        ConcurrentRepeat: somebody else posted some of them at this moment.
    """
    if not draft.rows:
        return True
    try:
        cursor = driver_of(session).execute(_WRITE, _arguments(draft))
    except psycopg.errors.SerializationFailure as error:
        raise ConcurrentRepeat(draft.rows[0].asked.id, "it landed at this very moment; ask again") from error
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name == "pk_ledger_closing":
            raise NotPending(draft.rows[0].asked.id, "resolved or reversed before") from error
        raise
    (written,) = cursor.fetchone() or (False,)
    if written:
        _let_go(session, draft.touched)
    return bool(written)


def _arguments(draft: Draft) -> tuple[Any, ...]:
    """What `ledger_write` takes, in its order."""
    rows, touched = draft.rows, draft.touched.values()
    asked = [row.asked for row in rows]
    ends = [(ended, one.id) for one in asked if (ended := one.pending_id or one.reverses_id)]
    return (
        _uuids(one.id for one in asked),
        _plain(one.kind.value for one in asked),
        _uuids(one.from_account_id for one in asked),
        _uuids(one.to_account_id for one in asked),
        _plain(row.amount_vnd for row in rows),
        _plain(one.amount_vnd if one.balancing else None for one in asked),
        _uuids(one.pending_id for one in asked),
        _uuids(one.reverses_id for one in asked),
        [one.purpose[0] if one.purpose else None for one in asked],
        _uuids(one.purpose[1] if one.purpose else None for one in asked),
        _moments(one.event_at for one in asked),
        _moments(one.expires_at for one in asked),
        _plain(row.source_before_vnd for row in rows),
        _plain(row.target_before_vnd for row in rows),
        _uuids(stand.id for stand in touched),
        _plain(stand.balance_vnd for stand in touched),
        _plain(stand.pending_in_vnd for stand in touched),
        _plain(stand.pending_out_vnd for stand in touched),
        _uuids(ended for ended, _by in ends),
        _uuids(by for _ended, by in ends),
        draft.now,
    )


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
    for id in ids if session.identity_map else ():
        known = session.identity_map.get(session.identity_key(Account, id))
        if known is not None:
            session.expire(known, ["balance_vnd", "pending_in_vnd", "pending_out_vnd"])
