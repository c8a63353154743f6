"""Where people go after signing in."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from app.identity.queries import Scope
from app.identity.roles import TOTP_ROLES, Role

MAX_LENGTH = 500


def local_path(text: str | None) -> str | None:
    """`text` when it is a path on this site; None for anything a browser could take for another site."""
    if not text or len(text) > MAX_LENGTH or not text.startswith("/") or text.startswith("//"):
        return None
    if "\\" in text or any(ord(character) < 0x21 or ord(character) == 0x7F for character in text):
        return None
    parts = urlsplit(text)
    return text if not parts.scheme and not parts.netloc else None


def home_of(scopes: Iterable[Scope]) -> str:
    """The page of the person's work; officers' before teams' before households'."""
    held = list(scopes)
    roles = {scope.role for scope in held}
    if roles & TOTP_ROLES:
        return "/dieu-hanh"
    if Role.TEAM_MEMBER in roles:
        return "/to-cong-nghe"
    if Role.HOUSEHOLD in roles:
        several = len({scope.household_id for scope in held if scope.household_id}) > 1
        return "/nha-minh/chon" if several else "/ban-hang"
    return "/tai-khoan"
