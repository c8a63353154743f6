"""Passwords: argon2 through Flask-Security, over an HMAC with PASSWORD_SALT."""

from __future__ import annotations

import functools
import unicodedata

from flask_security.utils import hash_password, verify_password

from app.identity.errors import WeakPassword

MIN_LENGTH = 10
MAX_LENGTH = 200
_MIN_DIFFERENT = 5


def hashed(password: str) -> str:
    """The hash to keep.

    Raises:
        WeakPassword: shorter than 10 or longer than 200 characters, or made of fewer than five different ones.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH or len(set(password)) < _MIN_DIFFERENT:
        raise WeakPassword(MIN_LENGTH)
    return str(hash_password(_normal(password)))


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password fits the hash. Takes as long when there is no hash, so that time tells nothing."""
    fits = bool(verify_password(_normal(password)[:MAX_LENGTH], password_hash or _nobodys_hash()))
    return fits and password_hash is not None


@functools.cache
def _nobodys_hash() -> str:
    return str(hash_password("nobody has this one"))


def _normal(password: str) -> str:
    """One Unicode form, so that Vietnamese letters typed on different keyboards are the same (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)
