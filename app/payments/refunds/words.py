"""Refunds in plain words."""

from __future__ import annotations

from flask_babel import gettext as _


def status_words(status: str) -> str:
    """Where a refund is."""
    words = {
        "asking": _("đang gửi yêu cầu"),
        "unknown": _("chưa rõ, đang hỏi lại"),
        "on_its_way": _("tiền đang về"),
        "waiting": _("chờ người chuyển khoản"),
        "succeeded": _("đã hoàn"),
        "refused": _("bị từ chối"),
        "cancelled": _("đã hủy"),
    }
    return str(words.get(status, status))


def way_words(way: str) -> str:
    """How the money goes back."""
    return str(_("về thẻ") if way == "card" else _("chuyển khoản"))


def tone(status: str) -> str:
    """The colour of a status."""
    return {"succeeded": "good", "refused": "bad", "cancelled": ""}.get(status, "warn")
