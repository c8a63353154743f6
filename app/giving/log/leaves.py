"""What a leaf of the public log says, and the exact bytes it says it in.

The format is documented for outsiders in ``docs/log-format.md``. The set of fields is closed: a leaf can hold codes,
amounts, times and salted commitments, and nothing else, so nothing personal can slip in by mistake.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from hmac import compare_digest

VERSION = 1
SALT_BYTES = 32
MAX_AMOUNT_VND = 2**53 - 1

Value = str | int | datetime | None
Leaf = dict[str, str | int]


class LeafError(ValueError):
    """A leaf would say something the format does not allow."""


class Kind(StrEnum):
    """The events that are made public."""

    GIFT_RECEIVED = "gift_received"
    ALLOCATION = "allocation"
    DISBURSEMENT = "disbursement"
    CONFIRMATION = "confirmation"
    REVERSAL = "reversal"


RAILS = frozenset({"vietqr", "card"})
REQUIRED = frozenset({"v", "kind", "code", "amount_vnd", "at"})

_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{3,31}", re.ASCII)
_COMMITMENT = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
_PHONE_OR_ACCOUNT = re.compile(r"(?=.*[01])[0-9-]+", re.ASCII)


def encode(kind: str, body: Mapping[str, Value]) -> bytes:
    """The canonical bytes of a leaf: UTF-8 JSON, keys sorted, no spaces.

    ``body`` holds ``code`` (the receipt's number), ``amount_vnd`` (đồng), ``at`` (aware datetime or RFC 3339 UTC
    seconds) and, where they apply, ``household``, ``campaign``, ``batch``, ``reverses`` (public codes), ``rail``,
    ``donor`` and ``bank_ref`` (commitments, see `commit`). A None is left out.

    Raises:
        LeafError: an unknown field, a missing one, or a value of the wrong form.
    """
    leaf: Leaf = {"v": VERSION, "kind": str(kind)}
    for name, value in body.items():
        if name in leaf:
            raise LeafError(f"{name} is not part of the body")
        if value is not None:
            leaf[name] = format_time(value) if isinstance(value, datetime) else value
    _check(leaf)
    return _canonical(leaf)


def decode(data: bytes) -> Leaf:
    """Read a leaf back.

    Raises:
        LeafError: not canonical, not version 1, or not allowed by the format.
    """
    try:
        leaf = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise LeafError("not JSON") from error
    if not isinstance(leaf, dict):
        raise LeafError("not an object")
    _check(leaf)
    if _canonical(leaf) != data:
        raise LeafError("not the canonical spelling")
    return leaf


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds.

    Raises:
        LeafError: a time without a zone.
    """
    if moment.tzinfo is None:
        raise LeafError("a time needs a zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def commit(salt: bytes, text: str) -> str:
    """Bind to a text without showing it: hex SHA-256 of the 32-byte salt and the text's UTF-8 bytes.

    The text is put into Unicode form NFC first, since one Vietnamese name can be typed in several forms. The salt
    must be random, used once and kept from everybody but the one the text is about: without it a name or a bank
    reference could be guessed from the commitment.

    Raises:
        LeafError: the salt is not 32 bytes long.
    """
    if len(salt) != SALT_BYTES:
        raise LeafError("a salt has 32 bytes")
    return hashlib.sha256(salt + unicodedata.normalize("NFC", text).encode()).hexdigest()


def opens(commitment: str, salt: bytes, text: str) -> bool:
    """Whether a salt and a text are what a commitment was made of."""
    return len(salt) == SALT_BYTES and compare_digest(commit(salt, text), commitment)


def _canonical(leaf: Leaf) -> bytes:
    return json.dumps(leaf, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _check(leaf: Mapping[str, object]) -> None:
    if missing := REQUIRED - leaf.keys():
        raise LeafError(f"missing: {', '.join(sorted(missing))}")
    for name, value in leaf.items():
        is_allowed = _FIELDS.get(name)
        if is_allowed is None:
            raise LeafError(f"{name} has no place in the public log")
        if not is_allowed(value):
            raise LeafError(f"{name} has the wrong form")


def _is_version(value: object) -> bool:
    return type(value) is int and value == VERSION


def _is_kind(value: object) -> bool:
    return isinstance(value, str) and value in set(Kind)


def _is_amount(value: object) -> bool:
    return type(value) is int and 0 < value <= MAX_AMOUNT_VND


def _is_rail(value: object) -> bool:
    return isinstance(value, str) and value in RAILS


def _is_code(value: object) -> bool:
    """Public codes have letters or avoid 0 and 1; a phone, citizen or account number put here by mistake does not."""
    return isinstance(value, str) and bool(_CODE.fullmatch(value)) and not _PHONE_OR_ACCOUNT.fullmatch(value)


def _is_commitment(value: object) -> bool:
    return isinstance(value, str) and bool(_COMMITMENT.fullmatch(value))


def _is_time(value: object) -> bool:
    if not (isinstance(value, str) and _TIME.fullmatch(value)):
        return False
    try:
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return False
    return True


_FIELDS: dict[str, Callable[[object], bool]] = {
    "v": _is_version,
    "kind": _is_kind,
    "code": _is_code,
    "amount_vnd": _is_amount,
    "at": _is_time,
    "household": _is_code,
    "campaign": _is_code,
    "batch": _is_code,
    "reverses": _is_code,
    "rail": _is_rail,
    "donor": _is_commitment,
    "bank_ref": _is_commitment,
}
