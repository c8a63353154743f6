"""Why an event is not let in."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError


class BadSignature(AppError):
    """The signature is missing, wrong, or made too far from now."""

    status, code = 400, "bad_signature"

    def __init__(self, reason: str) -> None:
        super().__init__(_("Chữ ký của thông báo không đúng hoặc đã cũ."), reason=reason)


class UnreadableEvent(AppError):
    """The signature is right, but the body is no event of the gateway."""

    status, code = 400, "unreadable_event"

    def __init__(self, reason: str) -> None:
        super().__init__(_("Không đọc được nội dung thông báo."), reason=reason)
