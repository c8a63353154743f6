"""What comes into and goes out of giving, for pages and API alike."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import fields, post_load, validate

from app.core.api import Input, Output, money
from app.core.texts import tidy
from app.payments.requests.models import Method
from app.payments.requests.schemas import PaymentRequestSchema

from .models import MAX_VND, MIN_VND

NAME_MAX, MESSAGE_MAX = 80, 300
_NEEDED = _l("Chỗ này cần điền.")
_REQUIRED = {"required": _NEEDED, "null": _NEEDED, "invalid": _l("Chỗ này chưa đúng.")}
_TOO_LONG = _l("Dài quá; ghi gọn lại trong {max} chữ.")
_HIDDEN = frozenset({"Cc", "Cs"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class _Line(fields.String):
    """One line of text: tidied, without control characters and without marks that turn reading order around."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        told = super()._deserialize(value, attr, data, **kwargs) or ""
        seen = [" " if letter in "\n\t" else letter for letter in told if letter not in _TURNING]
        return tidy("".join(letter for letter in seen if unicodedata.category(letter) not in _HIDDEN))


@dataclass(frozen=True)
class Donor:
    """Who gives, as the person writes it."""

    name: str


@dataclass(frozen=True)
class NewGift:
    """Everything a giver says. `donor` is None for an anonymous gift; `amount_vnd` in đồng."""

    household_code: str
    amount_vnd: int
    donor: Donor | None
    message: str | None
    method: Method


class DonorSchema(Input):
    """A name; it is never made public."""

    name = _Line(
        required=True,
        validate=[validate.Length(min=1, error=str(_NEEDED)), validate.Length(max=NAME_MAX, error=_TOO_LONG)],
        error_messages=_REQUIRED,
    )

    @post_load
    def _make(self, data: dict[str, Any], **_kwargs: Any) -> Donor:
        return Donor(**data)


class NewGiftSchema(Input):
    """A gift to one household, by its giving code."""

    household_code = _Line(required=True, validate=validate.Length(min=1, max=40), error_messages=_REQUIRED)
    amount_vnd = money(minimum=MIN_VND, maximum=MAX_VND, error_messages=_REQUIRED)
    donor = fields.Nested(DonorSchema, load_default=None, allow_none=True)
    message = _Line(load_default=None, allow_none=True, validate=validate.Length(max=MESSAGE_MAX, error=_TOO_LONG))
    method = fields.Enum(Method, by_value=True, required=True, error_messages=_REQUIRED)

    @post_load
    def _make(self, data: dict[str, Any], **_kwargs: Any) -> NewGift:
        return NewGift(**data)


class AskedGiftSchema(Output):
    """A gift just asked for: its code, which opens it again, and what to pay."""

    code = fields.String()
    payment_request = fields.Nested(PaymentRequestSchema)


class ReceiptSchema(Output):
    """What `tools/verify_receipt.py` checks; the fields are told of in `docs/log-format.md`."""

    number = fields.String()
    leaf = fields.String(metadata={"description": "base64 of the leaf's bytes"})
    index = fields.Integer()
    tree_size = fields.Integer()
    proof = fields.List(fields.String())
    checkpoint = fields.String()


class GiftSchema(AskedGiftSchema):
    """A gift. Holds nothing personal. `logging`: received, and about to get its place in the public log."""

    status = fields.String(metadata={"enum": ["asked", "received", "refunded", "expired"]})
    household_code = fields.String()
    commune_code = fields.String()
    amount_vnd = fields.Integer()
    method = fields.String()
    created_at = fields.AwareDateTime()
    received_at = fields.AwareDateTime(allow_none=True)
    receipt = fields.Nested(ReceiptSchema, allow_none=True)
    logging = fields.Boolean()
