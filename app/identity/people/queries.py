"""Reads of people who work here, as far as the actor looks after them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import EVERYWHERE, Actor
from app.core.crypto import load_keys
from app.core.database import db
from app.core.masking import mask_phone
from app.core.paging import Page, decode_uuid_cursor, encode_cursor
from app.core.phones import national
from app.identity import queries as identity
from app.identity.errors import BadPhone
from app.identity.models import RoleGrant, User
from app.identity.roles import Role

from .errors import NoSuchPerson

# Roles that an officer of a commune looks after there; the province looks after all but households.
OF_A_COMMUNE = (Role.TEAM_MEMBER, Role.COMMUNE_OFFICER)


@dataclass(frozen=True)
class Person:
    """Somebody who works here; `grants` are those in scope, in force first, then the latest to end."""

    user_id: UUID
    name: str
    phone: str  # masked
    active: bool
    has_totp: bool
    grants: tuple[RoleGrant, ...]

    def in_force(self, at: datetime) -> list[RoleGrant]:
        """What they hold at a moment, or will."""
        return [grant for grant in self.grants if grant.valid_to is None or grant.valid_to > at]


@dataclass(frozen=True)
class Filter:
    """Which people a list shows; None means any."""

    role: Role | None = None
    area: str | None = None
    text: str = ""


def in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    """The grants an actor may see: all but households' for the province, its teams and officers for a commune."""
    if actor.has_role(Role.PROVINCE_OPERATOR) and EVERYWHERE in actor.areas:
        return RoleGrant.role != Role.HOUSEHOLD
    communes = [area for area in sorted(actor.areas) if area != EVERYWHERE and "-" not in area]
    if not actor.has_role(Role.COMMUNE_OFFICER) or not communes:
        return sa.false()
    return sa.and_(RoleGrant.role.in_(OF_A_COMMUNE), _commune().in_(communes))


def _commune() -> sa.ColumnElement[str]:
    """The commune of a grant, also of one over a hamlet."""
    return sa.func.split_part(RoleGrant.area_code, "-", 1)


def listing(actor: Actor, chosen: Filter, *, at: datetime, cursor: str | None, limit: int) -> Page[Person]:
    """People in scope who hold something now or later, newest first."""
    held = sa.select(RoleGrant.user_id).where(
        in_scope(actor), sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > at)
    )
    if chosen.role:
        held = held.where(RoleGrant.role == chosen.role)
    if chosen.area:
        held = held.where(_commune() == chosen.area)
    query = sa.select(User).where(User.id.in_(held)).order_by(User.id.desc()).limit(limit + 1)
    if chosen.text:
        query = query.where(_looks_like(chosen.text))
    if cursor:
        query = query.where(User.id < decode_uuid_cursor(cursor))
    users = list(db.session.scalars(query))
    people = _with_grants(users[:limit], actor)
    return Page(people, encode_cursor(str(users[limit - 1].id)) if len(users) > limit else None)


def find(actor: Actor, user_id: UUID) -> Person:
    """One person in scope.

    Raises:
        NoSuchPerson: nobody, or not theirs to look after.
    """
    user = db.session.get(User, user_id)
    found = _with_grants([user], actor) if user else []
    if not found or not found[0].grants:
        raise NoSuchPerson
    return found[0]


def _with_grants(users: Sequence[User], actor: Actor) -> list[Person]:
    grants: dict[UUID, list[RoleGrant]] = {user.id: [] for user in users}
    rows = db.session.scalars(
        sa.select(RoleGrant)
        .where(RoleGrant.user_id.in_(list(grants)), in_scope(actor))
        .order_by(RoleGrant.valid_to.desc().nulls_first(), RoleGrant.id.desc())
    )
    for grant in rows:
        grants[grant.user_id].append(grant)
    load_keys({user.data_key_id for user in users})
    return [
        Person(
            user_id=user.id,
            name=user.display_name,
            phone=mask_phone(national(identity.phone_of(user))) if user.active else "",
            active=user.active,
            has_totp=user.totp_confirmed_at is not None,
            grants=tuple(grants[user.id]),
        )
        for user in users
    ]


def _looks_like(text: str) -> sa.ColumnElement[bool]:
    """A part of the name, or the whole phone number."""
    ways: list[sa.ColumnElement[bool]] = [User.display_name.icontains(text.strip(), autoescape=True)]
    with suppress(BadPhone):
        ways.append(User.phone_index == identity.phone_index(text))
    return sa.or_(*ways)
