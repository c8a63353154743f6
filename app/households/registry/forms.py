"""The registration form: what the browser sends, and what the form shows again when something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

from flask_babel import gettext as _

from .errors import BadHousehold
from .models import How, Purpose
from .people import NewHousehold, SalesAccount

MAX_LENGTH = 300
FIELDS = (
    "client_id", "head_name", "citizen_id", "phone", "phone_is_contact", "address", "hamlet_code", "account_bin",
    "account_number", "account_holder", "how",
)  # fmt: skip


def empty(hamlet_code: str = "") -> dict[str, str]:
    """A fresh form. Its `client_id` makes sending it twice harmless; nothing is ticked."""
    return {**dict.fromkeys(FIELDS, ""), "client_id": str(uuid4()), "hamlet_code": hamlet_code}


def sent(form: Mapping[str, str]) -> dict[str, str]:
    """What came in, field by field, so that nothing typed is lost."""
    names = [*FIELDS, *(f"consent_{purpose}" for purpose in Purpose)]
    return {name: form.get(name, "")[:MAX_LENGTH] for name in names}


def from_data(data: NewHousehold) -> dict[str, str]:
    """A form filled with a registration, to be corrected. What was agreed to stands; nothing is ticked anew."""
    account = data.sales_account
    return {
        "client_id": str(data.client_id),
        "head_name": data.head_name,
        "citizen_id": data.citizen_id,
        "phone": data.phone or "",
        "phone_is_contact": "1" if data.phone_is_contact else "",
        "address": data.address,
        "hamlet_code": data.hamlet_code,
        "account_bin": account.bin if account else "",
        "account_number": account.number if account else "",
        "account_holder": account.holder if account else "",
        "how": "",
    }


def read(values: Mapping[str, str]) -> NewHousehold:
    """The registration a form holds; whether its fields can be is checked by the service.

    Raises:
        BadHousehold: something was agreed to, and not how.
    """
    given = [purpose for purpose in Purpose if values.get(f"consent_{purpose}")]
    if given and values["how"] not in (How.SPOKEN, How.SIGNED):
        raise BadHousehold({"how": [_("Chọn bà con đồng ý bằng cách nào.")]})
    account = (values["account_bin"], values["account_number"], values["account_holder"])
    return NewHousehold(
        client_id=_uuid(values["client_id"]),
        head_name=values["head_name"],
        citizen_id=values["citizen_id"],
        phone=values["phone"] or None,
        phone_is_contact=bool(values["phone_is_contact"]),
        address=values["address"],
        hamlet_code=values["hamlet_code"],
        sales_account=SalesAccount(*account) if any(text.strip() for text in account) else None,
        consents={purpose: How(values["how"]) for purpose in given},
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()
