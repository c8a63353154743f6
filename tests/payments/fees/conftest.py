"""A shop that sells goods; rules as the migrations left them, before and after each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from app.config import libpq_url
from app.core.actor import Actor
from app.identity.roles import Role
from app.payments.fees.models import Supply
from tests.factories.payments import make_payee, make_purpose
from tests.factories.people import actor_for, make_user
from tests.fakes.purposes import RememberingPurpose


@pytest.fixture
def rules(database_url: str) -> Iterator[None]:
    with psycopg.connect(libpq_url(database_url), autocommit=True) as superuser:
        before: dict[Any, Any] = dict(superuser.execute("SELECT id, valid_until FROM fee_rule").fetchall())
        yield
        superuser.execute("DELETE FROM fee_rule WHERE NOT id = ANY(%s)", [list(before)])
        for rule_id, valid_until in before.items():
            superuser.execute("UPDATE fee_rule SET valid_until = %s WHERE id = %s", [valid_until, rule_id])


@pytest.fixture(autouse=True)
def world(rules: None, world: None) -> None:
    """The rules are put back after the books were checked and everything else emptied."""


@pytest.fixture
def purpose(app: Flask) -> RememberingPurpose:
    made = make_purpose()
    made.supply = Supply.GOODS
    return made


@pytest.fixture
def payee_id(purpose: RememberingPurpose) -> UUID:
    return make_payee()[0].id


@pytest.fixture
def finance(app: Flask) -> Actor:
    return actor_for(make_user(role=Role.FINANCE))


@pytest.fixture
def colleague(app: Flask) -> Actor:
    """A second person of the finance office."""
    return actor_for(make_user(role=Role.FINANCE))
