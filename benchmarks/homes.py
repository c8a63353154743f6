"""A throw-away province of 140,000 households to measure on, with what a year of work leaves behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from flask import Flask
from flask.testing import FlaskClient

from local.example.scales import SCALES, Scale
from local.postgres import LocalPostgres

ROOT = Path(__file__).parent.parent
SCALE = Scale(
    households=140_000, shops=100_000, products=100_000, markets=3, stalls=12, teams=2_255, members=15_000,
    welfare=25_000,
)  # fmt: skip
"""The province's households, teams and accounts, its shops with one product each: no page here reads goods."""
RETURNED = 20
_A_YEAR_OF_WORK = (
    # The example's households have no index of near names: here about one in the commune is near each.
    "UPDATE household SET near_index = sha256(convert_to(commune_code || abs(hashtext(id::text)) % 1400, 'UTF8'))",
    "INSERT INTO visit (id, household_id, member_id, done, next_on, content_mark, visited_at, created_at)"
    " SELECT gen_random_uuid(), id, registered_by, ARRAY['app_installed'], current_date + nth * 7, '\\x00',"
    " created_at, created_at FROM household, generate_series(1, 2) nth WHERE status = 'verified'",
    "INSERT INTO audit_event (id, at, actor_id, actor_label, action, subject_kind, subject_id, details)"
    " SELECT gen_random_uuid(), created_at, registered_by, 'team_member', 'household_registered', 'household', id, '{}'"
    " FROM household, generate_series(1, 2)",
    "INSERT INTO privacy_request (id, household_id, commune_code, kind, asked_by, through_contact, asked_at, rule_from,"
    " answer_by, done_by, status) SELECT gen_random_uuid(), id, commune_code, 'erase', registered_by, false, now(),"
    " '2026-01-01', now() + interval '3 days', now() + interval '20 days', 'open'"
    " FROM household WHERE status = 'verified' AND abs(hashtext(code)) % 50 = 0",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody signed in, with a browser of their own."""

    actor: Any
    client: FlaskClient
    headers: dict[str, str]


@dataclass(frozen=True)
class Known:
    """A household of the officer's commune that can be searched for in each way, and one that came back mended."""

    id: UUID
    code: str
    name: str
    citizen_id: str
    phone: str
    mended: str


@dataclass(frozen=True)
class Province:
    """The application on its filled database."""

    app: Flask
    superuser: str
    officer: Person
    operator: Person
    member: Person
    hamlet: str
    known: Known


@contextmanager
def province(folder: Path) -> Iterator[Province]:
    """Start a server in this folder, fill it when it is new, and stop it in the end."""
    server = LocalPostgres(folder / "data")
    server.start()
    try:
        yield _province(server, folder)
    finally:
        server.stop()


def _province(server: LocalPostgres, folder: Path) -> Province:
    new = server.ensure_database("homes")
    os.environ |= {
        "APP_ENV": "demo",
        "LOG_LEVEL": "ERROR",
        "MEDIA_DIR": str(folder / "media"),
        "DATABASE_URL": server.url("homes", "app"),
        "MIGRATION_DATABASE_URL": server.url("homes", "migrator"),
    }
    from wsgi import app

    superuser = server.url("homes", "postgres")
    with app.app_context():
        if new:
            _fill(superuser)
        return _open(app, superuser)


def _fill(superuser: str) -> None:
    from flask_migrate import upgrade

    from app.core.actor import SYSTEM
    from app.core.database import acting_as
    from app.households.areas import services as areas
    from local.example import load_example

    began = time.monotonic()
    with acting_as(SYSTEM):
        upgrade(directory=str(ROOT / "migrations"))
        areas.load_reference()
    SCALES["homes"] = SCALE
    load_example("homes", say=lambda _text: None)
    with psycopg.connect(superuser, autocommit=True) as connection:
        for statement in _A_YEAR_OF_WORK:
            connection.execute(statement)
        connection.execute("VACUUM ANALYZE")
    print(f"· 140,000 households with a year of work took {time.monotonic() - began:.0f} s to make", flush=True)


def _open(app: Flask, superuser: str) -> Province:
    from app.identity.roles import Role

    with psycopg.connect(superuser) as connection:

        def one(query: str, *values: object) -> Any:
            row = connection.execute(query, values).fetchone()
            if row is None:
                raise LookupError(query)
            return row[0]

        commune = one(
            "SELECT commune_code FROM household WHERE status = 'submitted' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        )
        hamlet = one("SELECT hamlet_code FROM household WHERE commune_code = %s GROUP BY 1 ORDER BY count(*) DESC LIMIT 1", commune)  # fmt: skip  # noqa: E501
        holder = "SELECT user_id FROM role_grant WHERE role = %s AND area_code = %s ORDER BY user_id LIMIT 1"
        officer = _person(app, one(holder, Role.COMMUNE_OFFICER, commune))
        operator = _person(app, one(holder, Role.PROVINCE_OPERATOR, "*"))
        member = _person(app, one(holder, Role.TEAM_MEMBER, hamlet))
        found = one("SELECT id FROM household WHERE commune_code = %s AND status = 'verified' ORDER BY code LIMIT 1", commune)  # fmt: skip  # noqa: E501
    return Province(app, superuser, officer, operator, member, hamlet, _known(officer, found))


def _person(app: Flask, user_id: UUID) -> Person:
    from app.core.actor import SYSTEM
    from app.core.clock import SYSTEM_CLOCK
    from app.core.database import acting_as, db
    from app.identity import queries as people
    from app.identity import session

    with acting_as(SYSTEM):
        user = people.get(user_id)
        if user is None:
            raise LookupError("nobody to sign in")
        actor = people.actor_of(user, clock=SYSTEM_CLOCK)
        token, _ends = session.new_token(user, second_factor=True)
        db.session.remove()
    return Person(actor, app.test_client(), {session.TOKEN_HEADER: token})


def _known(officer: Person, household_id: UUID) -> Known:
    """What the household may be found by; and a registration sent back and mended, so that it shows differences."""
    from app.core.database import acting_as, db
    from app.core.phones import national
    from app.households.registry import people, queries
    from app.households.registry.people import Field

    with acting_as(officer.actor):
        home = queries.get(household_id)
        code = home.code
        told = {field: people.open_field(home, field) or "" for field in Field}
        mended = _mend_some(officer.actor)
        db.session.remove()
    return Known(
        id=household_id,
        code=code,
        name=told[Field.HEAD_NAME],
        citizen_id=told[Field.CITIZEN_ID],
        phone=national(told[Field.PHONE]),
        mended=mended,
    )


def _mend_some(officer: Any) -> str:
    """Send registrations back and have who made them mend each; the code of the last."""
    from dataclasses import replace

    from app.core.actor import SYSTEM
    from app.core.clock import SYSTEM_CLOCK
    from app.core.database import acting_as
    from app.households.registry import people, queries, services
    from app.households.registry.models import Status
    from app.households.registry.queries import Filter
    from app.identity import queries as accounts

    waiting = queries.listing(officer, Filter(status=Status.SUBMITTED), cursor=None, limit=RETURNED).items
    for home in waiting:
        services.return_to_team(actor=officer, household_id=home.id, reason="Xem lại địa chỉ", clock=SYSTEM_CLOCK)
        with acting_as(SYSTEM):
            member = accounts.get(home.registered_by)
            data = people.opened(queries.get(home.id), {})
        if member is None:
            raise LookupError("a registrar is gone")
        services.resubmit(
            actor=accounts.actor_of(member, clock=SYSTEM_CLOCK),
            household_id=home.id,
            data=replace(data, address="Nhà cạnh đình (địa chỉ mẫu)"),
            clock=SYSTEM_CLOCK,
        )
    return waiting[-1].code
