"""Role × endpoint × own or foreign object, over every route there is.

Two promises: whoever lacks a route's role is sent away from it before anything is looked up; and whoever has the role,
but over another household, hamlet or commune, finds nothing behind any address. `OBJECTS` names what each such address
stands for, and a new route that is not in it fails the test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule

import app as application
from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db
from app.core.routes import MARK
from app.households.registry import queries as registry
from app.identity import session
from app.identity.limits import limiter
from app.identity.roles import Role
from tests.architecture.matrix import BODIES, OBJECTS, UNSCOPED, Kind, Objects, objects_of
from tests.factories.households import DAI_PHUC, TAN_CUONG, load_areas
from tests.factories.people import make_user

SCOPED = (Role.HOUSEHOLD, Role.TEAM_MEMBER, Role.COMMUNE_OFFICER)
_ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
_CHOICE = re.compile(r"any\(([^)]*)\)")


@dataclass(frozen=True)
class Door:
    """One method of one route, with the roles its rule names (none: anybody signed in)."""

    rule: Rule
    method: str
    roles: frozenset[str]

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}"


def doors(app: Flask) -> Iterator[Door]:
    """Every door that not everybody may enter."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        views = getattr(view, "view_class", None)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            mark = str(getattr(getattr(views, method.lower(), None) if views else view, MARK, ""))
            kind, _colon, named = mark.partition(":")
            if kind == "roles":
                yield Door(rule, method, frozenset(named.split(",")))


@pytest.fixture(autouse=True)
def without_forms(monkeypatch: pytest.MonkeyPatch, app: Flask) -> Iterator[None]:
    """Forms would need a token from a page that the wrong person can't open."""
    monkeypatch.setattr(application.csrf, "protect", lambda: None)
    load_areas()
    yield
    limiter.reset()


def knock(app: Flask, door: Door, headers: dict[str, str], values: dict[str, Any]) -> Any:
    """Call it with no more in hand than what makes it look the object up."""
    limiter.reset()
    with app.test_request_context():
        path = door.rule.build(values, append_unknown=False)
    assert path is not None, f"{door}: no address from {values}"
    more: dict[str, Any] = {}
    if door.method != "GET" and door.rule.rule.startswith("/api/"):
        binary = door.method == "PUT"
        body = BODIES.get(door.rule.endpoint, {})
        more = {"data": b"x", "content_type": "image/jpeg"} if binary else {"json": body}
    keyed = {"Idempotency-Key": uuid4().hex} if door.method == "POST" else {}
    return app.test_client().open(path[1], method=door.method, headers=headers | keyed, **more)


def anything(door: Door) -> dict[str, Any]:
    """Arguments of the right shape that name nothing."""
    values: dict[str, Any] = {}
    for name, converter in door.rule._converters.items():
        kind = type(converter).__name__
        values[name] = {"UUIDConverter": uuid4(), "IntegerConverter": 2025}.get(kind, "khong-co")
        if kind == "AnyConverter":
            values[name] = sorted(converter.items)[0]  # type: ignore[attr-defined]
    return values


def token_of(role: Role, *, area: str = TAN_CUONG, household_id: Any = None) -> dict[str, str]:
    """The header of somebody who holds just this role."""
    user = make_user(role, areas=(area,), household_id=household_id, clock=SYSTEM_CLOCK)
    return {session.TOKEN_HEADER: session.new_token(user, second_factor=True)[0]}


def test_whoever_lacks_the_role_is_sent_away_first(app: Flask) -> None:
    people = {role: token_of(role, household_id=uuid4() if role is Role.HOUSEHOLD else None) for role in Role}
    let_in = []
    for door in doors(app):
        guest = knock(app, door, {}, anything(door))
        if guest.status_code not in (302, 401) or "dang-nhap" not in (guest.location or "/dang-nhap"):
            let_in.append(f"{door}: guest {guest.status_code}")
        for role, headers in people.items():
            if role not in door.roles and (status := knock(app, door, headers, anything(door)).status_code) != 403:
                let_in.append(f"{door}: {role} {status}")
    assert not let_in, "\n".join(let_in)


def test_every_address_of_somebodys_own_is_named(app: Flask) -> None:
    scoped = {door.rule.endpoint for door in doors(app) if door.rule.arguments and door.roles & set(SCOPED)}
    unnamed = sorted(scoped - set(OBJECTS) - UNSCOPED)
    gone = sorted((set(OBJECTS) | UNSCOPED) - {door.rule.endpoint for door in doors(app)})
    assert (unnamed, gone) == ([], [])


def test_a_foreign_object_is_not_there_and_an_own_one_is(app: Flask) -> None:
    mine, theirs = _two_of_everything()
    wrong = []
    for door, role, kind in _scoped_doors(app):
        headers = _person(role, mine)
        foreign = knock(app, door, headers, anything(door) | kind.arguments(theirs))
        if foreign.status_code not in (403, 404) or kind.secret(theirs) in foreign.text:
            wrong.append(f"{door}: {role} reaches a foreign one ({foreign.status_code})")
        if role not in kind.not_even_own:
            own = knock(app, door, headers, anything(door) | kind.arguments(mine))
            if own.status_code in (401, 403, 404):
                wrong.append(f"{door}: {role} does not reach their own ({own.status_code})")
    assert not wrong, "\n".join(wrong)


def test_without_the_scoped_query_the_database_still_hides_a_foreign_household(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = _two_of_everything()
    monkeypatch.setattr(registry, "scope", lambda _actor: sa.true())
    reached = []
    for door, role, kind in _scoped_doors(app):
        if kind.arguments(theirs) == {"code": theirs.household.code}:
            answer = knock(app, door, _person(role, mine), anything(door) | kind.arguments(theirs))
            if answer.status_code not in (403, 404) or theirs.household.code in answer.text:
                reached.append(f"{door}: {role} ({answer.status_code})")
    assert not reached, "\n".join(reached)


def test_every_walled_table_hides_foreign_rows_from_plain_sql(app: Flask) -> None:
    mine, theirs = _two_of_everything()
    officer = Actor(uuid4(), frozenset({Role.COMMUNE_OFFICER}), frozenset({mine.commune}))
    seen = {}
    for table, column in _walled_tables():
        count = sa.text(f"SELECT count(*) FROM {table} WHERE {column} = :id")
        with acting_as(officer):
            db.session.rollback()
            seen[table] = [db.session.scalar(count, {"id": one.household.id}) for one in (mine, theirs)]
    assert {table for table, (_own, foreign) in seen.items() if foreign} == set()
    hidden = ("household", "consent", "poverty_status", "welfare_profile", "welfare_account")
    assert all(seen[table][0] for table in hidden), seen


def _walled_tables() -> list[tuple[str, str]]:
    """Tables under row-level security whose rows are a household's, with the column that says whose."""
    found = db.session.execute(
        sa.text(
            "SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
            " WHERE relrowsecurity AND relkind IN ('r', 'p') AND NOT attisdropped"
            " AND (attname = 'household_id' OR (relname = 'household' AND attname = 'id'))"
        )
    )
    return [(table, column) for table, column in found]


def _two_of_everything() -> tuple[Objects, Objects]:
    with acting_as(SYSTEM):
        both = objects_of(TAN_CUONG, clock=SYSTEM_CLOCK), objects_of(DAI_PHUC, clock=SYSTEM_CLOCK)
        db.session.remove()
    return both


def _scoped_doors(app: Flask) -> Iterator[tuple[Door, Role, Kind]]:
    for door in doors(app):
        kind = OBJECTS.get(door.rule.endpoint)
        if kind is not None:
            yield from ((door, role, kind) for role in SCOPED if role in door.roles)


def _person(role: Role, objects: Objects) -> dict[str, str]:
    if role is Role.HOUSEHOLD:
        return token_of(role, household_id=objects.household.id)
    return token_of(role, area=objects.hamlet if role is Role.TEAM_MEMBER else objects.commune)
