"""Use cases about people: make, change, switch off."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from flask_babel import gettext as _

from app.core import audit
from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.database import transaction
from app.core.errors import Forbidden, NotFound
from app.identity import operations, passwords, queries
from app.identity.models import User
from app.identity.operations import NewGrant
from app.identity.roles import Role


def create_user(
    *,
    phone: str,
    display_name: str,
    grants: Iterable[NewGrant] = (),
    password: str | None = None,
    totp_secret: str | None = None,
    actor: Actor = SYSTEM,
    clock: Clock,
) -> User:
    """Make a person with their roles.

    Args:
        totp_secret: base32 secret of an authenticator app that is in force at once; the person usually sets up their
            own when signing in for the first time.

    Raises:
        BadPhone: not a Vietnamese number.
        PhoneTaken: somebody has it.
        WeakPassword: too short or too plain.
        Forbidden: the actor may not give one of the roles.
    """
    password_hash = passwords.hashed(password) if password else None
    with transaction(actor=actor):
        user = operations.add_user(
            phone=phone, display_name=display_name, password_hash=password_hash, totp_secret=totp_secret, clock=clock
        )
        audit.record("user_created", actor=actor, subject_kind="user", subject_id=user.id, clock=clock)
        operations.grant_roles(user, grants, actor=actor, clock=clock)
    return user


def find_or_create_household_user(*, phone: str, household_id: UUID, display_name: str, clock: Clock) -> User:
    """`operations.grant_household` as a use case of its own.

    Raises:
        BadPhone: not a Vietnamese number.
    """
    with transaction():
        return operations.grant_household(
            phone=phone, household_id=household_id, display_name=display_name, clock=clock
        )


def grant_role(*, actor: Actor, user_id: UUID, grant: NewGrant, clock: Clock) -> None:
    """Give a person a role.

    Raises:
        NotFound: nobody has this id.
        Forbidden: the actor may not give this role there.
    """
    with transaction(actor=actor):
        operations.grant_role(_person(user_id), grant, actor=actor, clock=clock)


def deactivate(*, actor: Actor, user_id: UUID, clock: Clock) -> None:
    """Switch a person off: every session and token ends at once, and nothing opens a new one.

    Raises:
        NotFound: nobody has this id.
        Forbidden: the actor is not the province, or it is the actor themselves.
    """
    if (actor != SYSTEM and not actor.has_role(Role.PROVINCE_OPERATOR)) or actor.user_id == user_id:
        raise Forbidden(_("Bà con chưa được giao quyền khóa tài khoản này."))
    with transaction(actor=actor):
        user = _person(user_id)
        user.active = False
        user.fs_uniquifier = operations.new_uniquifier()
        audit.record("user_deactivated", actor=actor, subject_kind="user", subject_id=user.id, clock=clock)


def sign_out_everywhere(*, actor: Actor, clock: Clock) -> None:
    """End every session and token of the actor, this one included.

    Raises:
        NotFound: the actor is nobody.
    """
    with transaction(actor=actor):
        user = _person(actor.user_id)
        user.fs_uniquifier = operations.new_uniquifier()
        audit.record("signed_out_everywhere", actor=actor, subject_kind="user", subject_id=user.id, clock=clock)


def set_password(*, actor: Actor, password: str, clock: Clock) -> User:
    """Give the actor a new password; sessions and tokens opened with the old one end.

    Raises:
        NotFound: the actor is nobody.
        WeakPassword: too short or too plain.
    """
    password_hash = passwords.hashed(password)
    with transaction(actor=actor):
        user = _person(actor.user_id)
        user.password_hash = password_hash
        user.fs_uniquifier = operations.new_uniquifier()
        audit.record("password_set", actor=actor, subject_kind="user", subject_id=user.id, clock=clock)
    return user


def _person(user_id: UUID | None) -> User:
    user = queries.get(user_id, for_update=True) if user_id else None
    if user is None:
        raise NotFound(_("Không tìm thấy người này."))
    return user
