"""The two sides of a conflict in words, masked as far as the person may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.masking import mask_name, mask_phone, mask_tail
from app.core.phones import national
from app.households.areas import queries as areas
from app.households.registry import fields, words
from app.households.registry.fields import TOGETHER
from app.households.registry.models import Household
from app.payments.vietqr.banks import bank_by_bin

from . import conflicts
from .models import DoorstepConflict
from .records import Said

HIDDEN = "••••••"


@dataclass(frozen=True)
class Side:
    """What belongs together, as the record says it and as the household has it. `names` are the fields in it."""

    names: tuple[str, ...]
    label: str
    sent: str
    kept: str
    alike: bool


def of(conflict: DoorstepConflict, home: Household, *, actor: Actor, in_full: bool) -> list[Side]:
    """Both sides of each group of fields. What this person sent themselves, they read in full.

    Raises:
        KeyDestroyed: the household was erased.
    """
    values, said = conflicts.values_sent(conflict, home)
    now = fields.of(home)
    hamlets = areas.names({code for code in (values.get("hamlet_code"), now["hamlet_code"]) if code})
    mine = in_full or conflict.member_id == actor.user_id
    sides = []
    for group in TOGETHER:
        names = tuple(name for name in group if name in conflict.fields)
        if names:
            sent = _words(names, values, hamlets, in_full=mine)
            kept = _words(names, now, hamlets, in_full=in_full)
            sides.append(Side(names, _label(group[0]), sent, kept, alike=sent == kept))
    if said:
        sides.append(Side((conflicts.CONSENTS,), _("Điều bà con đồng ý"), _purposes(said), _("Chưa ghi"), alike=False))
    return sides


def leader(name: str, names: Sequence[str]) -> str:
    """The field that stands for its group in a form: the first of those in conflict."""
    group = next((group for group in TOGETHER if name in group), (name,))
    return next(one for one in group if one in names)


def _words(names: Sequence[str], values: Mapping[str, str | None], hamlets: Mapping[str, str], *, in_full: bool) -> str:
    told = [_word(name, values.get(name), hamlets, in_full) for name in names]
    return ", ".join(word for word in told if word) or str(_("Bỏ trống"))


def _word(name: str, value: str | None, hamlets: Mapping[str, str], in_full: bool) -> str:
    if name == "phone_is_contact":
        return str(_("số của người quen") if value else _("số của hộ"))
    if not value:
        return ""
    if name == "hamlet_code":
        return hamlets.get(value, value)
    if name == "account_bin":
        bank = bank_by_bin(value)
        return bank.short_name if bank else value
    plain = national(value) if name == "phone" else value
    return plain if in_full else _masked(name, plain)


def _masked(name: str, plain: str) -> str:
    if name in ("head_name", "account_holder"):
        return mask_name(plain)
    if name == "phone":
        return mask_phone(plain)
    return HIDDEN if name == "address" else mask_tail(plain, keep=3)


def _purposes(said: Sequence[Said]) -> str:
    names = {purpose: name for purpose, name, _sentence in words.purposes()}
    return ", ".join(names[one.purpose] for one in said)


def _label(name: str) -> str:
    labels: dict[str, str] = {
        "head_name": _("Họ tên chủ hộ"),
        "citizen_id": _("Số căn cước"),
        "phone": _("Điện thoại"),
        "address": _("Địa chỉ"),
        "hamlet_code": _("Xóm"),
        "account_bin": _("Tài khoản bán hàng"),
    }
    return labels[name]
