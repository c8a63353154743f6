"""Use cases: make, change and switch off people; prove who somebody is; send text messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog
from flask_babel import gettext as _

from app.core import audit, crypto
from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.database import transaction
from app.core.errors import Conflict, Forbidden, NotFound
from app.identity import codes, links, operations, passwords, queries
from app.identity.errors import TotpNeeded, TotpNotSetUp, WrongCode, WrongLink, WrongPassword, WrongTotp
from app.identity.models import OneTimeCode, SignInLink, SignInTry, SmsMessage, User
from app.identity.operations import NewGrant
from app.identity.roles import TOTP_ROLES, Role
from app.identity.sms import Gateway, SmsRefused

KEEP_CODES = timedelta(days=1)
KEEP_MESSAGES = timedelta(days=7)

log = structlog.get_logger()


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


def ask_code(*, phone: str, clock: Clock) -> None:
    """Send a one-time code to the number if somebody active has it. What the caller sees is the same either way.

    Raises:
        BadPhone: not a Vietnamese number.
        TooManyTries: three codes within ten minutes.
    """
    e164 = queries.normal_phone(phone)
    with transaction(actor=SYSTEM):
        codes.issue_code(e164, clock=clock)


def check_code(*, phone: str, code: str, clock: Clock) -> User:
    """The person who got this code; it works once, for five minutes, within five tries.

    Raises:
        BadPhone: not a Vietnamese number.
        WrongCode: for whatever reason; never says which.
    """
    index = queries.phone_index(phone)
    with transaction(actor=SYSTEM):
        user = codes.redeem_code(index, _digits(code), clock=clock)
    if user is None:
        raise WrongCode
    return user


def ask_link(*, phone: str, base_url: str, clock: Clock) -> None:
    """Send a link that signs in once to the number if somebody active has it. What the caller sees is the same.

    Raises:
        BadPhone: not a Vietnamese number.
        TooManyTries: three links within ten minutes.
    """
    e164 = queries.normal_phone(phone)
    with transaction(actor=SYSTEM):
        links.issue(e164, base_url=base_url, clock=clock)


def use_link(*, token: str, clock: Clock) -> User:
    """The person this link was sent to; it works once, for fifteen minutes.

    Raises:
        WrongLink: for whatever reason; never says which.
    """
    with transaction(actor=SYSTEM):
        user = links.redeem(token, clock=clock)
    if user is None:
        raise WrongLink
    return user


def check_password(*, phone: str, password: str, clock: Clock) -> User:
    """The active person with this phone and password.

    Raises:
        BadPhone: not a Vietnamese number.
        TooManyTries: five wrong passwords within fifteen minutes, whether or not anybody has the number.
        WrongPassword: the phone or the password is wrong; never says which.
    """
    index = queries.phone_index(phone)
    with transaction(actor=SYSTEM):
        codes.take_try(index, "password", clock=clock)
    user = queries.by_phone_index(index)
    if user is not None and not user.active:
        user = None
    if not passwords.matches(password, user.password_hash if user else None) or user is None:
        raise WrongPassword
    with transaction(actor=SYSTEM):
        codes.forget_tries(index, "password")
    return user


def sign_in_with_password(*, phone: str, password: str, totp: str | None, clock: Clock) -> tuple[User, bool]:
    """(the person, whether an authenticator code was shown). Who has or needs an app must show its code as well.

    Raises:
        BadPhone, TooManyTries, WrongPassword, WrongTotp: see `check_password` and `check_totp`.
        TotpNeeded: the password is right and a code must come with it.
        TotpNotSetUp: a role demands an app, and there is none.
    """
    user = check_password(phone=phone, password=password, clock=clock)
    has_app = user.totp_confirmed_at is not None
    if not has_app:
        if any(grant.role in TOTP_ROLES for grant in queries.grants_in_force(user.id, clock.now())):
            raise TotpNotSetUp
        return user, False
    if not totp:
        raise TotpNeeded
    check_totp(user_id=user.id, code=totp, clock=clock)
    return user, True


def begin_totp(*, user_id: UUID, clock: Clock) -> str:
    """The base32 secret to put into an authenticator app; in force once a code of it was shown to `check_totp`.

    Raises:
        NotFound: nobody has this id.
        Conflict: an app is in force already.
    """
    with transaction(actor=SYSTEM):
        user = _person(user_id)
        if user.totp_confirmed_at is not None:
            raise Conflict(_("Tài khoản này đã cài ứng dụng xác thực."))
        if user.totp_enc is not None:
            return crypto.unseal_by_id(user.data_key_id, operations.TOTP_FIELD, user.totp_enc)
        secret = operations.new_totp_secret(user)
        audit.record("totp_begun", actor=Actor(user_id=user_id), subject_kind="user", subject_id=user_id, clock=clock)
    return secret


def check_totp(*, user_id: UUID, code: str, clock: Clock) -> None:
    """Accept a code of the person's authenticator app, each code once; the first one puts the app in force.

    Raises:
        NotFound: nobody has this id.
        TooManyTries: five wrong codes within fifteen minutes.
        WrongTotp: wrong, used before, or no app was begun.
    """
    with transaction(actor=SYSTEM):
        codes.take_try(_person(user_id).phone_index, "totp", clock=clock)
    with transaction(actor=SYSTEM):
        user = _person(user_id)
        step = operations.use_totp_code(user, _digits(code), clock=clock)
        if step is not None:
            codes.forget_tries(user.phone_index, "totp")
    if step is None:
        raise WrongTotp


def reset_totp(*, actor: Actor, user_id: UUID, clock: Clock) -> None:
    """Forget a lost authenticator app; the person sets up a new one at the next sign-in. All sessions end.

    Raises:
        NotFound: nobody has this id.
        Forbidden: the actor is not the province, or it is the actor themselves.
    """
    if (actor != SYSTEM and not actor.has_role(Role.PROVINCE_OPERATOR)) or actor.user_id == user_id:
        raise Forbidden(_("Bà con chưa được giao quyền đặt lại ứng dụng xác thực."))
    with transaction(actor=actor):
        user = _person(user_id)
        user.totp_confirmed_at = user.totp_enc = user.totp_last_step = None
        user.fs_uniquifier = operations.new_uniquifier()
        audit.record("totp_reset", actor=actor, subject_kind="user", subject_id=user_id, clock=clock)


def deliver_sms(*, message_id: UUID, gateway: Gateway, clock: Clock) -> None:
    """Send a queued message. Doing it again does no harm: the gateway knows the message by its id.

    Raises:
        SmsUnavailable: the gateway is of no use now; the job tries again.
    """
    with transaction(actor=SYSTEM) as session:
        message = session.get(SmsMessage, message_id)
        if message is None or message.status != "queued":
            return
        if message.not_after <= clock.now():
            message.status = "failed"
            return
        to = crypto.unseal_by_id(message.data_key_id, operations.SMS_TO_FIELD, message.to_enc)
        text = crypto.unseal_by_id(message.data_key_id, operations.SMS_TEXT_FIELD, message.text_enc)
    try:
        provider_id: str | None = gateway.send(to=to, text=text, idempotency_key=message_id)
    except SmsRefused as error:
        log.warning("sms_refused", sms_id=str(message_id), reason=str(error))
        provider_id = None
    with transaction(actor=SYSTEM) as session:
        message = session.get_one(SmsMessage, message_id, with_for_update=True, populate_existing=True)
        if message.status == "queued":
            message.status = "failed" if provider_id is None else "sent"
            message.provider_id = provider_id
            message.sent_at = None if provider_id is None else clock.now()


def forget_old(*, clock: Clock) -> None:
    """Drop codes and tries of yesterday, give up on messages nobody could send, destroy the keys of old messages."""
    now = clock.now()
    with transaction(actor=SYSTEM) as session:
        session.execute(sa.delete(OneTimeCode).where(OneTimeCode.created_at < now - KEEP_CODES))
        session.execute(sa.delete(SignInLink).where(SignInLink.created_at < now - KEEP_CODES))
        session.execute(sa.delete(SignInTry).where(SignInTry.at < now - KEEP_CODES))
        session.execute(
            sa.update(SmsMessage)
            .where(SmsMessage.status == "queued", SmsMessage.not_after <= now)
            .values(status="failed")
        )
        old = sa.select(SmsMessage.data_key_id).where(SmsMessage.created_at < now - KEEP_MESSAGES)
        session.execute(
            sa.update(crypto.DataKey)
            .where(crypto.DataKey.id.in_(old), crypto.DataKey.wrapped.is_not(None))
            .values(wrapped=None, destroyed_at=now)
        )


def _digits(text: str) -> str:
    """What was typed without spaces and dashes; ASCII digits only."""
    return re.sub(r"[^0-9]", "", text)[:12]


def _person(user_id: UUID | None) -> User:
    user = queries.get(user_id, for_update=True) if user_id else None
    if user is None:
        raise NotFound(_("Không tìm thấy người này."))
    return user
