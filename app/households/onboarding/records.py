"""What a phone sends, as values: the record, its consents, its photos, and the sealed text they become."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.crypto import blind_index
from app.households.registry.fields import Fields
from app.households.registry.models import How, Purpose
from app.households.registry.people import Evidence

from .models import DoorstepRecord, Kind, Outcome, PhotoKind

CONTENT = "doorstep_record.content"
DRIFT = timedelta(minutes=2)


@dataclass(frozen=True)
class Place:
    """Where the phone was: WGS 84 degrees, and how sure it is in metres."""

    latitude: float
    longitude: float
    accuracy_m: float


@dataclass(frozen=True)
class Said:
    """One yes, how it was given, and when by the phone's clock."""

    purpose: Purpose
    how: How
    at: datetime


@dataclass(frozen=True)
class Announced:
    """A photo that will follow in parts; `sha256` is of the whole file."""

    id: UUID
    kind: PhotoKind
    media_type: str
    size_bytes: int
    sha256: bytes


@dataclass(frozen=True)
class Sent:
    """One record of the doorstep. A registration's `fields` are all there are, an edit's only what it changes."""

    id: UUID
    kind: Kind
    made_at: datetime
    sent_at: datetime
    fields: Fields
    attempt: int = 1
    household_code: str | None = None
    base_version: int | None = None
    place: Place | None = None
    seconds_spent: int | None = None
    consents: tuple[Said, ...] = ()
    witness_name: str = ""
    photos: tuple[Announced, ...] = ()


@dataclass(frozen=True)
class Unreadable:
    """A record that is none: which of the sent it was, and why."""

    id: str | None
    errors: dict[str, list[str]]


@dataclass(frozen=True)
class Result:
    """What became of one record, in words a phone keeps."""

    id: str | None
    outcome: Outcome
    household_code: str | None = None
    reason: str | None = None
    errors: dict[str, list[str]] | None = None
    conflict_id: UUID | None = None
    forget: bool = False  # the phone lets go of everything personal in it


def mark(sent: Sent) -> bytes:
    """A keyed fingerprint of what the record says, to tell a repeat from other content. Photos follow by themselves."""
    said = sorted((consent.purpose, consent.how) for consent in sent.consents)
    what = [sent.kind, sent.household_code, sent.base_version, sorted(sent.fields.items()), said, sent.witness_name]
    return blind_index(CONTENT, json.dumps(what))


def as_text(sent: Sent) -> str:
    """All of the record that is personal, as the text that is sealed."""
    content: dict[str, Any] = {
        "household_code": sent.household_code,
        "base_version": sent.base_version,
        "fields": sent.fields,
        "consents": [[said.purpose, said.how, said.at.isoformat()] for said in sent.consents],
        "witness_name": sent.witness_name,
        "place": [sent.place.latitude, sent.place.longitude, sent.place.accuracy_m] if sent.place else None,
        "photos": [
            [str(photo.id), photo.kind, photo.media_type, photo.size_bytes, photo.sha256.hex()] for photo in sent.photos
        ],
    }
    return json.dumps(content)


def from_text(row: DoorstepRecord, text: str) -> Sent:
    """A record as it was sent, out of its row and the text of `as_text`."""
    content = json.loads(text)
    photos = [one for one in content["photos"] if isinstance(one, list)]  # older texts hold their ids only
    return Sent(
        id=row.id,
        kind=Kind(row.kind),
        made_at=row.made_at,
        sent_at=row.sent_at,
        fields=content["fields"],
        attempt=row.attempt,
        household_code=content["household_code"],
        base_version=content["base_version"],
        place=Place(*content["place"]) if content["place"] else None,
        seconds_spent=row.seconds_spent,
        consents=tuple(
            Said(Purpose(purpose), How(how), datetime.fromisoformat(at)) for purpose, how, at in content["consents"]
        ),
        witness_name=content["witness_name"],
        photos=tuple(
            Announced(UUID(id), PhotoKind(kind), media_type, size, bytes.fromhex(sha256))
            for id, kind, media_type, size, sha256 in photos
        ),
    )


def evidence(sent: Sent, *, now: datetime) -> dict[Purpose, Evidence]:
    """What shows that each yes was given. A phone whose clock is off by more than two minutes is put right."""
    off = now - sent.sent_at
    shift = off if abs(off) > DRIFT else timedelta()
    signature = next((photo.id for photo in sent.photos if photo.kind == PhotoKind.SIGNATURE), None)
    return {
        said.purpose: Evidence(
            said_at=min(said.at + shift, now),
            witness_name=sent.witness_name or None,
            photo_id=signature,
            record_id=sent.id,
        )
        for said in sent.consents
    }
