"""COPY into the tables of the application, as its own role, inside its one open transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

Row = Sequence[object]

# Columns written, by table; those left out have a default or stay empty.
COLUMNS = {
    "area": "code, kind, unit, name, parent_code, search_name, latitude, longitude",
    "data_key": "id, wrapped, created_at",
    "user_account": "id, data_key_id, phone_enc, phone_index, display_name, fs_uniquifier, active, created_at",
    "role_grant": "id, user_id, role, area_code, household_id, valid_from, granted_by, created_at",
    "household": (
        "id, code, data_key_id, commune_code, hamlet_code, head_name_enc, name_index, citizen_id_enc, citizen_index,"
        " phone_enc, phone_index, phone_is_contact, address_enc, sales_account_enc, status, registered_by,"
        " verified_by, verified_at, client_id, content_mark, created_at"
    ),
    "consent": "household_id, purpose, given, how, witnessed_by, at",
    "poverty_status": (
        "id, household_id, class, year, decision_number, valid_from, valid_to, recorded_by, approved_by, created_at"
    ),
    "payee": "id, kind, owner_id, arrival_seq, created_at",
    "bank_account": (
        "id, payee_id, payee_kind, bin, number_enc, number_index, holder_enc, data_key_id, active, created_at"
    ),
    "welfare_profile": "id, household_id, code, commune_code, payee_id, need, created_at",
    "welfare_account": (
        "id, household_id, payee_id, bank_account_id, bin, number_index, status, issued_by, verified_by, created_at,"
        " verified_at, verified_how"
    ),
    "shop": "id, household_id, payee_id, code, name, commune_code, status, created_at",
    "market": "id, code, name, commune_code, latitude, longitude, meeting_rule, status, created_at",
    "stall": "id, code, market_id, shop_id, number, name, terminal_code, assigned_from",
    "standing_code": "id, code, purpose_kind, purpose_id, payee_id, label, active, created_at",
    "product": (
        "id, shop_id, code, name, search_text, unit, price_vnd, stock, commune_code, ocop_stars, certificate_no,"
        " description, created_at, category"
    ),
    "product_photo": "product_id, position, key, width, height",
}


class Tables:
    """Rows collected by table, then written in the order of `COLUMNS`, so that what is referred to comes first."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        self._detours: set[str] = set()

    def add(self, table: str, *values: object) -> None:
        """One more row, values in the order of the table's `COLUMNS`."""
        self._rows[table].append(values)

    def flush(self) -> None:
        """Write what was collected."""
        for table, rows in self._rows.items():
            if rows:
                self._write(table, rows)
                rows.clear()

    def _write(self, table: str, rows: Iterable[Row]) -> None:
        """Straight in; by way of a side table where row-level security (which COPY refuses) looks at each row."""
        columns = COLUMNS[table]
        if not self._is_walled(table):
            self._copy(table, columns, rows)
            return
        side = f"incoming_{table}"
        if table not in self._detours:
            self._session.execute(
                sa.text(
                    f"CREATE TEMPORARY TABLE {side} ON COMMIT DROP AS SELECT {_quoted(columns)} FROM {table}"
                    " WITH NO DATA"
                )
            )
            self._session.execute(sa.text(f"ALTER TABLE {side} ADD nth integer GENERATED ALWAYS AS IDENTITY"))
            self._detours.add(table)
        self._copy(side, columns, rows)
        quoted = _quoted(columns)
        self._session.execute(sa.text(f"INSERT INTO {table} ({quoted}) SELECT {quoted} FROM {side} ORDER BY nth"))
        self._session.execute(sa.text(f"TRUNCATE {side}"))

    def _is_walled(self, table: str) -> bool:
        return bool(self._session.scalar(sa.text("SELECT row_security_active(:table)"), {"table": table}))

    def _copy(self, table: str, columns: str, rows: Iterable[Row]) -> None:
        connection: Any = self._session.connection().connection.driver_connection
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({_quoted(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def _quoted(columns: str) -> str:
    return ", ".join(f'"{column}"' for column in columns.split(", "))
