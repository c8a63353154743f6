"""What a household's row was before a merge, sealed under the household's own key, and how it is put back."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.crypto import DataKey, seal, unseal_by_id
from app.core.database import require_transaction
from app.households.registry.models import Household

SEALED_AS = "household_merge.before"
FIELDS = (
    "commune_code", "hamlet_code", "head_name_enc", "name_index", "near_index", "citizen_id_enc", "citizen_index",
    "phone_enc", "phone_index", "phone_is_contact", "address_enc", "sales_account_enc", "content_mark",
)  # fmt: skip
STEP = ("status", "return_reason", "returned_version", "verified_by", "verified_at", "merged_into")


def row_of(household: Household) -> dict[str, Any]:
    """The row as it stands."""
    return {name: getattr(household, name) for name in (*FIELDS, *STEP)}


def sealed(household: Household, row: dict[str, Any], **more: Any) -> bytes:
    """A row with JSON-ready further facts, sealed."""
    content = json.dumps({"row": {name: _written(value) for name, value in row.items()}, **more})
    return seal(require_transaction().get_one(DataKey, household.data_key_id), SEALED_AS, content)


def opened(household: Household, blob: bytes) -> dict[str, Any]:
    """What `sealed` kept: `row`, and the further facts.

    Raises:
        KeyDestroyed: the household was erased.
    """
    content: dict[str, Any] = json.loads(unseal_by_id(household.data_key_id, SEALED_AS, blob))
    content["row"] = {name: _read(value) for name, value in content["row"].items()}
    return content


def put_back(household: Household, row: dict[str, Any], names: tuple[str, ...]) -> None:
    """Set these columns to what they were, byte for byte."""
    for name in names:
        setattr(household, name, row[name])
    require_transaction().flush()


def _written(value: object) -> object:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, UUID):
        return {"uuid": str(value)}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    return value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return {"bytes": base64.b64decode, "uuid": UUID, "at": datetime.fromisoformat}[kind](text)  # type: ignore[operator]
    return value
