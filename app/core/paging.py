"""Keyset paging: a cursor says after which sort key the next page begins; no OFFSET anywhere."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from flask_babel import gettext as _

from app.core.errors import BadInput

MAX_LIMIT = 100
T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list; `next_cursor` is None on the last."""

    items: Sequence[T]
    next_cursor: str | None


def encode_cursor(*key: Any) -> str:
    """An opaque text for a sort key of JSON-ready values."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """The sort key of a cursor.

    Raises:
        BadInput: not a cursor we gave out for a list of these types.
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, UnicodeDecodeError):
        key = None
    if not isinstance(key, list) or len(key) != len(types):
        raise BadInput(_("Dấu trang không đúng; hãy mở lại danh sách từ đầu."), errors={"cursor": ["invalid"]})
    if not all(type(value) is kind for value, kind in zip(key, types, strict=True)):
        raise BadInput(_("Dấu trang không đúng; hãy mở lại danh sách từ đầu."), errors={"cursor": ["invalid"]})
    return tuple(key)


def decode_uuid_cursor(cursor: str) -> UUID:
    """The row id in a cursor of one id.

    Raises:
        BadInput: not such a cursor.
    """
    (text,) = decode_cursor(cursor, str)
    try:
        return UUID(text)
    except ValueError:
        raise BadInput(
            _("Dấu trang không đúng; hãy mở lại danh sách từ đầu."), errors={"cursor": ["invalid"]}
        ) from None
