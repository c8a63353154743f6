"""Transfers per second through our operations at 8 clients, against pgbench calling one minimal SQL function.

The function makes the writes that any double entry needs, on the same server: a transfer, two entries, two balances.
"""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections.abc import Callable

import psycopg
from flask import Flask

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.core.ids import uuid7
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind
from benchmarks.clients import CLIENTS, in_clients
from local.postgres import binaries

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
CREATE TABLE shaped_account
    (id uuid PRIMARY KEY, balance bigint NOT NULL, version bigint NOT NULL, updated_at timestamptz);
CREATE TABLE shaped_transfer (id uuid PRIMARY KEY, source uuid REFERENCES shaped_account, target uuid REFERENCES
    shaped_account, amount bigint, created_at timestamptz, event_at timestamptz);
CREATE TABLE shaped_entry (id uuid PRIMARY KEY, account uuid REFERENCES shaped_account, transfer uuid REFERENCES
    shaped_transfer, amount bigint, before bigint, after bigint, version bigint, created_at timestamptz);
CREATE INDEX ON shaped_entry (account);
CREATE INDEX ON shaped_entry (transfer);
INSERT INTO shaped_account SELECT gen_random_uuid(), 1000000000, 0, now() FROM generate_series(0, 199);
CREATE TABLE shaped_number AS SELECT row_number() OVER () AS n, id FROM shaped_account;
CREATE INDEX ON shaped_number (n);
CREATE FUNCTION shaped_post(source uuid, target uuid, amount bigint) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE made uuid := gen_random_uuid(); s shaped_account; t shaped_account;
BEGIN
  PERFORM 1 FROM shaped_account WHERE id IN (source, target) ORDER BY id FOR UPDATE;
  INSERT INTO shaped_transfer VALUES (made, source, target, amount, now(), now());
  UPDATE shaped_account SET balance = balance - amount, version = version + 1, updated_at = now()
      WHERE id = source RETURNING * INTO s;
  INSERT INTO shaped_entry
      VALUES (gen_random_uuid(), source, made, -amount, s.balance + amount, s.balance, s.version, now());
  UPDATE shaped_account SET balance = balance + amount, version = version + 1, updated_at = now()
      WHERE id = target RETURNING * INTO t;
  INSERT INTO shaped_entry
      VALUES (gen_random_uuid(), target, made, amount, t.balance - amount, t.balance, t.version, now());
  RETURN made;
END $$;
CREATE FUNCTION raw_batch(many int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE low int; high int;
BEGIN
  PERFORM 1 FROM raw_account ORDER BY id FOR UPDATE;
  FOR n IN 1..many LOOP
    low := floor(random() * 99); high := 99 + floor(random() * 101);
    PERFORM raw_post(gen_random_uuid(), low, high, 1000);
  END LOOP;
END $$;
"""


def _in_clients(app: Flask, work: Callable[[float], int], seconds: float) -> float:
    def prepare() -> None:
        with app.app_context():
            db.engine.dispose(close=False)  # the parent's connections are not ours

    return in_clients(work, seconds, prepare=prepare)


def prepare_raw(superuser_url: str) -> None:
    """Make the yardstick's tables."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(_RAW)


def raw_per_s(superuser_url: str, seconds: float, *, batch: int = 1) -> float:
    """Transfers per second that pgbench reaches with the minimal function, `batch` per transaction."""
    call = f"SELECT raw_batch({batch})" if batch > 1 else "SELECT raw_post(gen_random_uuid(), :low, :high, 1000)"
    script = f"\\set low random(0, 98)\n\\set high random(99, {ACCOUNTS - 1})\n{call};\n"
    return _pgbench(superuser_url, script, seconds) * batch


def _pgbench(superuser_url: str, script: str, seconds: float) -> float:
    command = [str(binaries() / "pgbench"), "-n", "-c", str(CLIENTS), "-j", "2", "-T", str(max(round(seconds), 1))]
    ran = subprocess.run(
        [*command, "-f", "/dev/stdin", superuser_url], input=script, capture_output=True, text=True, check=True
    )
    found = re.search(r"tps = ([0-9.]+)", ran.stdout)
    if found is None:
        raise RuntimeError(f"pgbench said nothing about its speed: {ran.stdout}")
    return float(found[1])


def shaped_hot_per_s(superuser_url: str, seconds: float) -> float:
    """Transfers per second into one account that SQL of pgledger's shape reaches, one per transaction."""
    numbered = "(SELECT id FROM shaped_number WHERE n = {})"
    call = f"SELECT shaped_post({numbered.format(':other')}, {numbered.format(1)}, 1000);\n"
    return _pgbench(superuser_url, f"\\set other random(2, {ACCOUNTS})\n{call}", seconds)


def hot_per_s(app: Flask, seconds: float, *, group: int = BATCH) -> float:
    """Independent transfers per second into one account through `ledger.post_each`, `group` per transaction."""
    with app.app_context(), acting_as(SYSTEM):
        with transaction():
            world = ledger.open_account(AccountKind.OUTSIDE_BANK, "bench", clock=SYSTEM_CLOCK).id
            hot = ledger.open_account(AccountKind.RECEIVED, str(uuid7()), clock=SYSTEM_CLOCK).id
        db.session.remove()

    def work(until: float) -> int:
        done = 0
        with app.app_context(), acting_as(SYSTEM):
            while time.perf_counter() < until:
                now = SYSTEM_CLOCK.now()
                sets = [[ledger.NewTransfer(uuid7(), world, hot, 1000, now)] for _one in range(group)]
                with transaction():
                    ledger.post_each(sets, clock=SYSTEM_CLOCK)
                db.session.remove()
                done += group
        return done

    return _in_clients(app, work, seconds)


def grow(superuser_url: str, entries: int) -> None:
    """Put that many entries of the past into the ledger, two a transfer, as the books would hold them."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(_GROW, {"transfers": entries // 2})
        connection.execute("ANALYZE ledger_transfer, ledger_entry")


_GROW = """
WITH numbers AS (
    SELECT n, (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - n), 12, '0') || '7'
               || lpad(to_hex(mod(n, 4096)), 3, '0') || '8' || substr(md5(n::text), 1, 15))::uuid AS id
    FROM generate_series(1, %(transfers)s::bigint) AS n
), made AS (
    INSERT INTO ledger_transfer (id, kind, from_account_id, to_account_id, amount_vnd, event_at, created_at)
    SELECT id, 'posted', md5('a' || mod(n, 5000))::uuid, md5('b' || mod(n, 5000))::uuid, 1000, now(), now() FROM numbers
)
INSERT INTO ledger_entry (transfer_id, account_id, amount_vnd, created_at)
SELECT id, md5('a' || mod(n, 5000))::uuid, -1000, now() FROM numbers
UNION ALL SELECT id, md5('b' || mod(n, 5000))::uuid, 1000, now() FROM numbers
"""


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

    return _in_clients(app, work, seconds)
