"""How merges are shown to people."""

from __future__ import annotations

from flask_babel import gettext as _


def states() -> dict[str, tuple[str, str]]:
    """(words, tone) of a merge's step."""
    return {
        "proposed": (_("Chờ xác nhận"), "warn"),
        "done": (_("Đã gộp"), "good"),
        "refused": (_("Đã bỏ"), ""),
        "undone": (_("Đã hoàn tác"), ""),
    }


def groups() -> dict[str, str]:
    """What may be taken from the record that is closed."""
    return {
        "phone": _("Điện thoại"),
        "address": _("Địa chỉ"),
        "hamlet": _("Xóm"),
        "account": _("Tài khoản bán hàng"),
    }
