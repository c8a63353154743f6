"""Two people of the finance office, and a purpose that is sold."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core.actor import Actor
from app.identity.roles import Role
from tests.factories.payments import make_purpose
from tests.factories.people import actor_for, make_user
from tests.fakes.purposes import RememberingPurpose


@pytest.fixture(autouse=True)
def purpose(app: Flask) -> RememberingPurpose:
    return make_purpose()


@pytest.fixture
def maker(app: Flask) -> Actor:
    return actor_for(make_user(role=Role.FINANCE))


@pytest.fixture
def approver(app: Flask) -> Actor:
    return actor_for(make_user(role=Role.FINANCE))
