"""How listings are shown to people."""

from __future__ import annotations

from flask_babel import gettext as _

from .models import Status


def status(value: str) -> tuple[str, str]:
    """(words, tone) of where a listing stands."""
    return {
        Status.WAITING: (_("Chờ nhà trả lời"), "warn"),
        Status.CONFIRMED: (_("Đã bày bán"), "good"),
        Status.REFUSED: (_("Nhà không đồng ý"), "bad"),
        Status.UNDONE: (_("Nhà đã thôi bán"), ""),
        Status.CANCELLED: (_("Đã rút lại"), ""),
        Status.EXPIRED: (_("Hết hạn trả lời"), ""),
    }[Status(value)]
