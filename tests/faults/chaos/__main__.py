"""Run it: `make chaos`, and `make chaos-proof`, where PostgreSQL may forget what it answered and the checker must see.

CHAOS_SECONDS is how long things are killed (30 when left out), CHAOS_SEED repeats a run's choices.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

from flask import Flask

from app.config import load
from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db
from local.catalogues import compile_all
from tests.faults.chaos import checker
from tests.faults.chaos.clients import WORKS, Booth, Client, World, spoil_gateway
from tests.faults.chaos.record import Record
from tests.faults.chaos.servers import Havoc, LossyLink, Servers

ROOT = Path(__file__).parents[3]
SELLERS = 24
LOSES = 0.04
QUIET_S = 40
# Nothing that was answered is on the disk for ten seconds, unless something else forces it there.
FORGETFUL = {
    "synchronous_commit": "off",
    "wal_writer_delay": "10s",
    "wal_writer_flush_after": "2GB",
    "wal_buffers": "64MB",
    "checkpoint_timeout": "1h",
    "bgwriter_lru_maxpages": "0",
}
BUSY = 6  # fresh acknowledgements before the last kill


class LongAgo:
    """When the sellers told us their accounts, so that no payout to them is held back."""

    def now(self) -> datetime:
        return SYSTEM_CLOCK.now() - timedelta(days=30)


class Later:
    """A while from now, when the sweeps no longer wait for who is still at it."""

    def now(self) -> datetime:
        return SYSTEM_CLOCK.now() + timedelta(minutes=5)


def main() -> int:
    """Run; the exit code: 0 when the checker found what it should."""
    options = argparse.ArgumentParser(prog="chaos", description=__doc__)
    options.add_argument("--proof", action="store_true", help="synchronous_commit=off; the checker must see")
    options.add_argument("--seconds", type=float, default=float(os.environ.get("CHAOS_SECONDS") or 30))
    options.add_argument("--seed", type=int, default=int(os.environ.get("CHAOS_SEED") or time.time()))
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    _say(f"CHAOS_SEED={chosen.seed}, {chosen.seconds:g} s{', forgetful' if chosen.proof else ''}")
    folder = Path(tempfile.mkdtemp(prefix="chophien-chaos-"))
    servers = Servers(folder, FORGETFUL if chosen.proof else {})
    try:
        problems, counts = _run(servers, folder, chosen)
    except BaseException:
        print(f"· logs in {folder}", file=sys.stderr)
        raise
    finally:
        servers.stop()
    return _verdict(problems, counts, folder, proof=chosen.proof)


_started = time.monotonic()


def _say(text: str) -> None:
    print(f"· {time.monotonic() - _started:5.1f} s  {text}", flush=True)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _verdict(problems: list[str], counts: dict[str, int], folder: Path, *, proof: bool) -> int:
    _say("acknowledged: " + ", ".join(f"{what} {number}" for what, number in sorted(counts.items())))
    losses = [problem for problem in problems if problem.startswith("acknowledged")]
    for problem in problems[:5] if proof else problems[:50]:
        print(f"  {problem}")
    if proof:
        _say(f"the checker saw {len(losses)} losses" if losses else "NOTHING was lost: the checker proved nothing")
    else:
        _say(f"{len(problems)} problems" if problems else "nothing lost, nothing twice, the books balance")
    good = bool(losses) if proof else not problems
    if good:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        _say(f"record and logs in {folder}")
    return 0 if good else 1


def _run(servers: Servers, folder: Path, chosen: argparse.Namespace) -> tuple[list[str], dict[str, int]]:
    chance = random.Random(chosen.seed)
    servers.start_database()
    compile_all()
    os.environ.update(servers.environment)
    from app import create_app

    app = create_app(load(servers.environment))
    with app.app_context(), acting_as(SYSTEM):
        record = Record(folder / "acknowledged.jsonl")
        booths, officers = _people(app)
        _say("tables and people are there")
        servers.start()
        _say("everything runs")
        link = LossyLink(servers.lossy_port, servers.port, chance, loses=LOSES)
        over = threading.Event()
        world = World(f"http://127.0.0.1:{servers.lossy_port}", servers.sandbox, booths, officers, record, over)
        clients = [Client(world, random.Random(chance.random()), work) for work in WORKS]
        havoc = Havoc(servers, random.Random(chance.random()), lambda: spoil_gateway(servers.sandbox))
        try:
            _kill_and_work(servers, clients, havoc, world, chosen)
            _say(f"killed or spoilt: {', '.join(havoc.done)}; answers lost on the way: {link.lost}")
            link.loses = 0
            servers.start()
            _until_quiet(servers, folder / "sandbox.sqlite3")
            _say("all is quiet")
            return checker.lost_or_twice(record.lines(), folder / "sandbox.sqlite3"), record.counts()
        finally:
            over.set()
            link.close()
            db.session.remove()
            db.engine.dispose()


def _kill_and_work(
    servers: Servers, clients: list[Client], havoc: Havoc, world: World, chosen: argparse.Namespace
) -> None:
    """Clients work while things are killed; the last kill comes while all are busy, right after an acknowledgement."""
    for client in clients:
        client.start()
    time.sleep(min(3, chosen.seconds / 3))
    havoc.go_on(time.monotonic() + chosen.seconds - min(3, chosen.seconds / 3))
    _until_busy(world.record)
    servers.kill_database("all")
    world.over.set()
    for client in clients:
        client.join(20)
    failures = [client.failure for client in clients if client.failure]
    if failures and not chosen.proof:  # what was lost makes nonsense of what clients do next
        raise failures[0]


def _until_busy(record: Record) -> None:
    before, deadline = len(record.lines()), time.monotonic() + QUIET_S
    while len(record.lines()) < before + BUSY and time.monotonic() < deadline:
        time.sleep(0.01)


def _people(app: Flask) -> tuple[list[Booth], tuple[str, str]]:
    """Tables, sellers with a stall and a product, and two officers."""
    from flask_migrate import upgrade

    from app.identity import session
    from app.identity.roles import Role
    from app.payments.payees import queries as payees
    from tests.factories.households import load_areas
    from tests.factories.market import make_product, make_seller
    from tests.factories.people import make_user
    from tests.market.places.conftest import make_market, make_stall

    upgrade(directory=str(ROOT / "migrations"))
    logging.disable(logging.INFO)
    load_areas()
    booths = []
    with app.test_request_context(), acting_as(SYSTEM):
        market = make_market()
        for number in range(SELLERS):
            seller = make_seller(clock=LongAgo())
            stall = make_stall(seller, market, f"A{number}")
            product = make_product(clock=LongAgo(), seller=seller, stock=9_999)
            account = payees.active_account(seller.shop.payee_id)
            assert account
            user = make_user(Role.HOUSEHOLD, household_id=seller.shop.household_id)
            token, _ends = session.new_token(user, second_factor=False)
            booths.append(Booth(stall.code, payees.account_number(account), product.code, token))
        officers = [session.new_token(make_user(Role.FINANCE), second_factor=True)[0] for _each in range(2)]
    db.session.remove()
    return booths, (officers[0], officers[1])


def _until_quiet(servers: Servers, sandbox_state: Path) -> None:
    """Events are delivered, and pumps and sweeps find nothing to do any more."""
    deadline = time.monotonic() + QUIET_S
    while time.monotonic() < deadline and (waiting := checker.undelivered(sandbox_state)):
        for notice_id in waiting:
            with suppress(Exception):
                checker.deliver_again(servers.sandbox, notice_id)
    servers.worker_rests()
    while sweep() and time.monotonic() < deadline:
        time.sleep(0.2)


def sweep() -> int:
    """What the clock does, at once; how much there was to do."""
    from app.payments.bank import services as bank
    from app.payments.cards import gateway
    from app.payments.cards import services as cards
    from app.payments.refunds import services as refunds

    return (
        bank.pump(clock=SYSTEM_CLOCK)
        + cards.pump(clock=SYSTEM_CLOCK)
        + refunds.sweep(gateway=gateway.current(), clock=Later())
        + cards.sweep(gateway=gateway.current(), clock=Later())
    )


if __name__ == "__main__":
    sys.exit(main())
