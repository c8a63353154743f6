"""Why a card was declined, said plainly. Source of the codes: Stripe's list of decline codes.

Stripe asks not to tell a payer that a card is reported lost, stolen or fraudulent: those get the general words.
"""

from __future__ import annotations

from flask_babel import gettext as _


def decline_words(code: str | None) -> str:
    """A sentence for the payer: what happened and what to do now."""
    words = {
        "insufficient_funds": _("Thẻ không đủ tiền. Bạn nạp thêm hoặc dùng thẻ khác nhé."),
        "withdrawal_count_limit_exceeded": _("Thẻ đã hết hạn mức. Bạn dùng thẻ khác nhé."),
        "card_velocity_exceeded": _("Thẻ đã hết hạn mức. Bạn dùng thẻ khác nhé."),
        "expired_card": _("Thẻ đã hết hạn. Bạn dùng thẻ khác nhé."),
        "invalid_expiry_month": _("Tháng hết hạn của thẻ chưa đúng. Bạn xem lại trên thẻ nhé."),
        "invalid_expiry_year": _("Năm hết hạn của thẻ chưa đúng. Bạn xem lại trên thẻ nhé."),
        "incorrect_cvc": _("Ba số bảo mật (CVC) ở mặt sau thẻ chưa đúng. Bạn gõ lại nhé."),
        "invalid_cvc": _("Ba số bảo mật (CVC) ở mặt sau thẻ chưa đúng. Bạn gõ lại nhé."),
        "incorrect_number": _("Số thẻ chưa đúng. Bạn gõ lại nhé."),
        "invalid_number": _("Số thẻ chưa đúng. Bạn gõ lại nhé."),
        "authentication_required": _("Ngân hàng cần bạn xác nhận khoản này. Bạn thử lại và làm bước xác nhận nhé."),
        "payment_intent_authentication_failure": _("Bước xác nhận với ngân hàng chưa xong. Bạn thử lại nhé."),
        "card_not_supported": _("Thẻ này không trả được khoản như thế này. Bạn dùng thẻ khác nhé."),
        "currency_not_supported": _("Thẻ này không trả được bằng tiền đồng. Bạn dùng thẻ khác nhé."),
        "transaction_not_allowed": _("Ngân hàng không cho thẻ này trả khoản này. Bạn dùng thẻ khác nhé."),
        "processing_error": _("Ngân hàng gặp trục trặc khi xử lý. Bạn thử lại sau ít phút nhé."),
        "issuer_not_available": _("Chưa liên lạc được với ngân hàng của thẻ. Bạn thử lại sau ít phút nhé."),
        "try_again_later": _("Ngân hàng chưa xử lý được lúc này. Bạn thử lại sau ít phút nhé."),
        "test_mode_live_card": _("Đây là bản chạy thử nên không nhận thẻ thật. Bạn dùng số thẻ thử nhé."),
    }
    rest = _("Ngân hàng từ chối thẻ này. Bạn thử thẻ khác hoặc hỏi ngân hàng của mình nhé.")
    return str(words.get(code or "", rest))
