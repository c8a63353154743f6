"""What comes in about a household, and how each field is sealed, found and shown."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.core.crypto import DataKey, blind_index, seal, unseal_by_id
from app.core.masking import mask_name, mask_phone, mask_tail
from app.core.phones import national
from app.core.texts import fold, tidy

from .models import Household, How, Purpose


class Field(StrEnum):
    """The sealed fields a person may ask to see in full."""

    HEAD_NAME = "head_name"
    CITIZEN_ID = "citizen_id"
    PHONE = "phone"
    ADDRESS = "address"
    SALES_ACCOUNT = "sales_account"


@dataclass(frozen=True)
class SalesAccount:
    """The seller's own bank account, as told on the doorstep. `bin` is the bank's six digits."""

    bin: str
    number: str
    holder: str


@dataclass(frozen=True)
class NewHousehold:
    """One registration as a team member sends it. `client_id` was made on the phone.

    `phone` may be a trusted contact's, then `phone_is_contact`. `consents` holds only what was said yes to, and how.
    """

    client_id: UUID
    head_name: str
    citizen_id: str
    hamlet_code: str
    address: str
    phone: str | None = None
    phone_is_contact: bool = False
    sales_account: SalesAccount | None = None
    consents: dict[Purpose, How] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """What shows that a yes was given on the doorstep: when it was said, who stood by, the photo of the signature."""

    said_at: datetime | None = None
    witness_name: str | None = None
    photo_id: UUID | None = None
    record_id: UUID | None = None


@dataclass(frozen=True)
class MaskedHousehold:
    """A household as most may see it."""

    code: str
    commune_code: str
    hamlet_code: str
    head_name: str
    citizen_id: str
    phone: str
    phone_is_contact: bool
    has_sales_account: bool
    status: str
    return_reason: str | None


def sealed_name(field_name: Field) -> str:
    """The name a field is sealed under."""
    return f"household.{field_name}"


def name_index(name: str) -> bytes:
    """The blind index of a whole name, accents or not."""
    return blind_index("household.head_name", fold(tidy(name)))


def near_index(name: str, citizen_id: str) -> bytes:
    """The blind index of who may be the same person: family name, given name, and year of birth with sex.

    A middle name left out, an accent or a digit of the number mistyped makes no difference. `citizen_id` is checked.
    """
    words = fold(tidy(name)).split()
    return blind_index("household.near", f"{words[0]} {words[-1]} {citizen_id[3:6]}")


def phone_index(e164: str) -> bytes:
    """The blind index of a phone number in E.164."""
    return blind_index("household.phone", e164)


def citizen_index(number: str) -> bytes:
    """The blind index of a citizen's number."""
    return blind_index("household.citizen_id", number)


def content_mark(data: NewHousehold) -> bytes:
    """A keyed fingerprint of everything in a registration, to tell a repeat from a conflict."""
    return blind_index("household.content", json.dumps(asdict(data), sort_keys=True, default=str))


def sealed_columns(data: NewHousehold, key: DataKey) -> dict[str, bytes | None]:
    """The sealed and index columns of a checked registration."""
    account = json.dumps(asdict(data.sales_account)) if data.sales_account else None
    return {
        "head_name_enc": seal(key, sealed_name(Field.HEAD_NAME), data.head_name),
        "name_index": name_index(data.head_name),
        "near_index": near_index(data.head_name, data.citizen_id),
        "citizen_id_enc": seal(key, sealed_name(Field.CITIZEN_ID), data.citizen_id),
        "citizen_index": citizen_index(data.citizen_id),
        "phone_enc": seal(key, sealed_name(Field.PHONE), data.phone) if data.phone else None,
        "phone_index": phone_index(data.phone) if data.phone else None,
        "address_enc": seal(key, sealed_name(Field.ADDRESS), data.address),
        "sales_account_enc": seal(key, sealed_name(Field.SALES_ACCOUNT), account) if account else None,
    }


def open_field(household: Household, field_name: Field) -> str | None:
    """A field in full, for the program's own use; showing it to a person goes through `services.unmask_household`.

    Raises:
        KeyDestroyed: the household was erased.
    """
    blob: bytes | None = getattr(household, f"{field_name}_enc")
    return None if blob is None else unseal_by_id(household.data_key_id, sealed_name(field_name), blob)


def sales_account(household: Household) -> SalesAccount | None:
    """The bank account told on the doorstep; opening the shop turns it into a payee."""
    text = open_field(household, Field.SALES_ACCOUNT)
    return SalesAccount(**json.loads(text)) if text else None


def opened(household: Household, consents: dict[Purpose, How]) -> NewHousehold:
    """A registration in full, as it came in; for the person who may correct it."""
    phone = open_field(household, Field.PHONE)
    return NewHousehold(
        client_id=household.client_id,
        head_name=open_field(household, Field.HEAD_NAME) or "",
        citizen_id=open_field(household, Field.CITIZEN_ID) or "",
        hamlet_code=household.hamlet_code,
        address=open_field(household, Field.ADDRESS) or "",
        phone=national(phone) if phone else None,
        phone_is_contact=household.phone_is_contact,
        sales_account=sales_account(household),
        consents=consents,
    )


def masked(household: Household) -> MaskedHousehold:
    """Name as initials, last digits of numbers, no address. Load the data keys first when there are many."""
    phone = open_field(household, Field.PHONE)
    return MaskedHousehold(
        code=household.code,
        commune_code=household.commune_code,
        hamlet_code=household.hamlet_code,
        head_name=mask_name(open_field(household, Field.HEAD_NAME) or ""),
        citizen_id=mask_tail(open_field(household, Field.CITIZEN_ID) or "", keep=3),
        phone=mask_phone(national(phone)) if phone else "",
        phone_is_contact=household.phone_is_contact,
        has_sales_account=household.sales_account_enc is not None,
        status=household.status,
        return_reason=household.return_reason,
    )
