"""Why money moved, in plain words."""

from __future__ import annotations

from flask_babel import gettext as _

from app.payments.income.kinds import What


def what_words(what: str) -> str:
    """Why a payee's money moved, in a few words."""
    words: dict[str, str] = {
        What.SALE: _("Tiền bán hàng"),
        What.REFUND: _("Hoàn lại cho người mua"),
        What.COMMISSION: _("Phí sàn"),
        What.VAT: _("Thuế giá trị gia tăng"),
        What.INCOME_TAX: _("Thuế thu nhập cá nhân"),
        What.GATEWAY_FEE: _("Phí cổng thẻ"),
        What.DEBT: _("Trừ dần khoản còn nợ"),
        What.PAYOUT: _("Đã chuyển vào tài khoản ngân hàng"),
    }
    return words.get(what, what)
