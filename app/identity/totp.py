"""Time-based one-time passwords of an authenticator app: RFC 6238 with SHA-1, 6 digits and 30-second steps."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
ISSUER = "Chợ Phiên"
# A phone's clock may be off by one step either way (RFC 6238 section 5.2).
_DRIFT = (0, -1, 1)


def new_secret() -> str:
    """A fresh secret in base32, 160 bits (RFC 4226 section 4)."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code_at(secret: str, step: int) -> str:
    """The code of one step (steps are counted from 1970)."""
    digest = hmac.digest(base64.b32decode(secret, casefold=True), step.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def step_of(moment: datetime) -> int:
    """The step a moment lies in."""
    return int(moment.timestamp()) // STEP_S


def match(secret: str, code: str, *, at: datetime, after: int | None) -> int | None:
    """The step whose code this is, one step early or late included; None when it fits none.

    Args:
        after: the last step whose code was used; its code and all older ones fit no more (RFC 6238 section 5.2).
    """
    now = step_of(at)
    for step in (now + drift for drift in _DRIFT):
        if (after is None or step > after) and hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            return step
    return None


def uri(secret: str, *, label: str) -> str:
    """What the QR code for the authenticator app says."""
    query = urlencode({"secret": secret, "issuer": ISSUER, "digits": DIGITS, "period": STEP_S}, quote_via=quote)
    return f"otpauth://totp/{quote(ISSUER)}:{quote(label)}?{query}"
