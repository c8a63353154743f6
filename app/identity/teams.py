"""Members of community teams: who works where, giving and ending one area. The caller decides who may ask for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.database import db, require_transaction
from app.core.ids import uuid7

from . import operations, queries
from .models import RoleGrant, User
from .roles import Role


def members_in(areas: Collection[str], *, at: datetime) -> dict[UUID, set[str]]:
    """Active people who are team members of any of these areas at a moment, with those areas; in one query."""
    rows = db.session.execute(
        sa.select(RoleGrant.user_id, RoleGrant.area_code)
        .join(User, User.id == RoleGrant.user_id)
        .where(
            RoleGrant.area_code.in_(sorted(areas)),
            RoleGrant.role == Role.TEAM_MEMBER,
            RoleGrant.valid_from <= at,
            sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > at),
            User.active,
        )
    )
    found: dict[UUID, set[str]] = {}
    for user_id, area in rows:
        found.setdefault(user_id, set()).add(str(area))
    return found


def members_by_commune(*, at: datetime) -> dict[str, set[UUID]]:
    """Active team members of each commune at a moment, whatever hamlet of it they work in."""
    rows = db.session.execute(
        sa.select(sa.func.split_part(RoleGrant.area_code, "-", 1), RoleGrant.user_id)
        .join(User, User.id == RoleGrant.user_id)
        .where(
            RoleGrant.role == Role.TEAM_MEMBER,
            RoleGrant.valid_from <= at,
            sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > at),
            User.active,
        )
    )
    found: dict[str, set[UUID]] = {}
    for commune, user_id in rows:
        found.setdefault(commune, set()).add(user_id)
    return found


def find_or_add(*, phone: str, display_name: str, clock: Clock) -> User:
    """The person with this phone, made when nobody has it yet. Needs an open transaction.

    Raises:
        BadPhone: not a Vietnamese number.
    """
    index = queries.phone_index(phone)
    operations.lock_phone(index)
    return queries.by_phone_index(index) or operations.add_user(phone=phone, display_name=display_name, clock=clock)


def give_area(*, user_id: UUID, area_code: str, actor: Actor, clock: Clock) -> None:
    """Make somebody a team member of an area from now on; one who is already stays so. Needs an open transaction.

    Two at once make one grant: the person's row is locked first.
    """
    session = require_transaction()
    session.execute(sa.select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    if _in_force(user_id, area_code, clock.now()):
        return
    session.add(
        RoleGrant(
            id=uuid7(),
            user_id=user_id,
            role=str(Role.TEAM_MEMBER),
            area_code=area_code,
            valid_from=clock.now(),
            granted_by=actor.user_id,
            created_at=clock.now(),
        )
    )
    _note("role_granted", user_id, area_code, actor, clock)
    session.flush()


def end_area(*, user_id: UUID, area_code: str, actor: Actor, clock: Clock) -> bool:
    """Let somebody no longer be a team member of an area, from this moment; whether they were. The rows stay."""
    held = _in_force(user_id, area_code, clock.now())
    for grant in held:
        grant.valid_to = max(clock.now(), grant.valid_from)
    if held:
        _note("role_ended", user_id, area_code, actor, clock)
    require_transaction().flush()
    return bool(held)


def _in_force(user_id: UUID, area_code: str, at: datetime) -> list[RoleGrant]:
    wanted = sa.select(RoleGrant).where(
        RoleGrant.user_id == user_id,
        RoleGrant.role == Role.TEAM_MEMBER,
        RoleGrant.area_code == area_code,
        sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > at),
    )
    return list(require_transaction().scalars(wanted.with_for_update()))


def _note(action: str, user_id: UUID, area_code: str, actor: Actor, clock: Clock) -> None:
    audit.record(
        action,
        actor=actor,
        subject_kind="user",
        subject_id=user_id,
        clock=clock,
        role=str(Role.TEAM_MEMBER),
        area_code=area_code,
    )
