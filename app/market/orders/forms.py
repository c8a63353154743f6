"""From what a buyer typed to an order, with a sentence for each field that is not right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from marshmallow import ValidationError

from app.core.errors import AppError
from app.core.texts import tidy
from app.households.areas import queries as areas

from .schemas import NewOrder, NewOrderSchema

FIELDS = ("key", "name", "phone", "line", "commune_text", "commune_code", "method")
# Where the parts of an order stand on the form.
_PLACES = {
    "contact.name": "name",
    "contact.phone": "phone",
    "delivery_address.line": "line",
    "delivery_address.commune_code": "commune_code",
    "lines": "lines",
    "method": "method",
}
_MAX_FOUND = 12


class FormError(Exception):
    """What to mend, by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(str(sorted(errors)))
        self.errors = dict(errors)


@dataclass(frozen=True)
class CommuneChoice:
    """A commune the typed words may mean; `words` name its province and what it was called before."""

    code: str
    words: str


def typed(form: Mapping[str, str]) -> dict[str, str]:
    """The texts as they were typed, to show them again."""
    return {name: form.get(name, "")[:500] for name in FIELDS}


def communes(text: str, chosen: str = "") -> list[CommuneChoice]:
    """Communes whose name, or whose parts' names of before July 2025, hold the typed words; the chosen one as well."""
    words = tidy(text)[:60]
    found = areas.search(parent=None, text=words, cursor=None, limit=100).items if words else ()
    units = {unit.code: (unit.name, unit.parent_code, unit.formerly) for unit in found if unit.kind == "commune"}
    kept = areas.get(chosen) if chosen and chosen not in units else None
    if kept is not None and kept.kind == "commune":
        units = {kept.code: (kept.name, kept.parent_code, ()), **units}
    provinces = areas.names(parent for _name, parent, _old in units.values() if parent)
    return [
        CommuneChoice(code, _in_words(name, provinces.get(parent or "", ""), formerly))
        for code, (name, parent, formerly) in list(units.items())[:_MAX_FOUND]
    ]


def choose_commune(values: dict[str, str]) -> None:
    """The typed words count: a choice they do not name is let go, and where they name one commune only, it is meant."""
    codes = [choice.code for choice in communes(values["commune_text"])]
    if values["commune_text"].strip() and values["commune_code"] not in codes:
        values["commune_code"] = codes[0] if len(codes) == 1 else ""


def read(values: Mapping[str, str], quantities: Mapping[str, int]) -> NewOrder:
    """The order.

    Raises:
        FormError: one sentence per wrong field.
    """
    raw = {
        "contact": {"name": values["name"], "phone": values["phone"]},
        "delivery_address": {"line": values["line"], "commune_code": values["commune_code"]},
        "lines": [{"product_code": code, "quantity": quantity} for code, quantity in quantities.items()],
        "method": values["method"],
    }
    try:
        order: NewOrder = NewOrderSchema().load(raw)
    except ValidationError as error:
        raise FormError(_placed(_flat(error.messages))) from error
    return order


def refused(error: AppError) -> dict[str, str]:
    """The fields a domain error points at."""
    return _placed({name: str(found[0]) for name, found in error.details.get("errors", {}).items()})


def _placed(errors: Mapping[str, str]) -> dict[str, str]:
    placed = {_PLACES[name]: words for name, words in errors.items() if name in _PLACES}
    if "commune_code" in placed:
        placed["commune_code"] = _("Ghi tên xã, phường rồi chọn một trong danh sách.")
    return placed


def _flat(messages: Any) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, found in messages.items():
        if isinstance(found, dict) and name in ("contact", "delivery_address"):
            flat.update({f"{name}.{inner}": str(words[0]) for inner, words in found.items()})
        else:
            flat[name] = str(found[0]) if isinstance(found, list) else _("Chỗ này chưa đúng.")
    return flat


def _in_words(name: str, province: str, formerly: tuple[str, ...]) -> str:
    place = ", ".join(part for part in (name, province) if part)
    return _("%(place)s (trước là %(old)s)", place=place, old="; ".join(formerly[:2])) if formerly else place
