"""Photos of the doorstep: they come in parts that resume, are checked when whole, and lie sealed in the vault."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import DataKey
from app.core.database import db, require_transaction
from app.core.pictures import FORMATS, NotAPicture, demand_picture
from app.core.vault import Vault
from app.households.registry import queries as registry
from app.households.registry.errors import NoSuchHousehold
from app.households.registry.models import Household
from app.identity.roles import Role

from .errors import NoSuchPhoto, OtherOffset, PhotoBroken
from .models import DoorstepPhoto, DoorstepRecord

MEDIA_TYPES = tuple(FORMATS)
MAX_BYTES = 1_572_864
MAX_PART = 262_144
MAX_PIXELS = 12_000_000


@dataclass(frozen=True)
class PhotoState:
    """How much of a photo is here."""

    received_bytes: int
    complete: bool


def state(*, actor: Actor, photo_id: UUID) -> PhotoState:
    """How much of a photo I sent is here.

    Raises:
        NoSuchPhoto: none was announced by a record of mine.
    """
    photo = find(photo_id, actor)
    return PhotoState(photo.received_bytes, photo.completed_at is not None)


@dataclass(frozen=True)
class Part:
    """A piece of a photo. `offset` is where it begins, `total` the length of the whole as the phone says now."""

    offset: int
    content: bytes
    total: int | None = None


def take(actor: Actor, photo_id: UUID, part: Part, *, vault: Vault, clock: Clock) -> tuple[PhotoState, str | None]:
    """(how much is here, what is wrong with the whole): a part is kept where the photo stands, the last one has the
    whole checked and sealed. One that is wrong starts again from nothing. Needs an open transaction.

    Raises:
        NoSuchPhoto: none was announced by a record of this person.
        OtherOffset: it does not begin where the photo stands.
        PhotoBroken: more than was announced; what came before stays.
        KeyDestroyed: its household was erased.
    """
    photo = find(photo_id, actor, for_update=True)
    if photo.completed_at is not None:
        return PhotoState(photo.received_bytes, True), None
    key = require_transaction().get_one(DataKey, photo.data_key_id)
    if part.offset != photo.received_bytes:
        raise OtherOffset(photo.received_bytes)
    _demand_fitting(photo, part)
    whole = _added(photo, key, part.content, vault)
    if whole is None:
        return PhotoState(photo.received_bytes, False), None
    wrong = _what_is_wrong(photo, whole)
    if wrong is not None:
        photo.received_bytes = 0
        return PhotoState(0, False), wrong
    vault.put(key, photo.id, whole)
    photo.completed_at = clock.now()
    return PhotoState(photo.received_bytes, True), None


def look(actor: Actor, photo_id: UUID, *, clock: Clock) -> DoorstepPhoto:
    """A whole photo, for who sent it and the officers of the commune the household is in now, as long as they reach it.

    The look is written down. Needs an open transaction.

    Raises:
        NoSuchPhoto: none in sight, or not whole yet.
    """
    query = (
        sa.select(DoorstepPhoto, DoorstepRecord)
        .join(DoorstepRecord, DoorstepRecord.id == DoorstepPhoto.record_id)
        .where(DoorstepPhoto.id == photo_id, DoorstepPhoto.completed_at.is_not(None))
    )
    found = db.session.execute(query).first()
    if found is None:
        raise NoSuchPhoto
    photo, row = found
    home = _home_of(row, actor)
    is_officer = actor.has_role(Role.COMMUNE_OFFICER) and actor.reaches(home.commune_code)
    if not (is_officer or row.member_id == actor.user_id):
        raise NoSuchPhoto
    stands = registry.standing(home).id  # its log is where the household looks
    record("doorstep_photo_seen", actor=actor, subject_kind="household", subject_id=stands, clock=clock,
           photo_id=str(photo.id), kind=photo.kind)  # fmt: skip
    opened: DoorstepPhoto = photo
    return opened


def _home_of(row: DoorstepRecord, actor: Actor) -> Household:
    if row.household_id is None:
        raise NoSuchPhoto
    try:
        return registry.find(row.household_id, actor=actor)
    except NoSuchHousehold:
        raise NoSuchPhoto from None


def find(photo_id: UUID, actor: Actor, *, for_update: bool = False) -> DoorstepPhoto:
    """A photo that a record of this person announced.

    Raises:
        NoSuchPhoto: none.
    """
    query = (
        sa.select(DoorstepPhoto)
        .join(DoorstepRecord, DoorstepRecord.id == DoorstepPhoto.record_id)
        .where(DoorstepPhoto.id == photo_id, DoorstepRecord.member_id == actor.user_id)
    )
    if for_update:
        query = query.with_for_update(of=DoorstepPhoto).execution_options(populate_existing=True)
    photo = db.session.scalar(query)
    if photo is None:
        raise NoSuchPhoto
    return photo


def _demand_fitting(photo: DoorstepPhoto, part: Part) -> None:
    """Refuse what goes beyond the photo that was announced; what came before stays."""
    size = len(part.content)
    too_much = size > MAX_PART or part.offset + size > photo.size_bytes
    if not size or too_much or part.total not in (None, photo.size_bytes):
        words = _("Ảnh gửi lên không khớp với ảnh đã báo. Chụp lại rồi gửi nhé.")
        raise PhotoBroken(words, received_bytes=photo.received_bytes)


def _added(photo: DoorstepPhoto, key: DataKey, part: bytes, vault: Vault) -> bytes | None:
    """Keep a part; the whole when it was the last one."""
    offset = photo.received_bytes
    photo.received_bytes = offset + len(part)
    if photo.received_bytes < photo.size_bytes:
        vault.put(key, photo.id, part, part=offset)
        return None
    return _before(photo, key, offset, vault) + part


def _before(photo: DoorstepPhoto, key: DataKey, offset: int, vault: Vault) -> bytes:
    """What came before, put together from its parts; nothing when a part is lost."""
    content = b""
    while len(content) < offset:
        try:
            content += vault.get(key, photo.id, part=len(content))
        except (FileNotFoundError, ValueError):
            return b""
    return content


def _what_is_wrong(photo: DoorstepPhoto, whole: bytes) -> str | None:
    """Why this is not the picture that was announced; None when it is."""
    if len(whole) != photo.size_bytes or hashlib.sha256(whole).digest() != photo.sha256:
        return str(_("Ảnh bị hỏng trên đường gửi. Ứng dụng sẽ gửi lại từ đầu."))
    try:
        demand_picture(whole, media_type=photo.media_type, max_pixels=MAX_PIXELS)
    except NotAPicture:
        return str(_("Tệp này không phải ảnh JPEG, PNG hay WebP, hoặc ảnh đã hỏng."))
    return None
