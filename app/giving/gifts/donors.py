"""Who gave: sealed for us, committed to for the public log, opened again for the giver alone."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from app.core.clock import Clock
from app.core.crypto import KeyDestroyed, blind_index, new_data_key, seal, unseal_by_id
from app.giving.log import leaves

from .models import Gift

NAME_FIELD = "gift.donor"
SALT_FIELD = "gift.donor_salt"
MESSAGE_FIELD = "gift.message"


@dataclass(frozen=True)
class Donor:
    """What opens the commitment in the log: the name as it was committed to, and the salt in hex."""

    name: str
    salt: str


def sealed_columns(*, name: str | None, message: str | None, clock: Clock) -> dict[str, Any]:
    """The columns of a gift that say who gave and what they wrote; needs an open transaction."""
    if not (name or message):
        return {}
    key = new_data_key(clock=clock)
    columns: dict[str, Any] = {"data_key_id": key.id}
    if name:
        salt = os.urandom(leaves.SALT_BYTES)
        columns["donor_enc"] = seal(key, NAME_FIELD, name)
        columns["donor_salt_enc"] = seal(key, SALT_FIELD, salt.hex())
        columns["donor_commitment"] = leaves.commit(salt, name)
    if message:
        columns["message_enc"] = seal(key, MESSAGE_FIELD, message)
    return columns


def open_donor(gift: Gift) -> Donor | None:
    """The giver of a gift; None for an anonymous one, and once the giver was forgotten."""
    if gift.data_key_id is None or gift.donor_enc is None or gift.donor_salt_enc is None:
        return None
    try:
        return Donor(
            name=unseal_by_id(gift.data_key_id, NAME_FIELD, gift.donor_enc),
            salt=unseal_by_id(gift.data_key_id, SALT_FIELD, gift.donor_salt_enc),
        )
    except KeyDestroyed:
        return None


def content_mark(*, household_code: str, amount_vnd: int, name: str | None, message: str | None, method: str) -> bytes:
    """A keyed fingerprint (32 bytes) of what a giver asked for, to tell a repeat from a conflict."""
    content = json.dumps([household_code, amount_vnd, name, message, method])
    return blind_index("gift.content", content)
