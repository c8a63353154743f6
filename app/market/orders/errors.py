"""What may go wrong with carts and orders."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from app.core.errors import BadInput, Conflict, NotFound


class OrderNotFound(NotFound):
    """No order has this code, or it is another shop's."""

    code = "order_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có đơn hàng này. Bà con kiểm tra lại từng ký tự của mã nhé."))


class CartEmpty(BadInput):
    """Nothing is ordered."""

    code = "cart_empty"

    def __init__(self) -> None:
        sentence = _("Giỏ hàng đang trống. Bà con chọn món trước nhé.")
        super().__init__(sentence, errors={"lines": [sentence]})


class UnknownProducts(BadInput):
    """Codes that name no product; `product_codes` lists all of them."""

    code = "product_unknown"

    def __init__(self, product_codes: Sequence[str]) -> None:
        self.product_codes = tuple(product_codes)
        sentence = _("Không có món hàng mang mã %(codes)s.", codes=", ".join(product_codes))
        super().__init__(sentence, errors={"lines": [sentence]}, product_codes=list(product_codes))


class NotOnSale(Conflict):
    """Products that are paused, or whose shop is closed; `product_codes` lists all of them."""

    code = "product_not_on_sale"

    def __init__(self, product_codes: Sequence[str], names: Sequence[str]) -> None:
        self.product_codes = tuple(product_codes)
        super().__init__(
            _("Người bán đang tạm nghỉ bán: %(names)s.", names=", ".join(names)), product_codes=list(product_codes)
        )


class OrderTooLarge(BadInput):
    """More lines, more of one product, or more money than one order may hold."""

    code = "order_too_large"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, errors={"lines": [sentence]})


class KeyReused(Conflict):
    """The same key came before with another order."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(_("Lần đặt này đã gửi trước đó với nội dung khác. Bà con mở lại giỏ hàng rồi đặt nhé."))


class TooLateToCancel(Conflict):
    """Money has arrived, or the order is closed."""

    code = "order_not_cancellable"

    def __init__(self) -> None:
        super().__init__(_("Đơn này đã có tiền về hoặc đã đóng nên không hủy được nữa."))
