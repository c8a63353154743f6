"""Words for what accounts and sheets are; each state with the tone it is shown in."""

from __future__ import annotations

from flask_babel import gettext as _

from .models import AccountStatus, BatchState, RowState
from .states import Event


def states() -> dict[str, tuple[str, str]]:
    """An account's state."""
    return {
        AccountStatus.ISSUED: (_("Chờ cán bộ khác xác nhận"), "warn"),
        AccountStatus.VERIFYING: (_("Đang thử bằng 1.000 đ"), "warn"),
        AccountStatus.ACTIVE: (_("Đang nhận ủng hộ"), "good"),
        AccountStatus.SUSPENDED: (_("Tạm dừng"), "bad"),
        AccountStatus.REPLACED: (_("Đã đổi sang tài khoản khác"), ""),
        AccountStatus.CLOSED: (_("Đã đóng"), ""),
    }


def events() -> dict[str, str]:
    """What happened to an account."""
    return {
        "issued": _("Lập tài khoản"),
        Event.VERIFIED: _("Xác nhận"),
        Event.TESTED: _("Xin chuyển thử 1.000 đ"),
        Event.TEST_WITHDRAWN: _("Thôi chuyển thử"),
        Event.TEST_PASSED: _("1.000 đ thử đã đến, tài khoản được xác nhận"),
        Event.TEST_FAILED: _("1.000 đ thử không đến được"),
        Event.TEST_RETURNED: _("1.000 đ thử bị trả lại, tài khoản tạm dừng"),
        Event.SUSPENDED: _("Tạm dừng"),
        Event.RESUMED: _("Mở lại"),
        Event.REPLACED: _("Đổi sang tài khoản khác"),
        Event.CLOSED: _("Đóng"),
    }


def batch_states() -> dict[str, tuple[str, str]]:
    """A sheet's state."""
    return {
        BatchState.READING: (_("Đang đọc"), "warn"),
        BatchState.READY: (_("Chờ bạn xem lại"), "warn"),
        BatchState.APPLYING: (_("Đang lập"), "warn"),
        BatchState.APPLIED: (_("Đã lập"), "good"),
        BatchState.VERIFYING: (_("Đang xác nhận"), "warn"),
        BatchState.UNDOING: (_("Đang hoàn tác"), "warn"),
        BatchState.UNDONE: (_("Đã hoàn tác"), ""),
        BatchState.DROPPED: (_("Đã bỏ"), ""),
    }


def row_states() -> dict[str, str]:
    """What a row of a sheet is or became."""
    return {
        RowState.NEW: _("chờ lập"),
        RowState.ISSUED: _("chờ xác nhận"),
        RowState.REFUSED: _("chưa lập được"),
        RowState.VERIFIED: _("đã xác nhận"),
        RowState.UNDONE: _("đã hoàn tác"),
        RowState.KEPT: _("giữ lại, đã xác nhận hoặc đổi"),
    }
