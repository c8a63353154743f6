"""Field encryption with a key per household, and blind indexes to find what is encrypted.

Each sensitive field is sealed with AES-256-GCM under a data key. Data keys are wrapped by the master key and kept
in the `data_key` table, one per household. Destroying the row's key material is the erasure: what it sealed can never
be read again. An HMAC-SHA256 over the normalised value, keyed and separated by field
name, lets us look a value up without decrypting.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import Clock
from app.core.database import Model, db, require_transaction
from app.core.ids import uuid7

_NONCE_BYTES = 12


class KeyDestroyed(LookupError):
    """The data was erased: its key is gone for good."""


class DataKey(Model):
    """A wrapped data key. `wrapped` becomes NULL when it is destroyed; the row stays as proof of when."""

    __tablename__ = "data_key"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    wrapped: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    destroyed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


@dataclass(frozen=True)
class _Secrets:
    master: bytes
    index: bytes


_secrets: _Secrets | None = None


def configure(*, master_key: bytes, index_key: bytes) -> None:
    """Set the process's keys (32 bytes each); called once by create_app()."""
    global _secrets
    if len(master_key) != 32 or len(index_key) != 32:
        raise ValueError("field encryption and blind index keys must be 32 bytes")
    _secrets = _Secrets(master_key, index_key)


def _keys() -> _Secrets:
    if _secrets is None:
        raise RuntimeError("crypto.configure() was not called")
    return _secrets


def wrap_new_key(key_id: UUID) -> tuple[bytes, bytes]:
    """A fresh data key: (plain 32 bytes, wrapped bytes to store). For bulk loading."""
    plain = os.urandom(32)
    return plain, _seal(_keys().master, plain, str(key_id))


def new_data_key(*, clock: Clock) -> DataKey:
    """Make and store a data key; needs an open transaction."""
    key_id = uuid7()
    _plain, wrapped = wrap_new_key(key_id)
    key = DataKey(id=key_id, wrapped=wrapped, created_at=clock.now())
    session = require_transaction()
    session.add(key)
    session.flush()
    return key


def new_data_keys(count: int, *, clock: Clock) -> list[DataKey]:
    """Make and store many data keys in one go; needs an open transaction."""
    keys = []
    for _one in range(count):
        key_id = uuid7()
        keys.append(DataKey(id=key_id, wrapped=wrap_new_key(key_id)[1], created_at=clock.now()))
    session = require_transaction()
    session.add_all(keys)
    session.flush()
    return keys


def destroy_data_key(key_id: UUID, *, clock: Clock) -> None:
    """Erase: forget the key material; needs an open transaction."""
    key = require_transaction().get_one(DataKey, key_id)
    key.wrapped = None
    key.destroyed_at = clock.now()


def seal(key: DataKey, field: str, text: str) -> bytes:
    """Encrypt `text` for the column called `field` (bound in as associated data)."""
    return seal_with(_unwrap(key), field, text)


def seal_with(plain_key: bytes, field: str, text: str) -> bytes:
    """Encrypt with a plain data key. For bulk loading."""
    return _seal(plain_key, text.encode(), field)


def unseal(key: DataKey, field: str, blob: bytes) -> str:
    """Decrypt what `seal` made.

    Raises:
        KeyDestroyed: the household was erased.
    """
    return _unseal(_unwrap(key), blob, field).decode()


def unseal_by_id(key_id: UUID, field: str, blob: bytes) -> str:
    """Decrypt with the data key `key_id` (one primary-key read, then from the session's identity map)."""
    return unseal(db.session.get_one(DataKey, key_id), field, blob)


def seal_bytes(key: DataKey, name: str, content: bytes) -> bytes:
    """Encrypt a file called `name` (bound in as associated data)."""
    return _seal(_unwrap(key), content, name)


def unseal_bytes(key: DataKey, name: str, blob: bytes) -> bytes:
    """Decrypt what `seal_bytes` made.

    Raises:
        KeyDestroyed: what it belongs to was erased.
        ValueError: it was altered, renamed, or sealed under another key.
    """
    return _unseal(_unwrap(key), blob, name)


_HELD = "data_keys_held"


def load_keys(key_ids: set[UUID]) -> None:
    """Fetch many data keys in one query, before unsealing a list.

    The session holds on to them until the next such list: it knows its objects only as long as somebody else does.
    """
    if key_ids:
        wanted = sa.select(DataKey).where(DataKey.id.in_(key_ids))
        db.session().info[_HELD] = db.session.scalars(wanted).all()


def blind_index(field: str, text: str) -> bytes:
    """A keyed fingerprint (32 bytes) of a normalised value, separate for each field name."""
    return hmac.new(_keys().index, f"{field}\x00{text}".encode(), hashlib.sha256).digest()


def _unwrap(key: DataKey) -> bytes:
    if key.wrapped is None:
        raise KeyDestroyed(str(key.id))
    return _unseal(_keys().master, key.wrapped, str(key.id))


def _seal(key: bytes, data: bytes, context: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, context.encode())


def _unseal(key: bytes, blob: bytes, context: str) -> bytes:
    try:
        return AESGCM(key).decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], context.encode())
    except InvalidTag as error:
        raise ValueError("sealed data was altered, moved to another field, or sealed under another key") from error


def _register_key() -> bytes:
    return hmac.new(_keys().master, b"records kept by law", hashlib.sha256).digest()


def seal_record(field: str, text: str) -> bytes:
    """Encrypt a record the law makes us keep whoever it speaks of (bank notices); there is no key to destroy."""
    return _seal(_register_key(), text.encode(), field)


def unseal_record(field: str, blob: bytes) -> str:
    """Decrypt what `seal_record` made."""
    return _unseal(_register_key(), blob, field).decode()
