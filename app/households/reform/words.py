"""What the pages call things."""

from __future__ import annotations

from flask_babel import gettext as _

from .models import ReformState


def states() -> dict[str, tuple[str, str]]:
    """(word, tone) of each state."""
    return {
        ReformState.PLANNED: (_("chờ duyệt"), "warn"),
        ReformState.APPROVED: (_("đã duyệt, chờ đến ngày"), ""),
        ReformState.APPLIED: (_("đã thực hiện"), "good"),
        ReformState.WITHDRAWN: (_("đã bỏ"), ""),
    }
