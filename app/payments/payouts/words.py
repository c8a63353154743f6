"""Payouts in plain words, for finance people and for the sellers themselves."""

from __future__ import annotations

from flask_babel import gettext as _

from app.payments.payouts.models import PROBE, Payout


def batch_words(status: str) -> str:
    """Where a batch is."""
    words = {
        "draft": _("chờ duyệt"),
        "approved": _("đã duyệt, chờ gửi ngân hàng"),
        "sent": _("đã gửi ngân hàng"),
        "settled": _("đã xong"),
        "cancelled": _("đã hủy"),
    }
    return str(words.get(status, status))


def status_words(status: str) -> str:
    """Where a payout is."""
    words = {
        "draft": _("chờ duyệt"),
        "approved": _("đã duyệt"),
        "sent": _("ngân hàng đang chuyển"),
        "confirmed": _("đã đến tài khoản"),
        "returned": _("bị trả lại"),
        "cancelled": _("không chi"),
    }
    return str(words.get(status, status))


def tone(status: str) -> str:
    """The colour of a status."""
    return {"confirmed": "good", "settled": "good", "returned": "bad", "cancelled": "", "draft": ""}.get(status, "warn")


def held_words(reason: str) -> str:
    """Why somebody is not in a batch."""
    words = {
        "no_account": _("Chưa có tài khoản ngân hàng"),
        "account_changed": _("Vừa đổi tài khoản, giữ 72 giờ cho an toàn"),
        "batch_full": _("Đợt đã đầy, chờ đợt sau"),
    }
    return str(words.get(reason, reason))


def act_words(act: str) -> str:
    """What a row of a result file would do."""
    words = {
        "confirm": _("ghi là đã đến"),
        "return": _("trả tiền về số chờ chi"),
        "take_back": _("thu lại khoản đã ghi là đến"),
        "wait": _("ngân hàng còn đang làm"),
        "known": _("đã ghi rồi"),
        "contradicts": _("trái với lần trước, cần hỏi ngân hàng"),
    }
    return str(words.get(act, act))


def fault_words(problem: str) -> str:
    """Why a row of a result file is not used."""
    words = {
        "unknown_code": _("Mã không thuộc đợt này"),
        "other_amount": _("Số tiền khác với khoản chi"),
        "told_twice": _("Hai dòng nói khác nhau về cùng một khoản"),
        "no_code": _("Thiếu hoặc sai mã chi trả"),
        "unknown_status": _("Không hiểu trạng thái này"),
        "not_an_amount": _("Số tiền không đọc được"),
    }
    return str(words.get(problem, problem))


def reason_words(payout: Payout) -> str:
    """Why the money did not arrive, so that the seller knows what to do. ISO 20022 external status reason codes."""
    if payout.reason_code is None:
        return ""
    account = _("Số tài khoản không đúng. Bà con kiểm tra lại số tài khoản rồi báo cho chợ nhé.")
    closed = _("Tài khoản đã đóng. Bà con đăng ký tài khoản khác để nhận tiền nhé.")
    locked = _("Tài khoản đang bị khóa. Bà con hỏi ngân hàng của mình rồi báo lại nhé.")
    name = _("Tên chủ tài khoản không khớp. Bà con kiểm tra lại tên trên thẻ ngân hàng nhé.")
    words = {
        "AC01": account, "AC02": account, "AC03": account, "RC01": account, "AC14": account,
        "AC04": closed, "AC07": closed, "AC05": closed,
        "AC06": locked, "AC13": locked, "AG01": locked, "BE06": name, "BE01": name, "AC09": account,
        "balance_changed": _("Số tiền chờ chi đã đổi từ lúc lập đợt, sẽ tính lại ở đợt sau."),
        "account_changed": _("Tài khoản nhận tiền vừa đổi, sẽ chi vào đợt sau."),
        "batch_cancelled": _("Đợt chi này đã hủy. Tiền vẫn còn nguyên và sẽ chi vào đợt sau."),
    }  # fmt: skip
    known = words.get(payout.reason_code)
    if known:
        return str(known)
    told = f" ({payout.reason})" if payout.reason else ""
    if payout.purpose == PROBE:
        return str(_("Tiền thử không đến được tài khoản này%(told)s.", told=told))
    return str(_("Ngân hàng không chuyển được khoản này%(told)s. Tiền vẫn còn nguyên và sẽ chi lại.", told=told))
