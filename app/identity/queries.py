"""Reads: people by phone, by session, and what they may do now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.clock import Clock
from app.core.crypto import blind_index, unseal_by_id
from app.core.database import db
from app.core.phones import normalise_phone
from app.identity.errors import BadPhone
from app.identity.models import RoleGrant, User
from app.identity.roles import TOTP_ROLES

PHONE_FIELD = "user.phone"


class Scope(NamedTuple):
    """A role and what it reaches: an area code, `*`, or a household."""

    role: str
    area_code: str | None = None
    household_id: UUID | None = None


@dataclass(frozen=True)
class Known:
    """The person a session or token names. Plain values, so that no transaction's end can empty them."""

    user_id: UUID
    fs_uniquifier: str
    display_name: str
    has_totp: bool
    scopes: tuple[Scope, ...]

    @property
    def needs_totp(self) -> bool:
        """Whether one of the roles demands an authenticator app."""
        return any(scope.role in TOTP_ROLES for scope in self.scopes)


def normal_phone(phone: str) -> str:
    """The number in E.164.

    Raises:
        BadPhone: it is not a Vietnamese number.
    """
    try:
        return normalise_phone(phone)
    except ValueError:
        raise BadPhone from None


def phone_index(phone: str) -> bytes:
    """The blind index of a phone number as a person writes it.

    Raises:
        BadPhone: it is not a Vietnamese number.
    """
    return blind_index(PHONE_FIELD, normal_phone(phone))


def get(user_id: UUID, *, for_update: bool = False) -> User | None:
    """One person."""
    return db.session.get(User, user_id, with_for_update=for_update or None, populate_existing=for_update)


def by_phone(phone: str) -> User | None:
    """The person with this number, active or not.

    Raises:
        BadPhone: it is not a Vietnamese number.
    """
    return by_phone_index(phone_index(phone))


def by_phone_index(index: bytes) -> User | None:
    """The person whose number has this blind index, active or not."""
    return db.session.scalar(sa.select(User).where(User.phone_index == index))


def phone_of(user: User) -> str:
    """The person's number in E.164; for sending and for the person's own eyes, never for logs."""
    return unseal_by_id(user.data_key_id, PHONE_FIELD, user.phone_enc)


def display_names(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """What people are called, by id, in one query."""
    rows = db.session.execute(sa.select(User.id, User.display_name).where(User.id.in_(list(user_ids))))
    return dict(rows.all())


def speakers(household_id: UUID) -> Sequence[UUID]:
    """The people who may speak for a household until somebody ends it, by id."""
    return db.session.scalars(
        sa.select(RoleGrant.user_id)
        .where(RoleGrant.household_id == household_id, RoleGrant.valid_to.is_(None))
        .order_by(RoleGrant.user_id)
    ).all()


def grants_in_force(user_id: UUID, at: datetime) -> Sequence[RoleGrant]:
    """What the person holds at a moment, oldest first."""
    return db.session.scalars(
        sa.select(RoleGrant).where(RoleGrant.user_id == user_id, *_in_force(at)).order_by(RoleGrant.id)
    ).all()


def actor_of(user: User, *, clock: Clock, second_factor: bool = True) -> Actor:
    """What the person may do now; nothing at all once switched off.

    Args:
        second_factor: whether the person proved themselves with an authenticator code; without it the roles that
            demand one are left out.
    """
    if not user.active:
        return Actor(label="inactive")
    return actor_from(user.id, _scopes(grants_in_force(user.id, clock.now())), second_factor=second_factor)


def actor_from(user_id: UUID, scopes: Iterable[Scope], *, second_factor: bool) -> Actor:
    """The actor with exactly these scopes; its label names roles, never the person."""
    held = [scope for scope in scopes if second_factor or scope.role not in TOTP_ROLES]
    roles = frozenset(scope.role for scope in held)
    return Actor(
        user_id=user_id,
        roles=roles,
        areas=frozenset(scope.area_code for scope in held if scope.area_code),
        household_id=next((scope.household_id for scope in held if scope.household_id), None),
        label="+".join(sorted(roles)) or "user",
    )


def known_by(uniquifier: str, *, at: datetime) -> Known | None:
    """The active person a session or token names, with the scopes in force, in one query."""
    rows = db.session.execute(
        sa.select(
            User.id,
            User.display_name,
            User.totp_confirmed_at.is_not(None),
            RoleGrant.role,
            RoleGrant.area_code,
            RoleGrant.household_id,
        )
        .outerjoin(RoleGrant, sa.and_(RoleGrant.user_id == User.id, *_in_force(at)))
        .where(User.fs_uniquifier == uniquifier, User.active)
        .order_by(RoleGrant.id)
    ).all()
    if not rows:
        return None
    user_id, display_name, has_totp = rows[0][:3]
    scopes = tuple(Scope(*row[3:]) for row in rows if row[3] is not None)
    return Known(user_id, uniquifier, display_name, has_totp, scopes)


def _scopes(grants: Iterable[RoleGrant]) -> list[Scope]:
    return [Scope(grant.role, grant.area_code, grant.household_id) for grant in grants]


def _in_force(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return RoleGrant.valid_from <= at, sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > at)
