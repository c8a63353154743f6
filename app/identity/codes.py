"""Steps around one-time codes and counted tries. All need an open transaction."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from typing import Literal

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.clock import Clock
from app.core.crypto import blind_index
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.identity import operations, queries
from app.identity.errors import TooManyTries
from app.identity.models import MAX_CODE_TRIES, OneTimeCode, SignInTry, User

CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=5)
MAX_SENDS = 3
SEND_WINDOW = timedelta(minutes=10)
MAX_TRIES = 5
TRY_WINDOW = timedelta(minutes=15)

Kind = Literal["password", "totp"]


def issue_code(e164: str, *, clock: Clock) -> None:
    """Send a new code to the number, which voids the ones before it. Does the same work for a number nobody has.

    Raises:
        TooManyTries: three codes were asked for this number within ten minutes.
    """
    session = require_transaction()
    index = queries.phone_index(e164)
    operations.lock_phone(index)
    now = clock.now()
    recent = session.scalars(
        sa.select(OneTimeCode.created_at)
        .where(OneTimeCode.phone_index == index, OneTimeCode.created_at > now - SEND_WINDOW)
        .order_by(OneTimeCode.created_at)
    ).all()
    if len(recent) >= MAX_SENDS:
        raise TooManyTries(recent[-MAX_SENDS] + SEND_WINDOW - now)
    user = queries.by_phone_index(index)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    row_id = uuid7()
    session.add(
        OneTimeCode(
            id=row_id,
            phone_index=index,
            code_hash=_hash(str(row_id), code),
            tries=0,
            created_at=now,
            expires_at=now + CODE_LIFE,
        )
    )
    operations.queue_sms(
        phone_e164=e164,
        text=_("Chợ Phiên: mã đăng nhập là %(code)s, dùng trong 5 phút. Đừng đọc mã này cho ai.", code=code),
        not_after=now + CODE_LIFE,
        withheld=user is None or not user.active,
        clock=clock,
    )


def redeem_code(index: bytes, code: str, *, clock: Clock) -> User | None:
    """The active person who holds the newest code of this number; the code is then used up.

    None for a code that is wrong, old, used or tried five times, and for a number nobody has. The caller commits either
    way, so that the try counts.
    """
    session = require_transaction()
    issued = session.scalar(
        sa.select(OneTimeCode)
        .where(OneTimeCode.phone_index == index)
        .order_by(OneTimeCode.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if issued is None or issued.used_at or issued.expires_at <= clock.now() or issued.tries >= MAX_CODE_TRIES:
        return None
    if not hmac.compare_digest(issued.code_hash, _hash(str(issued.id), code)):
        issued.tries += 1
        return None
    issued.used_at = clock.now()
    user = queries.by_phone_index(index)
    return user if user is not None and user.active else None


def take_try(index: bytes, kind: Kind, *, clock: Clock) -> None:
    """Count a try before it is made, so that parallel ones are counted too.

    Raises:
        TooManyTries: five tries within fifteen minutes did not succeed.
    """
    session = require_transaction()
    operations.lock_phone(index)
    now = clock.now()
    recent = session.scalars(
        sa.select(SignInTry.at)
        .where(SignInTry.phone_index == index, SignInTry.kind == kind, SignInTry.at > now - TRY_WINDOW)
        .order_by(SignInTry.at)
    ).all()
    if len(recent) >= MAX_TRIES:
        raise TooManyTries(recent[-MAX_TRIES] + TRY_WINDOW - now)
    session.add(SignInTry(id=uuid7(), phone_index=index, kind=kind, at=now))


def forget_tries(index: bytes, kind: Kind) -> None:
    """A try succeeded: the count starts anew."""
    require_transaction().execute(sa.delete(SignInTry).where(SignInTry.phone_index == index, SignInTry.kind == kind))


def _hash(row_id: str, code: str) -> bytes:
    """Keyed and bound to its row: six digits without a key would be guessed in a moment."""
    return blind_index("one_time_code", f"{row_id}:{code}")
