"""`make bench`: a table on the screen, and the same as JSON in `var/bench/latest.json`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from flask import Flask

from benchmarks import ledger
from benchmarks.clients import CLIENTS
from benchmarks.load import Request, drive
from benchmarks.rounds import Row, in_turns, table
from local.catalogues import compile_all
from local.children import Child
from local.postgres import LocalPostgres

ROOT = Path(__file__).parent.parent
GROWN = int(os.environ.get("BENCH_ENTRIES", "10000000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
HORDAK_PYTHON = ROOT / ".venv" / "bench" / "bin" / "python"


def main() -> int:
    """Run every benchmark on a throw-away database; 1 when a request failed."""
    if not HORDAK_PYTHON.exists():
        sys.exit("django-hordak is not installed: run `make bench`")
    compile_all()
    with tempfile.TemporaryDirectory(prefix="chophien-bench-") as folder:
        server = LocalPostgres(Path(folder) / "data")
        server.start()
        try:
            rows, failed = _measure(server, Path(folder))
        finally:
            server.stop()
    text = table(rows)
    print(text)
    target = ROOT / "var" / "bench"
    target.mkdir(parents=True, exist_ok=True)
    result = {
        "at": datetime.now(UTC).isoformat(),
        "seconds_each": SECONDS,
        "rounds": ROUNDS,
        "rows": [row.as_json() for row in rows],
        "failed_requests": failed,
    }
    (target / "latest.txt").write_text(text + "\n")
    (target / "latest.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return 1 if failed else 0


def _measure(server: LocalPostgres, folder: Path) -> tuple[list[Row], int]:
    os.environ |= {"APP_ENV": "demo", "MEDIA_DIR": str(folder / "media"), "LOG_LEVEL": "ERROR"}
    app = _app_on(server, "bench")
    from flask_migrate import upgrade

    from app.core.database import db
    from app.households.areas.services import load_reference
    from local.example import load_example

    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        load_reference()
        load_example("small", say=_say)
        db.session.remove()
        db.engine.dispose()
    server.clone_database("bench", "bench_grown")
    superuser = server.url("bench", "postgres")
    ledger.prepare_raw(superuser)
    rows = _measure_ledger(app, superuser, _Hordak(server))
    _say(f"putting {GROWN:,} entries into the ledger …")
    grown = _app_on(server, "bench_grown")
    ledger.grow(server.url("bench_grown", "postgres"), GROWN)
    _say("the ledger, with and without them …")
    rates = in_turns(
        {
            "young": partial(ledger.ours_per_s, app, SECONDS, batch=ledger.BATCH),
            "grown": partial(ledger.ours_per_s, grown, SECONDS, batch=ledger.BATCH),
        },
        ROUNDS,
    )
    name = f"ledger, with {GROWN:,} entries more"
    rows.append(Row(name, "transfers/s", rates["grown"], "the same without them", rates["young"]))
    _say("pages, API and webhook …")
    os.environ |= _urls(server, "bench_grown")
    return rows, _measure_http(folder, rows)


def _say(text: str) -> None:
    print(f"· {text}", flush=True)


def _urls(server: LocalPostgres, database: str) -> dict[str, str]:
    return {"DATABASE_URL": server.url(database, "app"), "MIGRATION_DATABASE_URL": server.url(database, "migrator")}


def _app_on(server: LocalPostgres, database: str) -> Flask:
    server.ensure_database(database)
    os.environ |= _urls(server, database)
    from app import create_app

    return create_app()


class _Hordak:
    """django-hordak on the same server, in a database of its own; each measure is a program run by its own Python."""

    def __init__(self, server: LocalPostgres) -> None:
        server.ensure_database("hordak")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HORDAK_DATABASE": "hordak",
            "HORDAK_HOST": str(server.sockets),
        }
        self._run("prepare")

    def per_s(self, what: str) -> float:
        """Transfers per second of one kind of work."""
        return float(json.loads(self._run(what, str(SECONDS)))["per_s"])

    def _run(self, *arguments: str) -> str:
        command = [str(HORDAK_PYTHON), "-m", "benchmarks.hordak", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True, check=True
        ).stdout


def _measure_ledger(app: Flask, superuser: str, hordak: _Hordak) -> list[Row]:
    """Each of our rates stands between its yardsticks in every round."""
    rows: list[Row] = []

    def beside(
        name: str,
        ours: Callable[[], float],
        raw: tuple[str, Callable[[], float]] | None,
        *kinds: tuple[str, str],
    ) -> None:
        _say(f"{name} …")
        yardsticks = {yardstick: partial(hordak.per_s, kind) for kind, yardstick in kinds}
        measures: dict[str, Callable[[], float]] = dict([raw] if raw else []) | {"ours": ours} | yardsticks
        rates = in_turns(measures, ROUNDS)
        rows.extend(
            Row(name, "transfers/s", rates["ours"], yardstick, rates[yardstick])
            for yardstick in measures
            if yardstick != "ours"
        )

    minimal = "pgbench, minimal SQL function"
    beside(
        f"ledger, single transfers, {CLIENTS} clients",
        partial(ledger.ours_per_s, app, SECONDS),
        (minimal, partial(ledger.raw_per_s, superuser, SECONDS)),
        ("single", "django-hordak, transfer_to"),
    )
    beside(
        f"ledger, linked batches of {ledger.BATCH}",
        partial(ledger.ours_per_s, app, SECONDS, batch=ledger.BATCH),
        (minimal, partial(ledger.raw_per_s, superuser, SECONDS, batch=ledger.BATCH)),
        ("batch", "django-hordak, transfer_to in one transaction"),
        ("bulk", "django-hordak, bulk_create past its checks"),
    )
    beside(
        "ledger, one hot seller, grouped",
        partial(ledger.hot_per_s, app, SECONDS),
        ("SQL of pgledger's shape, singly", partial(ledger.shaped_hot_per_s, superuser, SECONDS)),
        ("hot", "django-hordak, transfer_to singly"),
    )
    beside(
        "ledger, one hot seller, singly",
        partial(ledger.hot_per_s, app, SECONDS, group=1),
        None,
        ("hot", "django-hordak, which locks no balance"),
    )
    return rows


def _measure_http(folder: Path, rows: list[Row]) -> int:
    from tests.fakes.banks import message, transfer

    standing, account = _a_stall_to_pay()
    port, bare_port = _free_port(), _free_port()
    gunicorn = [
        sys.executable,
        "-m",
        "gunicorn",
        "--no-control-socket",
        "--worker-class",
        "gthread",
        "-w",
        "2",
        "--threads",
        "8",
        "-b",
    ]
    children = [
        Child("bare", [*gunicorn, f"127.0.0.1:{bare_port}", "benchmarks.bare:app"], os.environ, folder / "bare.log"),
        Child("web", [*gunicorn, f"127.0.0.1:{port}", "wsgi:app"], os.environ, folder / "web.log"),
    ]

    def notice() -> Request:
        body, headers = message("sepay", transfer(account, 50_000, f"{standing} CHO PHIEN"))
        return "POST", "/webhooks/bank/sepay", body, {**headers, "Content-Type": "application/json"}

    def get(path: str) -> Request:
        return "GET", path, None, {}

    failed = 0

    def answers_per_s(to_port: int, make: Callable[[], Request]) -> float:
        nonlocal failed
        rate = drive(to_port, make, seconds=SECONDS)
        failed += rate.failed
        return rate.per_s

    try:
        children[0].wait_until_answers(f"http://127.0.0.1:{bare_port}/")
        children[1].wait_until_answers(f"http://127.0.0.1:{port}/readyz")
        drive(port, lambda: get("/cho"), seconds=1)
        rates = in_turns(
            {
                "bare": partial(answers_per_s, bare_port, lambda: get("/")),
                "webhook → posted": partial(answers_per_s, port, notice),
                "product list, page": partial(answers_per_s, port, lambda: get("/cho")),
                "product list, API": partial(answers_per_s, port, lambda: get("/api/v1/products")),
            },
            ROUNDS,
        )
        rows.extend(
            Row(name, "requests/s", per_s, "bare Flask route", rates["bare"])
            for name, per_s in rates.items()
            if name != "bare"
        )
    finally:
        for child in children:
            child.stop()
    return failed


def _a_stall_to_pay() -> tuple[str, str]:
    """A static QR's code and its account number, from the example province: every notice is matched and posted."""
    import sqlalchemy as sa

    from app import create_app
    from app.core.actor import SYSTEM
    from app.core.database import acting_as, db
    from app.payments.payees.queries import account_number, active_account
    from app.payments.requests.models import StandingCode

    with create_app().app_context(), acting_as(SYSTEM):
        standing = db.session.scalars(sa.select(StandingCode).where(StandingCode.active).limit(1)).one()
        account = active_account(standing.payee_id)
        assert account is not None
        found = standing.code, account_number(account)
        db.session.remove()
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
