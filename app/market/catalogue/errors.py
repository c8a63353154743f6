"""What may go wrong with shops, products and photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from flask_babel import gettext as _

from app.core.errors import BadInput, Conflict


@dataclass(frozen=True)
class Shortage:
    """One line that wants more than is free; amounts in the product's unit."""

    product_code: str
    name: str
    wanted: int
    available: int


class OutOfStock(Conflict):
    """Lines want more than is free; `shortages` names all of them, and nothing was reserved."""

    code = "out_of_stock"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        self.shortages = tuple(shortages)
        names = ", ".join(shortage.name for shortage in shortages)
        super().__init__(
            _("Không còn đủ hàng: %(names)s.", names=names), shortages=[asdict(shortage) for shortage in shortages]
        )


class ProductChanged(Conflict):
    """The product was edited elsewhere since this form was opened."""

    code = "product_changed"

    def __init__(self) -> None:
        super().__init__(_("Món hàng này vừa được sửa ở nơi khác. Bà con xem lại rồi sửa tiếp nhé."))


class StockPromised(BadInput):
    """The new stock is less than what unpaid orders hold."""

    code = "stock_promised"

    def __init__(self, reserved: int, unit: str) -> None:
        sentence = _("Đang giữ %(n)d %(unit)s cho khách chờ trả tiền, không ghi ít hơn được.", n=reserved, unit=unit)
        super().__init__(sentence, errors={"stock": [sentence]})


class HouseholdNotVerified(Conflict):
    """The commune has yet to verify the household."""

    code = "household_not_verified"

    def __init__(self) -> None:
        super().__init__(_("Cán bộ xã chưa xác nhận hộ này. Xác nhận xong là mở được gian hàng."))


class SellingConsentMissing(Conflict):
    """The household has not agreed to sell here."""

    code = "selling_consent_missing"

    def __init__(self) -> None:
        super().__init__(_("Hộ này chưa đồng ý bán hàng trên chợ. Hỏi ý kiến hộ trước khi mở gian hàng."))


class SalesAccountMissing(BadInput):
    """Nobody has told yet where sales are to be paid."""

    code = "sales_account_missing"

    def __init__(self) -> None:
        sentence = _("Cần số tài khoản ngân hàng để nhận tiền bán hàng.")
        super().__init__(sentence, errors={"number": [sentence]})


class ShopMissing(Conflict):
    """The person has no shop yet."""

    code = "shop_missing"

    def __init__(self) -> None:
        super().__init__(_("Bà con chưa mở gian hàng. Mở gian hàng trước rồi bày hàng nhé."))


class ShopHeld(Conflict):
    """The shop's household may not sell now: the commune looks at it again, or it took back its yes."""

    code = "shop_held"

    def __init__(self) -> None:
        super().__init__(_("Gian hàng đang tạm dừng vì hồ sơ của hộ đang được xem lại. Hỏi cán bộ xã giúp nhé."))


class ShopExists(Conflict):
    """A household has one shop."""

    code = "shop_exists"

    def __init__(self) -> None:
        super().__init__(_("Hộ này đã có gian hàng rồi."))


class PhotoRefused(BadInput):
    """The bytes are not a photo we can show."""

    code = "photo_refused"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, errors={"photo": [sentence]})
