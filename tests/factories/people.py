"""People for tests, with roles, and signing them in through a real session."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from flask.testing import FlaskClient

from app.core.actor import EVERYWHERE, SYSTEM, Actor
from app.core.clock import Clock
from app.identity import queries, services
from app.identity.models import User
from app.identity.operations import NewGrant
from app.identity.roles import TOTP_ROLES, Role
from tests.fakes.clock import FrozenClock

# The base32 secret of every test officer's authenticator app.
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)


def new_phone() -> str:
    """A phone number nobody has yet, in E.164."""
    return f"+84912{next(_numbers):06d}"


def make_user(
    role: Role | str = Role.TEAM_MEMBER,
    *,
    areas: Iterable[str] = (EVERYWHERE,),
    household_id: UUID | None = None,
    phone: str | None = None,
    display_name: str = "Nguyễn Thị Thử",
    password: str | None = None,
    valid_from: datetime = _LONG_AGO,
    valid_to: datetime | None = None,
    totp_secret: str | None = TOTP_SECRET,
    clock: Clock | None = None,
) -> User:
    """A person with one role over the areas (or for the household). Officers have an authenticator app already;
    `totp_secret=None` makes one who has yet to set it up."""
    role = Role(role)
    period = {"valid_from": valid_from, "valid_to": valid_to}
    grants = (
        [NewGrant(role, household_id=household_id, **period)]
        if role == Role.HOUSEHOLD
        else [NewGrant(role, area_code=area, **period) for area in areas]
    )
    return services.create_user(
        phone=new_phone() if phone is None else phone,
        display_name=display_name,
        grants=grants,
        password=password,
        totp_secret=totp_secret if role in TOTP_ROLES else None,
        actor=SYSTEM,
        clock=clock or FrozenClock(),
    )


def actor_for(user: User, clock: Clock | None = None) -> Actor:
    """What the person may do, for calling services directly."""
    return queries.actor_of(user, clock=clock or FrozenClock())
