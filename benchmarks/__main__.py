"""`make bench`: a table on the screen, and the same as JSON in `var/bench/latest.json`."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import ledger
from benchmarks.load import Rate, Request, drive
from local.catalogues import compile_all
from local.children import Child
from local.postgres import LocalPostgres

ROOT = Path(__file__).parent.parent
GROWN = int(os.environ.get("BENCH_ENTRIES", "10000000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))


def main() -> int:
    """Run every benchmark on a throw-away database; 1 when a request failed."""
    compile_all()
    with tempfile.TemporaryDirectory(prefix="chophien-bench-") as folder:
        server = LocalPostgres(Path(folder) / "data")
        server.start()
        try:
            rows, failed = _measure(server, Path(folder))
        finally:
            server.stop()
    table = _table(rows)
    print(table)
    target = ROOT / "var" / "bench"
    target.mkdir(parents=True, exist_ok=True)
    result = {"at": datetime.now(UTC).isoformat(), "seconds_each": SECONDS, "rows": rows, "failed_requests": failed}
    (target / "latest.txt").write_text(table + "\n")
    (target / "latest.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return 1 if failed else 0


def _measure(server: LocalPostgres, folder: Path) -> tuple[list[dict[str, object]], int]:
    from flask_migrate import upgrade

    server.ensure_database("bench")
    os.environ |= {
        "APP_ENV": "demo",
        "DATABASE_URL": server.url("bench", "app"),
        "MIGRATION_DATABASE_URL": server.url("bench", "migrator"),
        "MEDIA_DIR": str(folder / "media"),
        "LOG_LEVEL": "ERROR",
    }
    from app import create_app
    from app.core.database import db
    from app.households.areas.services import load_reference
    from local.example import load_example

    app = create_app()
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        load_reference()
        load_example("small", say=lambda text: print(f"· {text}", flush=True))
        db.session.remove()
    superuser = server.url("bench", "postgres")
    ledger.prepare_raw(superuser)
    rows: list[dict[str, object]] = []
    for name, batch in (("ledger, single transfers, 8 clients", 1), (f"ledger, linked batches of {ledger.BATCH}", 100)):
        yardstick = ledger.raw_per_s(superuser, SECONDS, batch=batch)
        ours = ledger.ours_per_s(app, SECONDS, batch=batch)
        rows.append(_row(name, "transfers/s", ours, "pgbench, minimal SQL function", yardstick))
    hot, shaped = ledger.hot_per_s(app, SECONDS), ledger.shaped_hot_per_s(superuser, SECONDS)
    rows.append(_row("ledger, one hot seller, grouped", "transfers/s", hot, "SQL of pgledger's shape, singly", shaped))
    young = ledger.ours_per_s(app, SECONDS, batch=100)
    ledger.grow(superuser, GROWN)
    grown = ledger.ours_per_s(app, SECONDS, batch=100)
    rows.append(_row(f"ledger, with {GROWN:,} entries more", "transfers/s", grown, "the same before them", young))
    failed = _measure_http(folder, rows)
    return rows, failed


def _measure_http(folder: Path, rows: list[dict[str, object]]) -> int:
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
    try:
        children[0].wait_until_answers(f"http://127.0.0.1:{bare_port}/")
        children[1].wait_until_answers(f"http://127.0.0.1:{port}/readyz")
        drive(port, lambda: get("/cho"), seconds=1)
        bare = drive(bare_port, lambda: get("/"), seconds=SECONDS)
        posted: Rate = drive(port, notice, seconds=SECONDS)
        for name, rate in (
            ("product list, page", drive(port, lambda: get("/cho"), seconds=SECONDS)),
            ("product list, API", drive(port, lambda: get("/api/v1/products"), seconds=SECONDS)),
            ("webhook → posted", posted),
        ):
            rows.append(_row(name, "requests/s", rate.per_s, "bare Flask route", bare.per_s))
            failed += rate.failed
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


def _row(name: str, unit: str, ours: float, yardstick_name: str, yardstick: float) -> dict[str, object]:
    return {
        "name": name,
        "unit": unit,
        "ours": round(ours, 1),
        "yardstick": yardstick_name,
        "yardstick_value": round(yardstick, 1),
        "ratio": round(ours / yardstick, 3),
    }


def _table(rows: list[dict[str, object]]) -> str:
    lines = ["", f"{'what':38} {'ours':>10} {'yardstick':>12}  {'ratio':>6}"]
    for row in rows:
        against = f"{row['yardstick']} ({row['unit']})"
        figures = f"{row['ours']!s:>10} {row['yardstick_value']!s:>12}  {row['ratio']!s:>6}"
        lines.append(f"{row['name']!s:38} {figures}  {against}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
