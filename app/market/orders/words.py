"""How the states of an order are said, and in which tone."""

from __future__ import annotations

from flask_babel import gettext as _

from .states import State


def state_words(status: str) -> tuple[str, str]:
    """Words and the tone of their badge."""
    return {
        State.AWAITING_PAYMENT: (_("Đợi trả tiền"), "warn"),
        State.PAID: (_("Đã trả tiền"), "good"),
        State.EXPIRED: (_("Hết hạn trả tiền"), "bad"),
        State.CANCELLED: (_("Đã hủy"), "bad"),
    }[State(status)]
