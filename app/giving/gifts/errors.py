"""What may go wrong with giving."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import BadInput, Conflict, NotFound
from app.core.money import format_vnd

from .models import MAX_VND, MIN_VND


class GiftNotFound(NotFound):
    """No gift has this code."""

    code = "gift_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có mã ủng hộ này. Bạn kiểm tra lại từng ký tự nhé."))


class NoDirectGift(Conflict):
    """The household did not agree to be paid straight into its account: a giver's bank would show its name."""

    code = "household_takes_no_direct_gift"

    def __init__(self) -> None:
        super().__init__(
            _("Hộ này không nhận chuyển khoản thẳng. Bạn ủng hộ bằng thẻ, hoặc chọn một hộ khác trong danh sách nhé.")
        )


class AmountOutOfRange(BadInput):
    """Less or more than one gift may be."""

    code = "gift_amount_out_of_range"

    def __init__(self) -> None:
        sentence = _("Mỗi lần ủng hộ từ %(min)s đến %(max)s.", min=format_vnd(MIN_VND), max=format_vnd(MAX_VND))
        super().__init__(sentence, errors={"amount_vnd": [sentence]})


class KeyReused(Conflict):
    """The same key came before with another gift."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(_("Lần ủng hộ này đã gửi trước đó với nội dung khác. Bạn mở lại trang của hộ rồi gửi nhé."))
