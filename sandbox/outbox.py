"""Notices on their way to the platform: kept in SQLite until answered, retried a few times, never lost by a restart."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from typing import Any

import httpx

from sandbox.settings import Settings, require_loopback
from sandbox.signing import headers_for
from sandbox.store import Store

ANSWER_KEPT_CHARS = 2000
LEASE_S = 60.0
IDLE_S = 5.0


def enqueue(
    db: sqlite3.Connection,
    *,
    subject: str,
    delivery: int,
    wire: str,
    body: bytes,
    delay_s: float = 0,
    hold: bool = False,
) -> int:
    """Put one notice into the outbox inside the caller's transaction; returns its id.

    `hold` leases it to the caller, who is going to send it at once; the worker steps in when the caller dies.
    """
    now = time.time()
    cursor = db.execute(
        "INSERT INTO notices (subject, delivery, wire, body, state, next_at, lease_until, created_at)"
        " VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?)",
        (subject, delivery, wire, body, now + delay_s, now + LEASE_S if hold else 0, now),
    )
    return int(cursor.lastrowid or 0)


def notices_of(db: sqlite3.Connection, subjects: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Every notice about each of `subjects`, oldest first."""
    marks = ",".join("?" * len(subjects))
    rows = db.execute(f"SELECT * FROM notices WHERE subject IN ({marks}) ORDER BY id", subjects)  # noqa: S608 - only marks
    found: dict[str, list[dict[str, Any]]] = {subject: [] for subject in subjects}
    for row in rows:
        found[row["subject"]].append(
            {
                "notice_id": row["id"],
                "delivery": row["delivery"],
                "wire": row["wire"],
                "state": row["state"],
                "attempts": row["attempts"],
                "http_status": row["http_status"],
                "body": row["answer"],
            }
        )
    return found


def _accepted(wire: str, status: int | None, answer: str) -> bool:
    """Whether the provider counts `answer` as received: any 2xx; SePay also wants `{"success": true}`."""
    if status is None or not 200 <= status < 300:
        return False
    if wire != "sepay":
        return True
    try:
        parsed = json.loads(answer)
    except ValueError:
        return False
    return isinstance(parsed, dict) and parsed.get("success") is True


class Outbox:
    """Sends notices, at once or from a background thread, and writes down every answer."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._stopping = False
        # No connection is kept: a platform that restarts must not look like one that refused a notice.
        self._client = httpx.Client(
            trust_env=False,
            follow_redirects=False,
            verify=False,  # noqa: S501 - loopback only
            timeout=settings.send_timeout_s,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def ensure_running(self) -> None:
        """Start the background thread in this process if it is not there (it does not survive a fork)."""
        with self._lock:
            if self._stopping or (self._thread is not None and self._thread.is_alive() and self._pid == os.getpid()):
                return
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._run, name="sandbox-outbox", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let the background thread finish what it is sending, and end it."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=self._settings.send_timeout_s + 1)
        self._client.close()

    def wake(self) -> None:
        """Tell the background thread that there is something new."""
        self._wake.set()

    def send_now(self, notice_id: int) -> None:
        """Send one notice and write the answer down; a failure is left to the background thread to retry."""
        with self._store.read() as db:
            row = db.execute("SELECT * FROM notices WHERE id = ?", (notice_id,)).fetchone()
        if row is None:
            raise LookupError(notice_id)
        status, answer = self._post(row["wire"], bytes(row["body"]))
        attempts = row["attempts"] + 1
        if _accepted(row["wire"], status, answer):
            state = "delivered"
        else:
            state = "waiting" if attempts < self._settings.max_attempts else "gave_up"
        pause_s = self._settings.retry_base_s * 2 ** (attempts - 1)
        with self._store.write() as db:
            db.execute(
                "UPDATE notices SET state = ?, attempts = ?, next_at = ?, lease_until = 0, http_status = ?, answer = ?"
                " WHERE id = ?",
                (state, attempts, time.time() + pause_s, status, answer[:ANSWER_KEPT_CHARS], notice_id),
            )
        if state == "waiting":
            self.wake()

    def send_again(self, notice_id: int) -> int:
        """Deliver the same bytes once more as a new delivery; returns the new notice's id.

        Raises:
            LookupError: there is no such notice.
        """
        with self._store.write() as db:
            row = db.execute("SELECT * FROM notices WHERE id = ?", (notice_id,)).fetchone()
            if row is None:
                raise LookupError(notice_id)
            last = db.execute("SELECT max(delivery) FROM notices WHERE subject = ?", (row["subject"],)).fetchone()[0]
            again = enqueue(
                db, subject=row["subject"], delivery=last + 1, wire=row["wire"], body=bytes(row["body"]), hold=True
            )
        self.send_now(again)
        return again

    def _post(self, wire: str, body: bytes) -> tuple[int | None, str]:
        url = require_loopback(self._settings.webhook_url(wire))
        try:
            response = self._client.post(url, content=body, headers=headers_for(wire, body, self._settings))
        except httpx.HTTPError as error:
            return None, f"{type(error).__name__}: {error}"
        return response.status_code, response.text

    def _claim_due(self) -> int | None:
        now = time.time()
        with self._store.write() as db:
            row = db.execute(
                "SELECT id FROM notices WHERE state = 'waiting' AND next_at <= ? AND lease_until <= ?"
                " ORDER BY next_at, id LIMIT 1",
                (now, now),
            ).fetchone()
            if row is None:
                return None
            db.execute("UPDATE notices SET lease_until = ? WHERE id = ?", (now + LEASE_S, row["id"]))
            return int(row["id"])

    def _pause_s(self) -> float:
        with self._store.read() as db:
            due = db.execute("SELECT min(max(next_at, lease_until)) FROM notices WHERE state = 'waiting'").fetchone()[0]
        return IDLE_S if due is None else min(IDLE_S, max(0.01, due - time.time()))

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                notice_id = self._claim_due()
                if notice_id is not None:
                    self.send_now(notice_id)
                    continue
                pause_s = self._pause_s()
            except sqlite3.OperationalError:
                # The file is busy or was swept away under us: what is due stays due.
                pause_s = IDLE_S
            self._wake.wait(pause_s)
