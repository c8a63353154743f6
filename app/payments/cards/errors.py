"""Why an event is not let in."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError, NotFound
from app.core.money import format_vnd


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


class NothingHeld(AppError):
    """No card's money is set aside for this request any more."""

    status, code = 409, "nothing_held"

    def __init__(self) -> None:
        super().__init__(_("Không còn tiền thẻ nào đang giữ cho khoản này."))


class TooMuchToTake(AppError):
    """More than is set aside is to be taken."""

    status, code = 422, "too_much_to_take"

    def __init__(self, held_vnd: int) -> None:
        super().__init__(_("Chỉ lấy được từ 1 đ đến %(held)s đang giữ.", held=format_vnd(held_vnd)))


class EventNotFound(NotFound):
    """No event of this id."""

    code = "card_event_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có tin này của cổng thẻ."))
