"""Who gets the goods and where: checked, sealed, shown in part; in full for the seller of a paid order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from app.core.crypto import DataKey, KeyDestroyed, blind_index, seal, unseal_by_id
from app.core.errors import BadInput
from app.core.masking import mask_name, mask_phone
from app.core.phones import national, normalise_phone
from app.households.areas import queries as areas

from .models import Checkout, Order
from .schemas import Contact, DeliveryAddress
from .states import State

NAME_FIELD = "checkout.contact_name"
PHONE_FIELD = "checkout.contact_phone"
ADDRESS_FIELD = "checkout.address_line"


@dataclass(frozen=True)
class Recipient:
    """Name, national phone number and address line, in full or masked."""

    name: str
    phone: str
    address_line: str
    commune: str


def checked(contact: Contact, address: DeliveryAddress) -> Contact:
    """The contact with its phone number in E.164.

    Raises:
        BadInput: the phone number is not Vietnamese, or the commune is none of today's; tells both at once.
    """
    errors: dict[str, list[str]] = {}
    phone = ""
    try:
        phone = normalise_phone(contact.phone)
    except ValueError:
        errors["contact.phone"] = [_("Số điện thoại chưa đúng, ví dụ 0912 345 678.")]
    commune = areas.get(address.commune_code)
    if commune is None or commune.kind != "commune":
        errors["delivery_address.commune_code"] = [_("Không có xã, phường nào mang mã này.")]
    if errors:
        raise BadInput(" ".join(sentence for [sentence] in errors.values()), errors=errors)
    return Contact(contact.name, phone)


def sealed_columns(key: DataKey, contact: Contact, address: DeliveryAddress) -> dict[str, Any]:
    """The columns of a checkout that say who and where."""
    return {
        "data_key_id": key.id,
        "contact_name_enc": seal(key, NAME_FIELD, contact.name),
        "contact_phone_enc": seal(key, PHONE_FIELD, contact.phone),
        "address_line_enc": seal(key, ADDRESS_FIELD, address.line),
        "commune_code": address.commune_code,
    }


def content_mark(
    *, buyer_id: UUID | None, contact: Contact, address: DeliveryAddress, quantities: Mapping[str, int], method: str
) -> bytes:
    """A keyed fingerprint (32 bytes) of an order, to tell a repeat from a conflict."""
    content = [str(buyer_id), asdict(contact), asdict(address), sorted(quantities.items()), method]
    return blind_index("checkout.content", json.dumps(content, ensure_ascii=True, sort_keys=True))


def in_full(checkout: Checkout) -> Recipient:
    """As the buyer wrote it; blank once the buyer's data was erased."""
    commune = commune_words(checkout.commune_code)
    try:
        return Recipient(
            name=unseal_by_id(checkout.data_key_id, NAME_FIELD, checkout.contact_name_enc),
            phone=national(unseal_by_id(checkout.data_key_id, PHONE_FIELD, checkout.contact_phone_enc)),
            address_line=unseal_by_id(checkout.data_key_id, ADDRESS_FIELD, checkout.address_line_enc),
            commune=commune,
        )
    except KeyDestroyed:
        return Recipient("", "", "", commune)


def for_seller(order: Order) -> Recipient:
    """In full once the order is paid, masked before: an order that may lapse needs no stranger's number."""
    return in_full(order.checkout) if order.status == State.PAID else masked(order.checkout)


def masked(checkout: Checkout) -> Recipient:
    """Enough to recognise oneself: family name and initials, parts of the number, the commune."""
    full = in_full(checkout)
    return Recipient(mask_name(full.name), mask_phone(full.phone), "•••" if full.address_line else "", full.commune)


def commune_words(code: str) -> str:
    """The commune and its province, as written on a parcel."""
    commune = areas.get(code)
    province = areas.get(commune.parent_code) if commune and commune.parent_code else None
    return ", ".join(area.name for area in (commune, province) if area)
