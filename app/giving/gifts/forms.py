"""From what a giver typed to a gift, with a sentence for each field that is not right."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from marshmallow import ValidationError

from app.core.errors import AppError
from app.core.money import AmountError, parse_vnd

from .errors import AmountOutOfRange
from .models import MAX_VND, MIN_VND
from .schemas import NewGift, NewGiftSchema

FIELDS = ("key", "choice", "amount", "name", "message", "method")
CHOICES_VND = (50_000, 100_000, 200_000, 500_000)
_TYPED_MAX = 500


class FormError(Exception):
    """What to mend, by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(str(sorted(errors)))
        self.errors = dict(errors)


def typed(form: Mapping[str, str]) -> dict[str, str]:
    """The texts as they were typed, to show them again."""
    return {name: form.get(name, "")[:_TYPED_MAX] for name in FIELDS}


def read(household_code: str, values: Mapping[str, str]) -> NewGift:
    """The gift. An amount that was typed counts before one that was picked; no name means anonymous.

    Raises:
        FormError: one sentence per wrong field.
    """
    raw = {
        "household_code": household_code,
        "amount_vnd": _amount_vnd(values),
        "donor": {"name": values["name"]} if values["name"].strip() else None,
        "message": values["message"] if values["message"].strip() else None,
        "method": values["method"],
    }
    try:
        gift: NewGift = NewGiftSchema().load(raw)
    except ValidationError as error:
        raise FormError(_placed(error.messages_dict)) from error
    return gift


def refused(error: AppError) -> dict[str, str]:
    """The fields a domain error points at."""
    return _placed(error.details.get("errors", {}))


def _amount_vnd(values: Mapping[str, str]) -> int:
    try:
        amount_vnd = parse_vnd(values["amount"].strip() or values["choice"])
    except AmountError:
        raise FormError({"amount": _("Ghi số tiền bằng chữ số, ví dụ 100.000.")}) from None
    if not MIN_VND <= amount_vnd <= MAX_VND:
        raise FormError({"amount": AmountOutOfRange().message})
    return amount_vnd


def _placed(messages: Mapping[str, object]) -> dict[str, str]:
    """By the form's own names. A nested field brings a mapping, a plain one a list of sentences."""
    places = {"amount_vnd": "amount", "donor": "name"}
    placed = {}
    for name, found in messages.items():
        words = next(iter(found.values())) if isinstance(found, dict) else found
        placed[places.get(name, name)] = str(words[0]) if isinstance(words, list) else _("Chỗ này chưa đúng.")
    return placed
