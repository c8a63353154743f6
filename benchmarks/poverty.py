"""A yearly list of 25,000 households as XLSX, from the file to decisions that hold: seconds and rows a second.

`python -m benchmarks.poverty` on a throw-away database; `BENCH_LIST_ROWS` says how many rows. Fails above a minute.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import xlsxwriter

from local.catalogues import compile_all
from local.postgres import LocalPostgres

ROOT = Path(__file__).parent.parent
ROWS = int(os.environ.get("BENCH_LIST_ROWS", "25000"))
LIMIT_S = 60.0
HAMLETS = 40


def main() -> int:
    """Measure once; 1 when it takes longer than a minute or rows were lost."""
    compile_all()
    with tempfile.TemporaryDirectory(prefix="chophien-list-") as folder:
        server = LocalPostgres(Path(folder) / "data")
        server.start()
        try:
            seconds, held = _measure(server)
        finally:
            server.stop()
    total = sum(seconds.values())
    for step, taken in seconds.items():
        print(f"  {step:<28} {taken:6.1f} s")
    print(f"  {ROWS:,} rows in {total:.1f} s, {ROWS / total:,.0f} rows/s")
    return 0 if total < LIMIT_S and held == ROWS else 1


def _measure(server: LocalPostgres) -> tuple[dict[str, float], int]:
    os.environ |= {"APP_ENV": "demo", "LOG_LEVEL": "ERROR"}
    server.ensure_database("list")
    os.environ |= {
        "DATABASE_URL": server.url("list", "app"),
        "MIGRATION_DATABASE_URL": server.url("list", "migrator"),
    }
    from flask_migrate import upgrade

    from app import create_app
    from app.core.actor import EVERYWHERE, SYSTEM, Actor
    from app.core.clock import SYSTEM_CLOCK
    from app.core.database import acting_as, db
    from app.households.areas import queries as area_queries
    from app.households.areas import services as areas
    from app.households.poverty import queries, services
    from app.identity.roles import Role

    app = create_app()
    with app.app_context(), acting_as(SYSTEM):
        upgrade(directory=str(ROOT / "migrations"))
        areas.load_reference()
        commune = area_queries.communes()[0][0]
        for number in range(HAMLETS):
            areas.add_hamlet(code=f"{commune}-{number:02d}", name=f"Xóm {number}", commune_code=commune)
        db.session.remove()
        numbers = _fill(server.url("list", "postgres"), commune)
        data = _workbook(numbers)
        print(f"· {ROWS:,} households, a file of {len(data) // 1024:,} KiB", flush=True)
        maker, approver = (
            Actor(uuid4(), frozenset({Role.PROVINCE_OPERATOR}), frozenset({EVERYWHERE})) for _n in range(2)
        )
        seconds: dict[str, float] = {}

        def timed(step: str, began: float) -> None:
            seconds[step] = time.perf_counter() - began

        began = time.perf_counter()
        made = services.upload(actor=maker, data=data, file_name="list.xlsx", area_code=commune, clock=SYSTEM_CLOCK)
        timed("taken in and sealed", began)
        began = time.perf_counter()
        services.confirm_columns(
            actor=maker, import_id=made.id, columns=queries.layout(made).guess, decision_number="1/QĐ-UBND",
            year=2027, valid_from=date(2027, 1, 1), valid_to=date(2027, 12, 31), whole_list=False, clock=SYSTEM_CLOCK,
        )  # fmt: skip
        services.work(made.id, clock=SYSTEM_CLOCK)
        timed("read, matched, previewed", began)
        began = time.perf_counter()
        services.approve(actor=approver, import_id=made.id, clock=SYSTEM_CLOCK)
        services.work(made.id, clock=SYSTEM_CLOCK)
        timed("approved and written", began)
        db.session.remove()
        db.engine.dispose()
    with psycopg.connect(server.url("list", "postgres")) as connection:
        held = connection.execute("SELECT count(*) FROM poverty_status WHERE revoked_at IS NULL").fetchone()
    return seconds, held[0] if held else 0


def _fill(superuser: str, commune: str) -> list[str]:
    """Registered households, half of them poor last year; their citizen's numbers."""
    from app.core.crypto import seal_with, wrap_new_key
    from app.core.ids import uuid7
    from app.households.registry import people
    from app.households.registry.people import Field, sealed_name

    numbers = [f"0191{50 + at // 1_000_000 % 50:02d}{at:06d}" for at in range(ROWS)]
    by, at = uuid4(), "2026-06-01T00:00:00+00:00"
    ids: list[UUID] = []
    with psycopg.connect(superuser) as connection, connection.cursor() as cursor:
        keys: list[tuple[UUID, bytes]] = []
        with cursor.copy("COPY data_key (id, wrapped, created_at) FROM STDIN") as copy:
            for _number in numbers:
                key_id = uuid7()
                plain, wrapped = wrap_new_key(key_id)
                keys.append((key_id, plain))
                copy.write_row((key_id, wrapped, at))
        columns = (
            "id, code, data_key_id, commune_code, hamlet_code, head_name_enc, name_index, citizen_id_enc,"
            " citizen_index, phone_is_contact, address_enc, status, registered_by, verified_by, verified_at,"
            " client_id, content_mark, created_at"
        )
        with cursor.copy(f"COPY household ({columns}) FROM STDIN") as copy:
            for place, (number, (key_id, plain)) in enumerate(zip(numbers, keys, strict=True)):
                name = f"Người Mẫu {'ABCDEFGHIJ'[place % 10]}"
                ids.append(uuid7())
                copy.write_row(
                    (
                        ids[-1], f"HG{place:08d}", key_id, commune, f"{commune}-{place % HAMLETS:02d}",
                        seal_with(plain, sealed_name(Field.HEAD_NAME), name), people.name_index(name),
                        seal_with(plain, sealed_name(Field.CITIZEN_ID), number), people.citizen_index(number), False,
                        seal_with(plain, sealed_name(Field.ADDRESS), "–"), "verified", by, uuid4(), at, uuid4(), b"",
                        at,
                    )
                )  # fmt: skip
        status = (
            "id, household_id, class, year, decision_number, valid_from, valid_to, recorded_by, approved_by, created_at"
        )
        with cursor.copy(f"COPY poverty_status ({status}) FROM STDIN") as copy:
            for household_id in ids[::2]:
                copy.write_row(
                    (uuid7(), household_id, "poor", 2026, "1/QĐ", "2026-01-01", "2027-06-30", by, uuid4(), at)
                )
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("ANALYZE")
    return numbers


def _workbook(numbers: list[str]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        heads = ("STT", "Họ và tên chủ hộ", "Số CCCD", "Năm sinh", "Xóm", "Loại hộ", "Từ ngày", "Đến ngày")
        sheet.write_row(0, 0, heads)
        for at, number in enumerate(numbers):
            row = (
                at + 1, f"Người Mẫu {'ABCDEFGHIJ'[at % 10]}", number, 1980, f"Xóm {at % HAMLETS}",
                "Hộ nghèo" if at % 3 else "Hộ cận nghèo", "01/01/2027", "31/12/2027",
            )  # fmt: skip
            sheet.write_row(at + 1, 0, row)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
