"""People for tests, with roles, and signing them in through a real session."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core import crypto
from app.core.actor import EVERYWHERE, SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK, Clock
from app.core.database import acting_as, db, transaction
from app.identity import operations, queries, services, totp
from app.identity.limits import limiter
from app.identity.models import OneTimeCode, SmsMessage, User
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
    reach = [(None, household_id)] if role == Role.HOUSEHOLD else [(area, None) for area in areas]
    grants = [NewGrant(role, area, household, valid_from, valid_to) for area, household in reach]
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


def texts_to(phone: str) -> list[str]:
    """What was written to this number and is to be sent, oldest first."""
    found = []
    for message in db.session.scalars(
        sa.select(SmsMessage).where(SmsMessage.status != "withheld").order_by(SmsMessage.id)
    ):
        to = crypto.unseal_by_id(message.data_key_id, operations.SMS_TO_FIELD, message.to_enc)
        if to == queries.normal_phone(phone):
            found.append(crypto.unseal_by_id(message.data_key_id, operations.SMS_TEXT_FIELD, message.text_enc))
    return found


def code_in(text: str) -> str:
    """The six digits in a text message."""
    found = re.search(r"(?<!\d)\d{6}(?!\d)", text)
    assert found, "no code in the message"
    return found[0]


def totp_code(user: User) -> str:
    """The present code of the person's authenticator app."""
    fresh = db.session.get_one(User, user.id, populate_existing=True)
    assert fresh.totp_enc is not None
    secret = crypto.unseal_by_id(fresh.data_key_id, operations.TOTP_FIELD, fresh.totp_enc)
    return totp.code_at(secret, totp.step_of(SYSTEM_CLOCK.now()))


def post_form(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Send a form as a browser does, with the token of a page it was shown before."""
    page = client.get("/dang-nhap/ma" if client.get("/dang-nhap/ma").status_code == 200 else "/dang-nhap")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True))
    assert token, "no form on the page"
    return client.post(path, data={"csrf_token": token[1], **fields})


def sign_in(client: FlaskClient, user: User) -> TestResponse:
    """Sign the person in on this browser: phone, code from the text message, and the app's code for officers.

    The last answer is the redirect to where the person goes. Counts of earlier sign-ins are forgotten first, so that a
    test may sign in as often as it likes.
    """
    limiter.reset()
    with acting_as(SYSTEM):
        with transaction() as session:
            session.execute(sa.delete(OneTimeCode).where(OneTimeCode.phone_index == user.phone_index))
            session.execute(sa.update(User).where(User.id == user.id).values(totp_last_step=None))
        phone = queries.phone_of(user)
    post_form(client, "/dang-nhap", phone=phone)
    with acting_as(SYSTEM):
        code = code_in(texts_to(phone)[-1])
    answer = post_form(client, "/dang-nhap/ma", code=code)
    if answer.location == "/dang-nhap/xac-thuc":
        with acting_as(SYSTEM):
            code = totp_code(user)
        answer = post_form(client, "/dang-nhap/xac-thuc", code=code)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return answer
