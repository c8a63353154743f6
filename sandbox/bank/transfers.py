"""Moving play money, and telling the platform about it through the outbox."""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime
from typing import Any

from sandbox.bank.banks import bank_name
from sandbox.bank.mangle import mangle
from sandbox.bank.orders import PayOrder
from sandbox.bank.wires import HANOI, Transfer, notice_body
from sandbox.outbox import Outbox, enqueue, notices_of
from sandbox.settings import Settings
from sandbox.store import Store

PAGE_SIZE = 200
REFERENCE_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _new_id(db: sqlite3.Connection) -> int:
    """A transfer id that grows and never comes back, even after the state file was thrown away (microseconds)."""
    last = db.execute("SELECT max(id) FROM transfers").fetchone()[0] or 0
    return int(max(last + 1, time.time_ns() // 1000))


def _reference(transfer_id: int, at: datetime) -> str:
    """A bank reference in the usual look: FT, year, day of the year, eight characters that follow from the id."""
    rest, tail = transfer_id, ""
    while len(tail) < 8:
        rest, digit = divmod(rest, len(REFERENCE_DIGITS))
        tail = REFERENCE_DIGITS[digit] + tail
    return f"FT{at.astimezone(HANOI):%y%j}{tail}"


def _record(db: sqlite3.Connection, order: PayOrder) -> Transfer:
    new_id = _new_id(db)
    at = order.transferred_at or datetime.now(UTC)
    before = db.execute(
        "SELECT coalesce(sum(amount_vnd), 0) FROM transfers WHERE bin = ? AND account = ?", (order.bin, order.account)
    ).fetchone()[0]
    transfer = Transfer(
        id=new_id,
        reference=_reference(new_id, at),
        wire=order.wire,
        bin=order.bin,
        account=order.account,
        amount_vnd=order.amount_vnd,
        balance_after_vnd=before + order.amount_vnd,
        memo=mangle(order.memo, order.mangle),
        payer_name=order.payer.name,
        payer_account=order.payer.account,
        payer_bin=order.payer.bin,
        transferred_at=at,
    )
    db.execute(
        "INSERT INTO transfers (id, reference, wire, bin, account, amount_vnd, balance_after_vnd, memo, payer_name,"
        " payer_account, payer_bin, transferred_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            transfer.id,
            transfer.reference,
            transfer.wire,
            transfer.bin,
            transfer.account,
            transfer.amount_vnd,
            transfer.balance_after_vnd,
            transfer.memo,
            transfer.payer_name,
            transfer.payer_account,
            transfer.payer_bin,
            transfer.transferred_at.isoformat(),
        ),
    )
    return transfer


def subject_of(transfer_id: int) -> str:
    """How the outbox names a transfer."""
    return f"transfer:{transfer_id}"


def pay(order: PayOrder, *, store: Store, outbox: Outbox, settings: Settings) -> list[dict[str, Any]]:
    """Carry `order` out and tell the platform: at once, or from the outbox when the order says late.

    Money and notices are written in one transaction; only then is anything sent. Returns the transfers with what
    the platform answered so far.
    """
    at_once = order.delay_s == 0
    notice_ids: list[int] = []
    transfer_ids: list[int] = []
    with store.write() as db:
        for _ in range(order.times):
            transfer = _record(db, order)
            transfer_ids.append(transfer.id)
            body = notice_body(transfer, settings)
            notice_ids += [
                enqueue(
                    db,
                    subject=subject_of(transfer.id),
                    delivery=delivery,
                    wire=order.wire,
                    body=body,
                    delay_s=order.delay_s,
                    hold=at_once,
                )
                for delivery in range(1, order.deliveries + 1)
            ]
    if at_once:
        for notice_id in notice_ids:
            outbox.send_now(notice_id)
    else:
        outbox.wake()
    return get_transfers(store, ids=transfer_ids)


def _shown(row: sqlite3.Row, notices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "seq": row["seq"],
        "id": row["id"],
        "reference": row["reference"],
        "wire": row["wire"],
        "bin": row["bin"],
        "bank": bank_name(row["bin"]),
        "account": row["account"],
        "amount_vnd": row["amount_vnd"],
        "memo": row["memo"],
        "payer": {"name": row["payer_name"], "account": row["payer_account"], "bin": row["payer_bin"]},
        "transferred_at": row["transferred_at"],
        "notices": notices,
    }


def _with_notices(db: sqlite3.Connection, rows: list[sqlite3.Row]) -> list[dict[str, Any]]:
    notices = notices_of(db, [subject_of(row["id"]) for row in rows])
    return [_shown(row, notices[subject_of(row["id"])]) for row in rows]


def get_transfers(store: Store, *, ids: list[int]) -> list[dict[str, Any]]:
    """The transfers with these ids, oldest first; unknown ids are left out."""
    marks = ",".join("?" * len(ids))
    with store.read() as db:
        rows = db.execute(f"SELECT * FROM transfers WHERE id IN ({marks}) ORDER BY seq", ids).fetchall()  # noqa: S608
        return _with_notices(db, rows)


def latest_transfers(store: Store, *, limit: int = PAGE_SIZE) -> list[dict[str, Any]]:
    """The newest transfers first, with every notice about them."""
    with store.read() as db:
        rows = db.execute("SELECT * FROM transfers ORDER BY seq DESC LIMIT ?", (limit,)).fetchall()
        return _with_notices(db, rows)


def feed(store: Store, *, since: int, limit: int = PAGE_SIZE) -> list[dict[str, Any]]:
    """Transfers after sequence number `since`, oldest first: what a platform that polls would read."""
    with store.read() as db:
        rows = db.execute("SELECT * FROM transfers WHERE seq > ? ORDER BY seq LIMIT ?", (since, limit)).fetchall()
        return [{key: value for key, value in _shown(row, []).items() if key != "notices"} for row in rows]


def newest_seq(store: Store) -> int:
    """The sequence number of the newest transfer; 0 before the first."""
    with store.read() as db:
        return int(db.execute("SELECT coalesce(max(seq), 0) FROM transfers").fetchone()[0])
