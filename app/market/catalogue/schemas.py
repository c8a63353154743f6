"""What comes into and goes out of the catalogue, for pages and API alike."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import fields, post_load, validate

from app.core.api import Input, Output, PageQuery, money, page_schema
from app.core.texts import tidy

from .models import DESCRIPTION_MAX, NAME_MAX, NAME_MIN, PRICE_MAX_VND, STOCK_MAX, UNIT_MAX

_REQUIRED = {"required": _l("Chỗ này cần điền."), "null": _l("Chỗ này cần điền."), "invalid": _l("Chỗ này chưa đúng.")}
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Line(fields.String):
    """One line of text: tidied, without control characters and without marks that turn reading order around."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return tidy(_printable(super()._deserialize(value, attr, data, **kwargs) or "", keep=" \n\t"))


class Story(fields.String):
    """Several lines of text, cleaned alike."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        told = super()._deserialize(value, attr, data, **kwargs) or ""
        lines = _printable(told.replace("\r\n", "\n"), keep="\n").split("\n")
        return "\n".join(tidy(line) for line in lines).strip()


def _printable(text: str, *, keep: str) -> str:
    return "".join(
        letter
        for letter in text
        if letter in keep or (unicodedata.category(letter) not in ("Cc", "Cs") and letter not in _BIDI)
    )


@dataclass(frozen=True)
class NewProduct:
    """What a seller says of a new product. Price in đồng for one `unit`, stock in `unit`s."""

    name: str
    unit: str
    price_vnd: int
    stock: int
    description: str = ""


@dataclass(frozen=True)
class ProductEdit:
    """A seller's changes. `version` and `stock_seen` are what the form showed; sales since then are kept."""

    name: str
    unit: str
    price_vnd: int
    stock: int
    stock_seen: int
    version: int
    description: str = ""


def _whole(minimum: int, maximum: int, sentence: Any) -> fields.Integer:
    return fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(minimum, maximum, error=sentence),
        error_messages={**_REQUIRED, "invalid": _l("Ghi bằng chữ số.")},
    )


class NewProductSchema(Input):
    """A product as a seller enters it."""

    name = Line(
        required=True,
        validate=validate.Length(NAME_MIN, NAME_MAX, error=_l("Tên món hàng dài từ {min} đến {max} chữ.")),
        error_messages=_REQUIRED,
    )
    unit = Line(
        required=True,
        validate=validate.Length(1, UNIT_MAX, error=_l("Đơn vị bán, ví dụ kg, túi, con (tối đa {max} chữ).")),
        error_messages=_REQUIRED,
    )
    price_vnd = money(maximum=PRICE_MAX_VND, error_messages={**_REQUIRED, "invalid": _l("Ghi giá bằng chữ số.")})
    stock = _whole(0, STOCK_MAX, _l("Số lượng từ {min} đến {max}."))
    description = Story(
        load_default="", validate=validate.Length(max=DESCRIPTION_MAX, error=_l("Kể dài quá, tối đa {max} chữ."))
    )

    @post_load
    def _make(self, data: dict[str, Any], **_kwargs: Any) -> NewProduct | ProductEdit:
        return NewProduct(**data)


class ProductEditSchema(NewProductSchema):
    """The same with what the form had shown."""

    stock_seen = _whole(0, STOCK_MAX, _l("Số lượng từ {min} đến {max}."))
    version = _whole(1, 2**31 - 1, _l("Tải lại trang rồi sửa tiếp nhé."))

    @post_load
    def _make(self, data: dict[str, Any], **_kwargs: Any) -> NewProduct | ProductEdit:
        return ProductEdit(**data)


class ShopNameSchema(Input):
    """A shop whose bank account was told at registration."""

    name = Line(
        required=True,
        validate=validate.Length(NAME_MIN, NAME_MAX, error=_l("Tên gian hàng dài từ {min} đến {max} chữ.")),
        error_messages=_REQUIRED,
    )


class NewShopSchema(ShopNameSchema):
    """A shop and the bank account its sales are paid into."""

    bin = fields.String(
        required=True, validate=validate.Regexp(r"\d{6}\Z", error=_l("Chọn ngân hàng.")), error_messages=_REQUIRED
    )
    number = fields.String(
        required=True, validate=validate.Length(1, 40, error=_l("Ghi số tài khoản.")), error_messages=_REQUIRED
    )
    holder = Line(
        required=True,
        validate=validate.Length(2, 80, error=_l("Ghi tên chủ tài khoản như trên thẻ.")),
        error_messages=_REQUIRED,
    )


class ProductsQuery(PageQuery):
    """What to list."""

    q = fields.String(load_default="", validate=validate.Length(max=200))
    commune = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=20))


class SellerSchema(Output):
    """Who sells."""

    code = fields.String()
    name = fields.String()


class ProductSchema(Output):
    """A product as buyers see it; `price_vnd` in đồng for one `unit`."""

    code = fields.String()
    name = fields.String()
    price_vnd = fields.Integer()
    unit = fields.String()
    in_stock = fields.Boolean()
    commune_code = fields.String()
    ocop_stars = fields.Integer(allow_none=True)
    seller = fields.Nested(SellerSchema)
    photo_urls = fields.List(fields.String())
    url = fields.String()


ProductPageSchema = page_schema(ProductSchema, "ProductPage")
