"""The migrated schema is what the models say, and the application's role can do no more than it must."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from app.config import database_url as for_sqlalchemy
from app.config import libpq_url
from app.core.database import Model

APPEND_ONLY = {
    "ledger_transfer",
    "ledger_entry",
    "ledger_closing",
    "audit_event",
    "arrival",
    "notice_allocation",
    "fee_hold",
    "fee_return",
    "consent",
    "household_version",
    "log_checkpoint",
    "log_node",
}


@pytest.fixture
def superuser(app: Flask, database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(libpq_url(database_url)) as connection:
        yield connection


def test_the_models_are_what_the_migrations_made(app: Flask, database_url: str) -> None:
    engine = sa.create_engine(for_sqlalchemy(database_url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": is_ours, "compare_server_default": False}
        )
        differences = [difference for difference in compare_metadata(context, Model.metadata) if matters(difference)]
    assert differences == []


def is_ours(item: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """The job queue's tables and the ledger's partitions are no models of ours; a foreign key to a partitioned table
    shows once more for each partition."""
    others = r"procrastinate_.*|ledger_(transfer|entry)_(y\d{4}m\d\d|rest)"
    if kind == "foreign_key_constraint":
        tables = {item.table.name, *(element.target_fullname.split(".")[0] for element in item.elements)}
    else:
        tables = {name if kind == "table" else getattr(getattr(item, "table", None), "name", "")}
    return not any(re.fullmatch(others, str(table)) for table in tables)


def matters(difference: Any) -> bool:
    """Alembic can't compare indexes on expressions; the migrations may have more of them than the models tell."""
    if isinstance(difference, list) or difference[0] != "remove_index":
        return True
    return not any(isinstance(part, sa.TextClause) for part in difference[1].expressions)


def privileges(connection: psycopg.Connection[Any], kinds: str) -> set[str]:
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND (has_table_privilege('app', oid, %(kinds)s) OR CASE WHEN %(kinds)s = 'UPDATE'"
        "      THEN has_any_column_privilege('app', oid, 'UPDATE') ELSE false END)",
        {"kinds": kinds},
    )
    return {row[0] for row in rows}


def test_the_application_owns_nothing(superuser: psycopg.Connection[Any]) -> None:
    owned = superuser.execute(
        "SELECT relname FROM pg_class WHERE relowner = 'app'::regrole"
        " UNION ALL SELECT proname FROM pg_proc WHERE proowner = 'app'::regrole"
    ).fetchall()
    assert owned == []
    (flags,) = superuser.execute(
        "SELECT (rolsuper, rolcreatedb, rolcreaterole, rolbypassrls)::text FROM pg_roles WHERE rolname = 'app'"
    ).fetchone() or ("",)
    assert flags == "(f,f,f,f)"
    assert superuser.execute("SELECT has_schema_privilege('app', 'public', 'CREATE')").fetchone() == (False,)


@pytest.mark.parametrize("kind", ["UPDATE", "DELETE", "TRUNCATE"])
def test_what_is_append_only_can_only_be_added_to(superuser: psycopg.Connection[Any], kind: str) -> None:
    tables = {row[0] for row in superuser.execute("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')")}
    assert {"ledger_transfer", "ledger_entry", "audit_event", "arrival", "notice_allocation"} <= tables
    assert privileges(superuser, kind) & APPEND_ONLY == set()


def test_a_leaf_of_the_log_only_ever_gets_its_place(superuser: psycopg.Connection[Any]) -> None:
    changeable = superuser.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'log_leaf'::regclass AND attnum > 0"
        " AND has_column_privilege('app', attrelid, attnum, 'UPDATE')"
    ).fetchall()
    assert changeable == [("seq",)]


def test_row_level_security_is_on_wherever_a_policy_is_written(superuser: psycopg.Connection[Any]) -> None:
    asleep = superuser.execute(
        "SELECT DISTINCT relname FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid WHERE NOT relrowsecurity"
    ).fetchall()
    assert asleep == []
