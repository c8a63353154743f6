"""What is said of fees and taxes, so that a grandmother understands."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.money import format_vnd
from app.payments.fees.models import Kind, Supply


def kind_words(kind: str) -> str:
    """The name of what is kept back."""
    words: dict[str, str] = {
        Kind.COMMISSION: _("Phí sàn"),
        Kind.VAT: _("Thuế giá trị gia tăng"),
        Kind.INCOME_TAX: _("Thuế thu nhập cá nhân"),
    }
    return words.get(kind, kind)


def supply_words(supply: str) -> str:
    """The name of what was sold."""
    words: dict[str, str] = {Supply.GOODS: _("Bán hàng"), Supply.SERVICES: _("Dịch vụ")}
    return words.get(supply, supply)


def rate_words(rate_bp: int) -> str:
    """`150` as "1,5 %"."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole},{rest:02d}".rstrip("0").rstrip(",") + "\N{NO-BREAK SPACE}%"


def kept_words(kind: str, amount_vnd: int, rate_bp: int | None = None) -> str:
    """One sentence to the seller: what was kept back, and for whom."""
    amount = format_vnd(amount_vnd)
    if kind == Kind.COMMISSION:
        told = str(_("Giữ lại %(amount)s tiền phí của chợ.", amount=amount))
    elif kind == Kind.VAT:
        told = str(_("Giữ lại %(amount)s tiền thuế giá trị gia tăng, chợ nộp thay bà con cho Nhà nước.", amount=amount))
    else:
        told = str(_("Giữ lại %(amount)s tiền thuế thu nhập, chợ nộp thay bà con cho Nhà nước.", amount=amount))
    return told if rate_bp is None else f"{told} " + _("Mức: %(rate)s tiền bán.", rate=rate_words(rate_bp))


def returned_words(amount_vnd: int) -> str:
    """What went back when the buyer got money back."""
    told = _(
        "Khách được hoàn tiền nên %(amount)s đã giữ lại cũng được trả về, bà con không mất khoản này.",
        amount=format_vnd(amount_vnd),
    )
    return str(told)


def why_words() -> str:
    """Why anything is kept back at all."""
    told = _(
        "Theo luật, chợ phải giữ lại một phần nhỏ tiền thuế mỗi lần thu hộ tiền bán hàng, rồi nộp cho Nhà nước đứng "
        "tên bà con. Tiền khách chuyển thẳng vào tài khoản của bà con thì chợ không giữ lại gì."
    )
    return str(told)
