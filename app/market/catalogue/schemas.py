"""What comes into and goes out of the catalogue, for pages and API alike."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from app.core.api import Input, Output, PageQuery, money
from app.core.texts import tidy

from .categories import CATEGORIES, GROUPS
from .models import DESCRIPTION_MAX, NAME_MAX, NAME_MIN, PRICE_MAX_VND, STOCK_MAX, UNIT_MAX

_REQUIRED = {"required": _l("Chỗ này cần điền."), "null": _l("Chỗ này cần điền."), "invalid": _l("Chỗ này chưa đúng.")}
NEAR = r"-?\d{1,2}(\.\d{1,2})?,-?\d{1,3}(\.\d{1,2})?\Z"
"""Where somebody is, to about a kilometre; nobody needs to know it better."""
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
    """What a seller says of a new product. Price in đồng for one `unit`, stock in `unit`s. Without a category the name
    tells it; without months it is there all year, from 11 to 2 goes round the new year."""

    name: str
    unit: str
    price_vnd: int
    stock: int
    description: str = ""
    category: str | None = None
    season_from_month: int | None = None
    season_to_month: int | None = None


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
    category: str | None = None
    season_from_month: int | None = None
    season_to_month: int | None = None


def _whole(minimum: int, maximum: int, sentence: Any) -> fields.Integer:
    return fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(minimum, maximum, error=sentence),
        error_messages={**_REQUIRED, "invalid": _l("Ghi bằng chữ số.")},
    )


def _month() -> fields.Integer:
    return fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(1, 12, error=_l("Chọn tháng từ 1 đến 12.")),
        error_messages={"invalid": _l("Chọn tháng từ 1 đến 12.")},
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

    category = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(CATEGORIES, error=_l("Chọn một loại trong danh sách.")),
    )
    season_from_month = _month()
    season_to_month = _month()

    @validates_schema(skip_on_field_errors=True)
    def _whole_season(self, data: dict[str, Any], **_kwargs: Any) -> None:
        first, last = data.get("season_from_month"), data.get("season_to_month")
        if (first is None) != (last is None):
            missing = "season_from_month" if first is None else "season_to_month"
            raise ValidationError(_l("Chọn cả tháng đầu mùa lẫn tháng cuối mùa."), missing)

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
    category = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf([*GROUPS, *CATEGORIES]),
        metadata={"description": "A group (`food`) or a kind (`food.fruit`)."},
    )
    stars = fields.Integer(
        load_default=None, allow_none=True, validate=validate.Range(3, 5), metadata={"description": "At least so many."}
    )
    month = fields.Integer(
        load_default=None, allow_none=True, validate=validate.Range(1, 12), metadata={"description": "In season then."}
    )
    lowest_vnd = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, PRICE_MAX_VND))
    highest_vnd = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, PRICE_MAX_VND))
    near = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(NEAR),
        metadata={"description": "Latitude and longitude in degrees with at most two decimals: communes around."},
    )


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
    category = fields.String()
    season_from_month = fields.Integer(allow_none=True)
    season_to_month = fields.Integer(allow_none=True)
    seller = fields.Nested(SellerSchema)
    photo_urls = fields.List(fields.String())
    url = fields.String()


class FacetsSchema(Output):
    """How many of what was found are of which kind, from which commune, with how many stars."""

    categories = fields.Dict(keys=fields.String(), values=fields.Integer())
    groups = fields.Dict(keys=fields.String(), values=fields.Integer())
    communes = fields.Dict(keys=fields.String(), values=fields.Integer())
    stars = fields.Dict(keys=fields.String(), values=fields.Integer())
    at_least = fields.Boolean(metadata={"description": "Too many to count: there may be more of each, and others."})


class ProductPageSchema(Output):
    """One page of what was found. `corrected` holds the words that were looked for instead when those asked for found
    nothing. `total` counts all pages; with `more_than_that` there are more. Facets come with the first page."""

    items = fields.List(fields.Nested(ProductSchema))
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer()
    more_than_that = fields.Boolean()
    corrected = fields.String(allow_none=True)
    facets = fields.Nested(FacetsSchema, allow_none=True)


class SuggestionSchema(Output):
    """Words to look for; with `category`, a kind of goods."""

    text = fields.String()
    category = fields.String(allow_none=True)


class SuggestionsSchema(Output):
    """The likeliest first."""

    items = fields.List(fields.Nested(SuggestionSchema))


class SuggestQuery(Input):
    """What was typed so far."""

    q = fields.String(required=True, validate=validate.Length(max=200))
