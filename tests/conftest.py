"""The world of the tests: a real PostgreSQL, one database per worker, emptied after each test that wrote."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Playwright

from app import create_app
from app.config import libpq_url, load
from app.core.actor import SYSTEM, Actor
from app.core.database import acting_as, db
from local.postgres import LocalPostgres
from tests.fakes.clock import FrozenClock

ROOT = Path(__file__).parent.parent
TEMPLATE = "chophien_template"
# Many short runs (mutation testing) share one server, with the template in it: `tools/mutate.py` names its directory.
LENT = "CHOPHIEN_TEST_PG_LENT"
# Filled by migrations or once per run; emptying leaves them.
REFERENCE_TABLES = ("alembic_version", "area", "area_change", "fee_rule")


def pytest_configure(config: pytest.Config) -> None:
    """Start one PostgreSQL for the whole run, in the process that controls the workers; or use one that is lent."""
    if hasattr(config, "workerinput") or LENT in os.environ:
        return
    folder = tempfile.mkdtemp(prefix="chophien-test-pg-")
    server = LocalPostgres(Path(folder) / "data", durable=False, settings={"max_connections": "300"})
    server.start()
    config._postgres = server  # type: ignore[attr-defined]
    os.environ["CHOPHIEN_TEST_PG"] = str(server.directory)
    server.ensure_database(TEMPLATE)
    _migrate(server.url(TEMPLATE, "migrator"))


def pytest_unconfigure(config: pytest.Config) -> None:
    server = getattr(config, "_postgres", None)
    if server is not None:
        server.stop()
        shutil.rmtree(server.directory.parent, ignore_errors=True)


def _environment(url: str, media: Path | None = None) -> dict[str, str]:
    folder = str(media or Path(tempfile.gettempdir()) / "chophien-no-media")
    return {"APP_ENV": "test", "DATABASE_URL": url, "MEDIA_DIR": folder, "LOG_LEVEL": "ERROR"}


def _migrate(url: str) -> None:
    from flask_migrate import upgrade

    app = create_app(load(_environment(url)))
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        db.engine.dispose()


@pytest.fixture(scope="session")
def database_url(worker_id: str) -> Iterator[str]:
    """This worker's own database, as the superuser sees it (for set-up only)."""
    lent = os.environ.get(LENT)
    server = LocalPostgres(Path(lent or os.environ["CHOPHIEN_TEST_PG"]))
    name = f"chophien_{worker_id}_{os.getpid()}"
    server.clone_database(TEMPLATE, name)
    yield server.url(name, "postgres")
    if lent:
        with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application on this worker's database, connected as the role that owns nothing."""
    media = tmp_path_factory.mktemp("media")
    application = create_app(load(_environment(database_url.replace("postgres@", "app@"), media)))
    application.testing = True
    return application


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Debian's chromium: one for the whole run, quiet towards the outside."""
    flags = (
        *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    )
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
    yield browser
    browser.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser nobody signed in on."""
    return app.test_client()


@pytest.fixture
def clock() -> FrozenClock:
    """Time under our hand."""
    return FrozenClock()


@pytest.fixture
def system() -> Actor:
    """The system itself, which sees everything."""
    return SYSTEM


@pytest.fixture(autouse=True)
def world(request: pytest.FixtureRequest) -> Iterator[None]:
    """An application context for tests that use the application; books checked and tables emptied after."""
    if "app" not in request.fixturenames:
        yield
        return
    application: Flask = request.getfixturevalue("app")
    url: str = request.getfixturevalue("database_url")
    with application.app_context(), acting_as(SYSTEM):
        yield
        db.session.rollback()
        if "breaks_books" not in request.keywords:
            _demand_balanced_books()
        db.session.remove()
    _empty(url)


def _demand_balanced_books() -> None:
    from app.payments.ledger.books import check_books

    broken = [result for result in check_books() if result.problems]
    assert not broken, f"the books do not balance: {broken}"


def _empty(url: str) -> None:
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        tables = connection.execute(
            "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND relname <> ALL(%s) AND pg_relation_size(oid) > 0",
            [list(REFERENCE_TABLES)],
        ).fetchall()
        names: list[Any] = [row[0] for row in tables]
        if names:
            connection.execute("SET session_replication_role = replica")
            connection.execute("; ".join(f"DELETE FROM {name}" for name in names))
