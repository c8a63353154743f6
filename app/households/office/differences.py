"""What changed in a household, field by field, as an officer may see it in passing: masked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from app.core.masking import mask_name, mask_phone, mask_tail
from app.core.phones import national
from app.households.areas import queries as areas
from app.households.registry import fields, versions
from app.households.registry.fields import Fields
from app.households.registry.models import Household, Status
from app.payments.vietqr.banks import bank_by_bin


@dataclass(frozen=True)
class Difference:
    """One field, before and after. `hidden` says that the change lies in the masked part."""

    name: str
    label: str
    old: str
    new: str
    hidden: bool = False


def labels() -> dict[str, str]:
    """What people call each field."""
    return {
        "head_name": _("Họ tên chủ hộ"),
        "citizen_id": _("Số căn cước"),
        "phone": _("Điện thoại"),
        "phone_is_contact": _("Số của người thân"),
        "address": _("Địa chỉ"),
        "hamlet_code": _("Xóm"),
        "account_bin": _("Ngân hàng"),
        "account_number": _("Số tài khoản"),
        "account_holder": _("Chủ tài khoản"),
    }


def since_return(household: Household) -> list[Difference] | None:
    """What the team changed since an officer last sent it back; None when it was never, or nothing is on record.

    Raises:
        KeyDestroyed: the household was erased.
    """
    if household.returned_version is None or household.status != Status.SUBMITTED:
        return None
    before = versions.fields_at(household, household.returned_version)
    return None if before is None else between(before, fields.of(household))


def between(old: Mapping[str, str | None], new: Mapping[str, str | None], *, full: bool = False) -> list[Difference]:
    """The fields of `new` that differ from `old`, in the order of the form.

    Args:
        full: without masks; the look must have been written down.
    """
    changed = [name for name in fields.NAMES if name in new and old.get(name) != new[name]]
    hamlets = areas.names(_hamlets(changed, old, new))
    return [_difference(name, old.get(name), new[name], hamlets, full) for name in changed]


def _hamlets(changed: Iterable[str], *sides: Mapping[str, str | None]) -> set[str]:
    codes = (side.get("hamlet_code") for side in sides) if "hamlet_code" in changed else ()
    return {code for code in codes if code}


def _difference(name: str, old: str | None, new: str | None, hamlets: dict[str, str], full: bool) -> Difference:
    before, after = (_shown(name, value, hamlets, full) for value in (old, new))
    return Difference(name, labels()[name], before, after, hidden=before == after)


def _shown(name: str, value: str | None, hamlets: dict[str, str], full: bool) -> str:
    if name == "phone_is_contact":
        return str(_("Có") if value else _("Không"))
    if not value:
        return str(_("Chưa có"))
    if name == "hamlet_code":
        return hamlets.get(value, value)
    if name == "account_bin":
        bank = bank_by_bin(value)
        return bank.short_name if bank else value
    if name == "phone":
        return national(value) if full else mask_phone(national(value))
    return value if full else _masked(name, value)


def _masked(name: str, value: str) -> str:
    if name in ("head_name", "account_holder"):
        return mask_name(value)
    if name == "address":
        return f"{value.split(maxsplit=1)[0]} •••"
    return mask_tail(value, keep=3)


def opened(household: Household, changes: Fields) -> Fields:
    """What the household says now of the fields that would change."""
    now = fields.of(household)
    return {name: now[name] for name in changes}
