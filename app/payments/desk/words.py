"""The desk's states and reasons in people's words."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from app.core.clock import Clock
from app.payments.desk.models import Choice, Kind
from app.payments.desk.states import State
from app.payments.desk.suggestions import Suggestion, Why


def outcome(name: str) -> str:
    """Why money waits."""
    words: dict[str, str] = {
        "underpaid": _("thiếu tiền"),
        "overpaid": _("thừa tiền"),
        "duplicate": _("trả hai lần"),
        "late": _("đến muộn"),
        "wrong_account": _("sai tài khoản"),
        "unmatched": _("chưa rõ của ai"),
        "amount_mismatch": _("sai số tiền"),
        "undone": _("đã gỡ sao kê"),
    }
    return words.get(name, name)


def age(since: datetime, *, clock: Clock) -> str:
    """How long it has waited, in the largest unit that says something."""
    minutes = max(0, int((clock.now() - since).total_seconds() // 60))
    if minutes < 60:
        return str(_("%(n)d phút", n=minutes))
    if minutes < 48 * 60:
        return str(_("%(n)d giờ", n=minutes // 60))
    return str(_("%(n)d ngày", n=minutes // (24 * 60)))


def kind(name: str) -> str:
    """What an action does."""
    words: dict[str, str] = {
        Kind.ATTACH: _("Gắn vào mã"),
        Kind.RETURN_TO_SENDER: _("Trả lại người gửi"),
        Kind.KEEP_AS_CREDIT: _("Gửi lại cho lần mua sau"),
        Kind.SAME_MONEY: _("Báo trùng, đã ghi sổ rồi"),
    }
    return words[name]


def wish(name: str) -> str:
    """What a payer wants."""
    words: dict[str, str] = {Choice.SEND_BACK: _("muốn nhận lại"), Choice.KEEP: _("gửi lại cho lần mua sau")}
    return words[name]


def state(name: str) -> tuple[str, str]:
    """Where an action is, and the tone of its badge."""
    return {
        State.PROPOSED: (_("chờ người thứ hai duyệt"), "warn"),
        State.DONE: (_("đã xong"), "good"),
        State.UNDONE: (_("đã gỡ"), ""),
        State.REJECTED: (_("không duyệt"), "bad"),
    }[State(name)]


def request_status(name: str) -> str:
    """Where a request is."""
    words: dict[str, str] = {
        "asked": _("chưa trả"),
        "part_paid": _("trả một phần"),
        "paid": _("đã trả đủ"),
        "expired": _("đã hết hạn"),
        "cancelled": _("đã hủy"),
        "refunded": _("đã hoàn tiền"),
    }
    return words.get(name, name)


def why(suggestion: Suggestion) -> str:
    """What speaks for a suggestion, in one line."""
    words: dict[Why, str] = {
        Why.NAMED: _("đúng mã trong nội dung"),
        Why.NEAR_CODE: _("mã gần giống nội dung, lệch %(n)d chữ", n=suggestion.edits or 0),
        Why.SAME_AMOUNT: _("đúng số tiền còn thiếu"),
    }
    return ", ".join(words[reason] for reason in suggestion.why)
