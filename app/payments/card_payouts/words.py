"""The gateway's payouts in plain words."""

from __future__ import annotations

from flask_babel import gettext as _

from app.payments.card_payouts.models import CardPayout


def status_words(status: str) -> str:
    """Where a payout is, by the gateway's word."""
    words = {
        "pending": _("cổng thẻ đang chuẩn bị"),
        "in_transit": _("tiền đang về"),
        "paid": _("cổng thẻ báo đã trả"),
        "failed": _("ngân hàng trả lại"),
        "canceled": _("đã hủy"),
    }
    return str(words.get(status, status))


def tone(payout: CardPayout) -> str:
    """The colour of a payout's state."""
    if payout.differences or payout.off_vnd or payout.status in ("failed", "canceled"):
        return "bad"
    return "good" if payout.booked_at is not None else "warn"


def check_words(payout: CardPayout) -> str:
    """How far it is matched and booked."""
    if payout.off_vnd:
        return str(_("không khớp tổng các dòng, chưa ghi sổ"))
    if payout.differences:
        return str(_("%(count)s dòng lệch", count=payout.differences))
    if payout.net_reversal_id is not None:
        return str(_("đã ghi sổ, rồi gỡ lại vì tiền không tới"))
    if payout.booked_at is not None:
        return str(_("khớp, đã ghi sổ"))
    if payout.automatic and payout.lines_at is None:
        return str(_("chưa lấy hết các dòng"))
    return str(_("khớp, chờ tiền về"))


def type_words(kind: str) -> str:
    """What a line is."""
    words = {
        "charge": _("thẻ trả"),
        "payment": _("thẻ trả"),
        "refund": _("hoàn về thẻ"),
        "payment_refund": _("hoàn về thẻ"),
        "refund_failure": _("hoàn không được, tiền trở lại"),
        "stripe_fee": _("phí cổng thẻ"),
        "tax_fee": _("thuế trên phí"),
        "adjustment": _("điều chỉnh"),
        "payout": _("đợt trả khác"),
        "payout_failure": _("đợt trả trước không tới, tiền trở lại"),
        "payout_cancel": _("đợt trả trước đã hủy, tiền trở lại"),
    }
    return str(words.get(kind, kind))


def difference_words(difference: str | None) -> str:
    """Why a line does not fit, and what that means."""
    words = {
        "unknown": _("không có trong sổ của ta"),
        "amount": _("khác số tiền trong sổ của ta"),
        "not_charged": _("sổ của ta chưa ghi thẻ này đã trả"),
        "twice": _("một dòng khác đã tính khoản này"),
        "other": _("điều chỉnh, cần người xem"),
        None: _("khớp"),
    }
    return str(words.get(difference, difference))
