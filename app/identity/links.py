"""Links that sign in once, sent by text message. Steps inside an open transaction.

The secret is 128 random bits in the address; only its keyed hash is kept. Opening the address shows a button and
changes nothing, so that the previews of messaging programs do not use it up; pressing the button does.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.clock import Clock
from app.core.crypto import blind_index
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.identity import operations, queries
from app.identity.errors import TooManyTries
from app.identity.models import SignInLink, User

TOKEN_BYTES = 16
LINK_LIFE = timedelta(minutes=15)
MAX_SENDS = 3
SEND_WINDOW = timedelta(minutes=10)


def issue(e164: str, *, base_url: str, clock: Clock) -> None:
    """Send a link to the number. Does the same work for a number nobody has.

    Args:
        base_url: where the platform is reached, without a slash at the end.

    Raises:
        TooManyTries: three links were asked for this number within ten minutes.
    """
    session = require_transaction()
    index = queries.phone_index(e164)
    operations.lock_phone(index)
    now = clock.now()
    recent = session.scalars(
        sa.select(SignInLink.created_at)
        .where(SignInLink.phone_index == index, SignInLink.created_at > now - SEND_WINDOW)
        .order_by(SignInLink.created_at)
    ).all()
    if len(recent) >= MAX_SENDS:
        raise TooManyTries(recent[-MAX_SENDS] + SEND_WINDOW - now)
    user = queries.by_phone_index(index)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        SignInLink(id=uuid7(), phone_index=index, token_hash=_hash(token), created_at=now, expires_at=now + LINK_LIFE)
    )
    operations.queue_sms(
        phone_e164=e164,
        text=_("Chợ Phiên: bấm để vào nhà mình: %(url)s Dùng một lần, trong 15 phút.", url=f"{base_url}/vao/{token}"),
        not_after=now + LINK_LIFE,
        withheld=user is None or not user.active,
        clock=clock,
    )


def redeem(token: str, *, clock: Clock) -> User | None:
    """The active person whom the link was sent to; it is then used up. None for one that is made up, old or used."""
    session = require_transaction()
    link = session.scalar(
        sa.select(SignInLink)
        .where(SignInLink.token_hash == _hash(token))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if link is None or link.used_at is not None or link.expires_at <= clock.now():
        return None
    link.used_at = clock.now()
    user = queries.by_phone_index(link.phone_index)
    return user if user is not None and user.active else None


def _hash(token: str) -> bytes:
    return blind_index("sign_in_link", token)
