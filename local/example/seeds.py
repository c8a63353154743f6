"""Chance that falls the same way each time, and what is made from it: public codes, moments, keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from app.core import codes, crypto
from app.core.ids import uuid7

SEED = "chợ phiên mẫu"


def chance(what: str) -> Random:
    """A source of its own for each matter, so that a change in one leaves the others alone."""
    return Random(f"{SEED}/{what}")


class Codes:
    """Public codes of one prefix, no two the same."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._chance = chance(f"codes/{prefix}")
        self._given: set[int] = set()

    def new(self) -> str:
        """A code that was not given before."""
        while (number := self._chance.getrandbits(5 * (codes.BODY_LENGTH - 1))) in self._given:
            pass
        self._given.add(number)
        letters = (codes.ALPHABET[number >> 5 * place & 31] for place in range(codes.BODY_LENGTH - 1))
        body = self._prefix + "".join(letters)
        return body + codes.check_character(body)


@dataclass(frozen=True)
class Key:
    """A data key in the clear, and the row that keeps it wrapped."""

    id: UUID
    plain: bytes
    wrapped: bytes

    @classmethod
    def new(cls, at: datetime) -> Key:
        """A fresh key."""
        key_id = id_at(at)
        return cls(key_id, *crypto.wrap_new_key(key_id))

    def seal(self, field: str, text: str) -> bytes:
        """Encrypt a field under this key."""
        return crypto.seal_with(self.plain, field, text)


def id_at(moment: datetime) -> UUID:
    """A row id that sorts as if made at this moment."""
    return uuid7(int(moment.timestamp() * 1000))


def spread(now: datetime, place: float, *, days: int = 240) -> datetime:
    """A moment in the last `days` days: `place` 0 is the oldest, 1 an hour ago."""
    span = timedelta(days=days) - timedelta(hours=1)
    return now - timedelta(hours=1) - span * (1 - place)
