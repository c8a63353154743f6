"""A household's data as named fields of text: how versions, edits, amendments and differences speak of it.

The names are the form's. Values are in their normal form: a phone in E.164, `phone_is_contact` as "1"; None is nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from .models import Household, How, Purpose
from .people import Field, NewHousehold, SalesAccount, open_field, sales_account

Fields = dict[str, str | None]
NAMES = (
    "head_name", "citizen_id", "phone", "phone_is_contact", "address", "hamlet_code", "account_bin", "account_number",
    "account_holder",
)  # fmt: skip
ACCOUNT = ("account_bin", "account_number", "account_holder")
TOGETHER = (
    ("head_name",),
    ("citizen_id",),
    ("phone", "phone_is_contact"),
    ("address",),
    ("hamlet_code",),
    ACCOUNT,
)
"""Fields that make sense only together: half of one account and half of another is nobody's account."""


def of(household: Household) -> Fields:
    """A household's fields as they stand; load its data key first when there are many.

    Raises:
        KeyDestroyed: the household was erased.
    """
    account = sales_account(household)
    return {
        "head_name": open_field(household, Field.HEAD_NAME),
        "citizen_id": open_field(household, Field.CITIZEN_ID),
        "phone": open_field(household, Field.PHONE),
        "phone_is_contact": "1" if household.phone_is_contact else None,
        "address": open_field(household, Field.ADDRESS),
        "hamlet_code": household.hamlet_code,
        "account_bin": account.bin if account else None,
        "account_number": account.number if account else None,
        "account_holder": account.holder if account else None,
    }


def of_data(data: NewHousehold) -> Fields:
    """The fields of a registration, as they are in it."""
    account = data.sales_account
    return {
        "head_name": data.head_name,
        "citizen_id": data.citizen_id,
        "phone": data.phone,
        "phone_is_contact": "1" if data.phone_is_contact else None,
        "address": data.address,
        "hamlet_code": data.hamlet_code,
        "account_bin": account.bin if account else None,
        "account_number": account.number if account else None,
        "account_holder": account.holder if account else None,
    }


def to_data(
    fields: Mapping[str, str | None], *, client_id: UUID, consents: dict[Purpose, How] | None = None
) -> NewHousehold:
    """A registration of these fields, still to be checked; what is missing is empty."""
    account = tuple(fields.get(name) or "" for name in ACCOUNT)
    return NewHousehold(
        client_id=client_id,
        head_name=fields.get("head_name") or "",
        citizen_id=fields.get("citizen_id") or "",
        phone=fields.get("phone"),
        phone_is_contact=bool(fields.get("phone_is_contact")),
        address=fields.get("address") or "",
        hamlet_code=fields.get("hamlet_code") or "",
        sales_account=SalesAccount(*account) if any(text.strip() for text in account) else None,
        consents=consents or {},
    )
