"""What comes into and goes out of orders, for pages and API alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import fields, post_load, validate

from app.core.api import Input, Output
from app.market.catalogue.schemas import Line as LineOfText
from app.payments.requests.models import Method
from app.payments.requests.schemas import PaymentRequestSchema

from .models import MAX_LINES, MAX_QUANTITY

NAME_MAX, PHONE_MAX, ADDRESS_MAX = 80, 20, 200
_NEEDED = _l("Chỗ này cần điền.")
_REQUIRED = {"required": _NEEDED, "null": _NEEDED, "invalid": _l("Chỗ này chưa đúng.")}


@dataclass(frozen=True)
class Contact:
    """Whom to hand the goods to. `phone` as the person writes it."""

    name: str
    phone: str


@dataclass(frozen=True)
class DeliveryAddress:
    """Where the goods go: a line of text within a commune of today's two tiers."""

    line: str
    commune_code: str


@dataclass(frozen=True)
class WantedLine:
    """How much of a product is wanted, in its unit."""

    product_code: str
    quantity: int


@dataclass(frozen=True)
class NewOrder:
    """Everything a buyer says."""

    contact: Contact
    delivery_address: DeliveryAddress
    lines: tuple[WantedLine, ...]
    method: Method


def _words(maximum: int) -> LineOfText:
    length = [
        validate.Length(min=1, error=str(_NEEDED)),
        validate.Length(max=maximum, error=_l("Dài quá; ghi gọn lại trong {max} chữ.")),
    ]
    return LineOfText(required=True, validate=length, error_messages=_REQUIRED)


class ContactSchema(Input):
    """A name and a Vietnamese phone number."""

    name = _words(NAME_MAX)
    phone = _words(PHONE_MAX)

    @post_load
    def _make(self, data: dict[str, Any], **_kwargs: Any) -> Contact:
        return Contact(**data)


class DeliveryAddressSchema(Input):
    """A line and the code of a commune, see `GET /api/v1/areas`."""

    line = _words(ADDRESS_MAX)
    commune_code = _words(20)

    @post_load
    def _make(self, data: dict[str, Any], **_kwargs: Any) -> DeliveryAddress:
        return DeliveryAddress(**data)


class WantedLineSchema(Input):
    """A product and how much of it; the same product may come twice and is added up."""

    product_code = _words(40)
    quantity = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1, max=MAX_QUANTITY, error=_l("Số lượng từ {min} đến {max}.")),
        error_messages=_REQUIRED,
    )

    @post_load
    def _make(self, data: dict[str, Any], **_kwargs: Any) -> WantedLine:
        return WantedLine(**data)


class NewOrderSchema(Input):
    """An order for one or more shops."""

    contact = fields.Nested(ContactSchema, required=True, error_messages=_REQUIRED)
    delivery_address = fields.Nested(DeliveryAddressSchema, required=True, error_messages=_REQUIRED)
    lines = fields.List(
        fields.Nested(WantedLineSchema),
        required=True,
        validate=validate.Length(min=1, max=MAX_LINES, error=_l("Một đơn có từ {min} đến {max} món.")),
        error_messages=_REQUIRED,
    )
    method = fields.Enum(Method, by_value=True, required=True, error_messages=_REQUIRED)

    @post_load
    def _make(self, data: dict[str, Any], **_kwargs: Any) -> NewOrder:
        return NewOrder(**{**data, "lines": tuple(data["lines"])})


class ShopSchema(Output):
    """Who sells."""

    code = fields.String()
    name = fields.String()


class OrderLineSchema(Output):
    """A line with the price at the moment of ordering."""

    product_code = fields.String()
    name = fields.String()
    unit = fields.String()
    price_vnd = fields.Integer()
    quantity = fields.Integer()
    amount_vnd = fields.Integer()


class OrderSchema(Output):
    """What is bought in one shop; `payment_request` is the code of what to pay for it."""

    code = fields.String()
    shop = fields.Nested(ShopSchema)
    status = fields.String(metadata={"enum": ["awaiting_payment", "paid", "expired", "cancelled"]})
    total_vnd = fields.Integer()
    lines = fields.List(fields.Nested(OrderLineSchema))
    payment_request = fields.String(allow_none=True)
    paid_at = fields.AwareDateTime(allow_none=True)


class MaskedContactSchema(Output):
    """Enough for the buyer to recognise, no more."""

    name = fields.String()
    phone = fields.String()


class CheckoutSchema(Output):
    """A checkout: one order and one payment request per shop. `code` opens it again."""

    code = fields.String()
    method = fields.String()
    total_vnd = fields.Integer()
    created_at = fields.AwareDateTime()
    contact = fields.Nested(MaskedContactSchema)
    commune_code = fields.String()
    orders = fields.List(fields.Nested(OrderSchema))
    payment_requests = fields.List(fields.Nested(PaymentRequestSchema))
