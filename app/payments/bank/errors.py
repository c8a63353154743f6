"""Why a notice is not let in."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError, NotFound


class BadSignature(AppError):
    """The proof is missing, wrong, or too far from now."""

    status, code = 401, "bad_signature"

    def __init__(self, reason: str) -> None:
        super().__init__(_("Chữ ký của thông báo không đúng hoặc đã cũ."), reason=reason)


class UnreadableNotice(AppError):
    """The proof is right, but the body is not what the provider documents."""

    status, code = 422, "unreadable_notice"

    def __init__(self, reason: str) -> None:
        super().__init__(_("Không đọc được nội dung thông báo."), reason=reason)


class NoticeNotFound(NotFound):
    """No notice of this id."""

    code = "bank_notice_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có báo có này."))
