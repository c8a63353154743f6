"""Transfers per second through our operations at 8 clients, against one minimal SQL function called by psycopg threads
on the same server (the writes any double entry needs: a transfer, two entries, two balances)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import psycopg
from flask import Flask

from app.config import libpq_url
from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.core.ids import uuid7
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind

CLIENTS = 8
ACCOUNTS = 200
BATCH = 100
_RAW = """
CREATE TABLE raw_account (id int PRIMARY KEY, balance bigint NOT NULL);
CREATE TABLE raw_transfer (id uuid PRIMARY KEY, source int, target int, amount bigint, at timestamptz DEFAULT now());
CREATE TABLE raw_entry (id bigserial PRIMARY KEY, transfer uuid, account int, amount bigint, after bigint);
INSERT INTO raw_account SELECT n, 1000000000 FROM generate_series(0, 199) AS n;
CREATE FUNCTION raw_post(the_id uuid, source int, target int, amount bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE s bigint; t bigint;
BEGIN
  PERFORM 1 FROM raw_account WHERE id IN (source, target) ORDER BY id FOR UPDATE;
  INSERT INTO raw_transfer VALUES (the_id, source, target, amount);
  UPDATE raw_account SET balance = balance - amount WHERE id = source RETURNING balance INTO s;
  UPDATE raw_account SET balance = balance + amount WHERE id = target RETURNING balance INTO t;
  INSERT INTO raw_entry (transfer, account, amount, after)
  VALUES (the_id, source, -amount, s), (the_id, target, amount, t);
END $$;
"""


def _in_threads(work: Callable[[float], int], seconds: float) -> float:
    until = time.perf_counter() + seconds
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(work(until))) for _ in range(CLIENTS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


def prepare_raw(superuser_url: str) -> None:
    """Make the yardstick's tables."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(_RAW)


def raw_per_s(superuser_url: str, seconds: float, *, batch: int = 1) -> float:
    """Transfers per second of the minimal function, `batch` per transaction."""

    def work(until: float) -> int:
        done = 0
        with psycopg.connect(libpq_url(superuser_url)) as connection:
            while time.perf_counter() < until:
                pairs = [sorted(random.sample(range(ACCOUNTS), 2)) for _ in range(batch)]
                with connection.transaction(), connection.cursor() as cursor:
                    ids = sorted({account for pair in pairs for account in pair})
                    cursor.execute("SELECT 1 FROM raw_account WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [ids])
                    cursor.executemany(
                        "SELECT raw_post(%s, %s, %s, 1000)", [(uuid7(), source, target) for source, target in pairs]
                    )
                done += batch
        return done

    return _in_threads(work, seconds)


def ours_per_s(app: Flask, seconds: float, *, batch: int = 1) -> float:
    """Transfers per second through `with transaction()` and `ledger.post`, `batch` linked per transaction."""
    with app.app_context(), acting_as(SYSTEM):
        with transaction():
            world = ledger.open_account(AccountKind.OUTSIDE_BANK, "bench", clock=SYSTEM_CLOCK).id
            owners = [str(uuid7()) for _ in range(ACCOUNTS)]
            mine = [ledger.open_account(AccountKind.RECEIVED, owner, clock=SYSTEM_CLOCK).id for owner in owners]
            now = SYSTEM_CLOCK.now()
            money = [ledger.NewTransfer(uuid7(), world, account, 1_000_000_000, now) for account in mine]
            ledger.post(money, clock=SYSTEM_CLOCK)
        db.session.remove()

    def work(until: float) -> int:
        done = 0
        with app.app_context(), acting_as(SYSTEM):
            while time.perf_counter() < until:
                pairs = [random.sample(mine, 2) for _ in range(batch)]
                now = SYSTEM_CLOCK.now()
                with transaction():
                    ledger.post(
                        [ledger.NewTransfer(uuid7(), source, target, 1000, now) for source, target in pairs],
                        clock=SYSTEM_CLOCK,
                    )
                db.session.remove()
                done += batch
        return done

    return _in_threads(work, seconds)
