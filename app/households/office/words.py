"""How the office's words are shown to people."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.clock import Clock

from .models import Kind
from .queries import Twin


def events() -> dict[str, str]:
    """Acts on a household, as its history names them; what is not here is not shown."""
    return {
        "household_registered": _("Đăng ký"),
        "household_resubmitted": _("Gửi lại sau khi sửa"),
        "household_verified": _("Duyệt"),
        "household_unverified": _("Rút lại việc duyệt"),
        "household_returned": _("Trả lại để sửa"),
        "household_return_taken_back": _("Rút lại việc trả"),
        "household_unmasked": _("Xem đầy đủ một mục"),
        "amendment_proposed": _("Đề nghị sửa"),
        "amendment_accepted": _("Nhận đề nghị sửa"),
        "amendment_refused": _("Không nhận đề nghị sửa"),
        "amendment_withdrawn": _("Người đề nghị bỏ đề nghị sửa"),
        "amendment_decision_taken_back": _("Rút lại quyết định về đề nghị sửa"),
        "amendment_unmasked": _("Xem đầy đủ đề nghị sửa"),
        "merge_proposed": _("Đề nghị gộp"),
        "merge_refused": _("Bỏ đề nghị gộp"),
        "household_merged": _("Gộp hai hồ sơ"),
        "household_merge_undone": _("Hoàn tác gộp"),
    }


def amendment_states() -> dict[str, tuple[str, str]]:
    """(words, tone) of an amendment's step."""
    return {
        "waiting": (_("Chờ xét"), "warn"),
        "accepted": (_("Đã nhận"), "good"),
        "refused": (_("Không nhận"), "bad"),
        "withdrawn": (_("Đã bỏ"), ""),
    }


def sources() -> dict[str, str]:
    """Where an amendment came from."""
    return {"doorstep": _("Tổ công nghệ"), "office": _("Cán bộ xã"), "household": _("Bà con tự sửa")}


def kinds() -> dict[str, str]:
    """What a bulk did, as a heading."""
    return {
        Kind.APPROVE: _("Duyệt nhiều hồ sơ"),
        Kind.RETURN: _("Trả lại nhiều hồ sơ"),
        Kind.UNAPPROVE: _("Rút lại việc duyệt nhiều hồ sơ"),
        Kind.UNRETURN: _("Rút lại việc trả nhiều hồ sơ"),
    }


def ages() -> list[tuple[str, str]]:
    """How long a registration may have waited, for the filter."""
    return [("3", _("Từ 3 ngày")), ("7", _("Từ 7 ngày")), ("14", _("Từ 14 ngày")), ("30", _("Từ 30 ngày"))]


def waiting_for(since: datetime, clock: Clock) -> str:
    """How long something has waited, in words."""
    days = (clock.now() - since).days
    return str(ngettext("chờ %(num)s ngày", "chờ %(num)s ngày", days)) if days else str(_("mới hôm nay"))


def why_twin(twin: Twin) -> str:
    """Why another record may be the same household."""
    if twin.same_phone and twin.near:
        return str(_("Cùng số điện thoại, gần giống tên và năm sinh"))
    return str(_("Cùng số điện thoại") if twin.same_phone else _("Gần giống tên và cùng năm sinh"))
