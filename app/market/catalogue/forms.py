"""From what a seller typed to the schemas' values, with a sentence for each field that is not right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from marshmallow import Schema, ValidationError

from app.core.errors import AppError
from app.core.money import AmountError, parse_vnd

MONTHS = ("season_from_month", "season_to_month")
PRODUCT_FIELDS = ("name", "unit", "price_vnd", "stock", "description", "category", *MONTHS)
SHOP_FIELDS = ("name", "bin", "number", "holder")


class FormError(Exception):
    """What to mend, by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(str(sorted(errors)))
        self.errors = dict(errors)


def typed(form: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """The texts as they were typed, to show them again."""
    return {name: form.get(name, "") for name in names}


def read_product(form: Mapping[str, str], schema: Schema, *, extra: tuple[str, ...] = ()) -> Any:
    """The schema's value of a product form.

    Raises:
        FormError: one sentence per wrong field.
    """
    values: dict[str, Any] = typed(form, PRODUCT_FIELDS)
    errors: dict[str, str] = {}
    try:
        values["price_vnd"] = parse_vnd(values["price_vnd"])
    except AmountError:
        errors["price_vnd"] = _("Ghi giá bằng chữ số, ví dụ 180.000.")
    values["category"] = values["category"] or None
    for name in MONTHS:
        values[name] = int(values[name]) if values[name].isascii() and values[name].isdigit() else None
    for name in ("stock", *extra):
        digits = form.get(name, "").replace(".", "").replace(" ", "").strip()
        if digits.isascii() and digits.isdigit() and len(digits) <= 10:
            values[name] = int(digits)
        else:
            errors[name] = _("Ghi số lượng bằng chữ số.")
    return read(values, schema, errors)


def read(values: Mapping[str, Any], schema: Schema, errors: Mapping[str, str] | None = None) -> Any:
    """The schema's value.

    Raises:
        FormError: one sentence per wrong field; those in `errors` come first.
    """
    known = dict(errors or {})
    try:
        made = schema.load({name: value for name, value in values.items() if name not in known})
    except ValidationError as error:
        raise FormError({**{name: str(found[0]) for name, found in _fields(error).items()}, **known}) from error
    if known:
        raise FormError(known)
    return made


def refused(error: AppError) -> dict[str, str]:
    """The fields a domain error points at."""
    return {name: str(found[0]) for name, found in error.details.get("errors", {}).items()}


def _fields(error: ValidationError) -> dict[str, list[str]]:
    messages = error.messages
    return messages if isinstance(messages, dict) else {"_form": list(messages)}
