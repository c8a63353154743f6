"""Steps that make and change people. All need an open transaction."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core import audit, crypto, jobs
from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.database import require_transaction
from app.core.errors import Forbidden
from app.core.ids import uuid7
from app.core.texts import tidy
from app.identity import queries, totp
from app.identity.errors import MixedReach, PhoneTaken
from app.identity.models import RoleGrant, SmsMessage, User
from app.identity.roles import Role

TOTP_FIELD = "user.totp"
SMS_TO_FIELD = "sms.to"
SMS_TEXT_FIELD = "sms.text"
SMS_LIFE = timedelta(hours=24)


@dataclass(frozen=True)
class NewGrant:
    """A role to give: over an area code (`*` for everywhere), or for a household. `valid_from` is now when left out."""

    role: Role
    area_code: str | None = None
    household_id: UUID | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


def lock_phone(index: bytes) -> None:
    """Let one transaction at a time work on a phone number, whether anybody has it or not."""
    number = int.from_bytes(index[:8], "big", signed=True)
    require_transaction().execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def add_user(
    *,
    phone: str,
    display_name: str,
    password_hash: str | None = None,
    totp_secret: str | None = None,
    clock: Clock,
) -> User:
    """Make a person without any role.

    Args:
        totp_secret: base32 secret of an authenticator app that is in force at once.

    Raises:
        BadPhone: not a Vietnamese number.
        PhoneTaken: somebody has it.
    """
    session = require_transaction()
    e164 = queries.normal_phone(phone)
    index = queries.phone_index(e164)
    lock_phone(index)
    if queries.by_phone_index(index) is not None:
        raise PhoneTaken
    key = crypto.new_data_key(clock=clock)
    user = User(
        id=uuid7(),
        data_key_id=key.id,
        phone_enc=crypto.seal(key, queries.PHONE_FIELD, e164),
        phone_index=index,
        display_name=tidy(display_name),
        password_hash=password_hash,
        fs_uniquifier=new_uniquifier(),
        active=True,
        totp_enc=crypto.seal(key, TOTP_FIELD, totp_secret) if totp_secret else None,
        totp_confirmed_at=clock.now() if totp_secret else None,
        created_at=clock.now(),
    )
    session.add(user)
    session.flush()
    return user


def new_uniquifier() -> str:
    """A fresh name for sessions and tokens; what named the person before is void."""
    return uuid4().hex


def grant_role(user: User, grant: NewGrant, *, actor: Actor, clock: Clock) -> RoleGrant:
    """Give a role. A grant that is held already is answered as it is.

    Raises:
        Forbidden: the actor may not give this role there.
        MixedReach: the person holds another role that reaches everywhere, or this one does and another does not.
    """
    demand_right_to_grant(actor, grant)
    _demand_one_reach(user, grant, at=clock.now())
    session = require_transaction()
    held = session.scalar(
        sa.select(RoleGrant).where(
            RoleGrant.user_id == user.id,
            RoleGrant.role == grant.role,
            RoleGrant.area_code.is_not_distinct_from(grant.area_code),
            RoleGrant.household_id.is_not_distinct_from(grant.household_id),
            RoleGrant.valid_to.is_not_distinct_from(grant.valid_to),
        )
    )
    if held is not None:
        return held
    given = RoleGrant(
        id=uuid7(),
        user_id=user.id,
        role=str(grant.role),
        area_code=grant.area_code,
        household_id=grant.household_id,
        valid_from=grant.valid_from or clock.now(),
        valid_to=grant.valid_to,
        granted_by=actor.user_id,
        created_at=clock.now(),
    )
    session.add(given)
    audit.record(
        "role_granted",
        actor=actor,
        subject_kind="user",
        subject_id=user.id,
        clock=clock,
        role=given.role,
        area_code=given.area_code,
        household_id=str(given.household_id) if given.household_id else None,
    )
    session.flush()
    return given


def grant_roles(user: User, grants: Iterable[NewGrant], *, actor: Actor, clock: Clock) -> None:
    """Give several roles; see `grant_role`."""
    for grant in grants:
        grant_role(user, grant, actor=actor, clock=clock)


def carry_grants(went: Mapping[str, tuple[str, ...]], *, reason: str, clock: Clock) -> int:
    """Let roles over areas that ended hold over those they went to, from now on; how many grants ended.

    Args:
        went: old area code → codes of today.
        reason: for the audit, e.g. `area_reform`.
    """
    session = require_transaction()
    now = clock.now()
    held = session.scalars(
        sa.select(RoleGrant)
        .where(RoleGrant.area_code.in_(list(went)), sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > now))
        .order_by(RoleGrant.id)
        .with_for_update()
    ).all()
    known = {(one.user_id, one.role, one.area_code) for one in held} | {
        (user_id, role, area)
        for user_id, role, area in session.execute(
            sa.select(RoleGrant.user_id, RoleGrant.role, RoleGrant.area_code).where(
                RoleGrant.area_code.in_({code for codes in went.values() for code in codes}),
                RoleGrant.valid_to.is_(None),
            )
        )
    }
    for grant in held:
        until, grant.valid_to = grant.valid_to, max(now, grant.valid_from)
        for code in went[grant.area_code or ""]:
            if (grant.user_id, grant.role, code) not in known:
                known.add((grant.user_id, grant.role, code))
                session.add(
                    RoleGrant(
                        id=uuid7(),
                        user_id=grant.user_id,
                        role=grant.role,
                        area_code=code,
                        household_id=None,
                        valid_from=max(now, grant.valid_from),
                        valid_to=until,
                        granted_by=grant.granted_by,
                        created_at=now,
                    )
                )
        audit.record(
            "role_carried", actor=SYSTEM, subject_kind="user", subject_id=grant.user_id, clock=clock, reason=reason,
            role=grant.role, area_code=grant.area_code, to=list(went[grant.area_code or ""]),
        )  # fmt: skip
    session.flush()
    return len(held)


def grant_household(*, phone: str, household_id: UUID, display_name: str, clock: Clock, actor: Actor = SYSTEM) -> User:
    """Let the person with this phone speak for the household; made when nobody has the number yet.

    The caller has decided that this person may: registering a household is the registry's business.

    Raises:
        BadPhone: not a Vietnamese number.
    """
    index = queries.phone_index(phone)
    lock_phone(index)
    user = queries.by_phone_index(index) or add_user(phone=phone, display_name=display_name, clock=clock)
    grant_role(user, NewGrant(Role.HOUSEHOLD, household_id=household_id), actor=actor, clock=clock)
    return user


def end_household(*, user_id: UUID, household_id: UUID, clock: Clock, actor: Actor) -> bool:
    """Let a person no longer speak for a household, from now on; whether they did. The row stays, with its end."""
    session = require_transaction()
    held = session.scalar(
        sa.select(RoleGrant)
        .where(RoleGrant.user_id == user_id, RoleGrant.household_id == household_id, RoleGrant.valid_to.is_(None))
        .with_for_update()
    )
    if held is None:
        return False
    held.valid_to = max(clock.now(), held.valid_from)
    audit.record(
        "role_ended",
        actor=actor,
        subject_kind="user",
        subject_id=user_id,
        clock=clock,
        role=held.role,
        household_id=str(household_id),
    )
    session.flush()
    return True


def forget_person(user_id: UUID, *, clock: Clock, actor: Actor) -> bool:
    """Forget somebody who holds no role any more: number, name and sessions; whether it was done.

    The row stays, for the acts that name it. The number is free: whoever has it next is somebody new.
    """
    session = require_transaction()
    user = queries.get(user_id, for_update=True)
    if user is None or not user.active or queries.grants_in_force(user_id, clock.now()):
        return False
    user.active, user.fs_uniquifier, user.password_hash = False, new_uniquifier(), None
    user.display_name, user.phone_index = _("Đã xóa"), secrets.token_bytes(32)
    user.totp_enc = user.totp_confirmed_at = user.totp_last_step = None
    crypto.destroy_data_key(user.data_key_id, clock=clock)
    audit.record("user_forgotten", actor=actor, subject_kind="user", subject_id=user_id, clock=clock)
    session.flush()
    return True


def new_totp_secret(user: User) -> str:
    """Make and keep a base32 secret for the person's authenticator app; not in force yet."""
    secret = totp.new_secret()
    user.totp_enc = crypto.seal(require_transaction().get_one(crypto.DataKey, user.data_key_id), TOTP_FIELD, secret)
    user.totp_last_step = None
    return secret


def use_totp_code(user: User, code: str, *, clock: Clock) -> int | None:
    """Use up a code of the person's app (the row must be locked): its step, or None when it does not fit."""
    require_transaction()
    if user.totp_enc is None:
        return None
    secret = crypto.unseal_by_id(user.data_key_id, TOTP_FIELD, user.totp_enc)
    step = totp.match(secret, code, at=clock.now(), after=user.totp_last_step)
    if step is not None:
        user.totp_last_step = step
        user.totp_confirmed_at = user.totp_confirmed_at or clock.now()
    return step


def queue_sms(
    *,
    text: str,
    phone_e164: str | None = None,
    user: User | None = None,
    not_after: datetime | None = None,
    withheld: bool = False,
    clock: Clock,
) -> SmsMessage:
    """Have a text message sent once the open transaction has landed. Number and text are sealed; the job knows an id.

    Args:
        phone_e164: the number, or give `user`.
        not_after: when sending has lost its point; 24 hours from now when left out.
        withheld: do all the work and send nothing; for numbers nobody here has.
    """
    to = queries.phone_of(user) if user is not None else phone_e164
    if not to:
        raise ValueError("a text message needs a number or a person")
    # A late import: the job calls a service, which stands above this step.
    from app.identity.tasks import send_sms

    session = require_transaction()
    key = crypto.new_data_key(clock=clock)
    message = SmsMessage(
        id=uuid7(),
        data_key_id=key.id,
        to_enc=crypto.seal(key, SMS_TO_FIELD, to),
        text_enc=crypto.seal(key, SMS_TEXT_FIELD, text),
        status="withheld" if withheld else "queued",
        created_at=clock.now(),
        not_after=not_after or clock.now() + SMS_LIFE,
    )
    session.add(message)
    session.flush()
    jobs.enqueue(send_sms, sms_id=str(message.id))
    return message


def _demand_one_reach(user: User, grant: NewGrant, *, at: datetime) -> None:
    """Areas and roles of a person are looked at together, so different roles must be of one commune, or all over
    everything: else each would reach where only the other was given. See decision 0025."""
    if grant.area_code is None:
        return
    other = sa.select(RoleGrant.id).where(
        RoleGrant.user_id == user.id,
        RoleGrant.area_code.is_not(None),
        sa.func.split_part(RoleGrant.area_code, "-", 1) != grant.area_code.split("-")[0],
        RoleGrant.role != grant.role,
        sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > at),
    )
    if require_transaction().scalar(other.limit(1)) is not None:
        raise MixedReach


def demand_right_to_grant(actor: Actor, grant: NewGrant) -> None:
    """Who may give a role may also end it. The province gives every role; a commune officer gives team members of that
    commune; registering a household (by a team member or officer) gives its own."""
    if actor == SYSTEM or actor.has_role(Role.PROVINCE_OPERATOR):
        return
    if grant.role == Role.HOUSEHOLD and actor.has_role(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER):
        return
    commune = (grant.area_code or "").split("-")[0]
    if grant.role == Role.TEAM_MEMBER and actor.has_role(Role.COMMUNE_OFFICER) and actor.reaches(commune):
        return
    raise Forbidden(_("Bà con chưa được giao quyền cấp phận sự này."))
