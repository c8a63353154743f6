"""Use cases of the doorstep: take in what phones bring, tell how it stands, settle what stands against other things."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _

from app.core.actor import SYSTEM, Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import DataKey, KeyDestroyed, destroy_data_key
from app.core.database import again_after_deadlock, transaction
from app.core.pictures import smaller
from app.core.vault import Vault
from app.households.registry import queries as registry
from app.households.registry.errors import OutsideArea
from app.households.registry.models import Household
from app.households.registry.operations import SUBJECT
from app.identity.roles import Role

from . import conflicts, edits, handling, inbox, photos, queries, rulings, settling
from .errors import AlreadySettled, HouseholdMoved, NoSuchConflict, NoSuchPhoto, NotYours, PhotoBroken
from .models import DoorstepConflict, Outcome
from .photos import Part, PhotoState
from .records import Result, Sent, Unreadable

CHUNK = 200


def sync(*, actor: Actor, records: Sequence[Sent | Unreadable], clock: Clock) -> list[Result]:
    """Take in what a phone brings; one answer for each record, in their order.

    First everything is kept, then it is handled chunk by chunk, so that a crash between loses nothing and a repeat
    goes on where it stopped. The same id and content again answers `same`.

    Raises:
        OutsideArea: neither a team member nor an officer.
    """
    demand_doorstep(actor)
    answers: dict[int, Result] = {}
    waves: dict[int, list[tuple[int, Sent]]] = defaultdict(list)
    often: dict[UUID, int] = defaultdict(int)
    for place, one in enumerate(records):
        if isinstance(one, Unreadable):
            answers[place] = Result(one.id, Outcome.REFUSED, reason=_unreadable(), errors=one.errors)
        else:
            waves[often[one.id]].append((place, one))
            often[one.id] += 1
    for _number, wave in sorted(waves.items()):
        with transaction(actor=actor):
            inbox.receive(actor, [one for _place, one in wave], clock=clock)
        for start in range(0, len(wave), CHUNK):
            chunk = wave[start : start + CHUNK]
            found = _handle(actor, [one for _place, one in chunk], clock)
            answers |= dict(zip((place for place, _one in chunk), found, strict=True))
    return [answers[place] for place in range(len(records))]


@again_after_deadlock
def _handle(actor: Actor, sent: Sequence[Sent], clock: Clock) -> list[Result]:
    with transaction(actor=actor):
        return handling.handle(actor, sent, clock=clock)


def standings(*, actor: Actor, ids: Sequence[UUID]) -> list[Result]:
    """How my records stand now; ids that are none of mine are missing.

    What officers said is read as the system: the change they accepted may have moved the household out of my sight.
    """
    demand_doorstep(actor)
    with transaction(actor=SYSTEM):
        mine = queries.of_member(actor, ids)
        ruled = rulings.of_records(mine)
        gone = {id for id, _code in registry.erased_among(ids={row.household_id for row in mine if row.household_id})}
    rows = queries.of_member(actor, ids)
    codes = registry.codes_of(row.household_id for row in rows if row.household_id)
    opened = conflicts.open_ids([row.id for row in rows if row.outcome == Outcome.CONFLICT])
    return [
        handling.forgotten(row)
        if row.household_id in gone
        else handling.standing(row, codes, opened.get(row.id), ruled)
        for row in rows
    ]


def settle(
    *, actor: Actor, conflict_id: UUID, choices: Mapping[str, str], version: int, clock: Clock
) -> DoorstepConflict:
    """Choose for each field whether what was `sent` holds or what we `kept`.

    Args:
        version: of the household, as the person saw it.

    Raises:
        NoSuchConflict, NoSuchHousehold: none in sight.
        NotYours: neither who sent it nor an officer of the commune.
        AlreadySettled: somebody chose before.
        HouseholdMoved: the household changed since.
        BadInput: a field without a choice, or half of what belongs together.
        BadHousehold: the fields chosen don't fit what else the household says.
    """
    with transaction(actor=actor):
        seen = conflicts.get(conflict_id)
        row = inbox.lock([seen.record_id]).get(seen.record_id)
        conflict = conflicts.get(conflict_id, for_update=True)
        home = registry.find(conflict.household_id, actor=actor, for_update=True)
        if row is None or not conflicts.may_choose(actor, conflict, home):
            raise NotYours
        if conflict.settled_at is not None:
            raise AlreadySettled
        if home.version != version:
            raise HouseholdMoved
        if set(choices.values()) != {settling.KEPT}:  # nothing is changed by keeping
            edits.demand_living(home)
        try:
            settling.choose(actor, row, conflict, home, choices, clock=clock)
        except KeyDestroyed:
            raise NoSuchConflict from None
    return conflict


def choose_again(*, actor: Actor, conflict_id: UUID, clock: Clock) -> DoorstepConflict:
    """Take a choice back, as long as nothing was done with it: the household says again what it said before.

    Raises:
        NoSuchConflict, NoSuchHousehold, NotYours: as for `settle`.
        TooLate: it went on since, or an officer decides about it.
    """
    with transaction(actor=actor):
        seen = conflicts.get(conflict_id)
        row = inbox.lock([seen.record_id]).get(seen.record_id)
        conflict = conflicts.get(conflict_id, for_update=True)
        home = registry.find(conflict.household_id, actor=actor, for_update=True)
        if row is None or not conflicts.may_choose(actor, conflict, home):
            raise NotYours
        try:
            settling.take_back(actor, row, conflict, home, clock=clock)
        except KeyDestroyed:
            raise NoSuchConflict from None
    return conflict


def unmask_conflict(*, actor: Actor, conflict_id: UUID, clock: Clock) -> None:
    """Write down that this person looks at both sides in full: who settles it may.

    Raises:
        NoSuchConflict, NoSuchHousehold, NotYours: as for `settle`.
    """
    with transaction(actor=actor):
        conflict = conflicts.get(conflict_id)
        home = registry.find(conflict.household_id, actor=actor)
        if not may_see_in_full(actor, conflict, home):
            raise NotYours
        record("household_unmasked", actor=actor, subject_kind=SUBJECT, subject_id=home.id, clock=clock,
               field=",".join(conflict.fields), conflict_id=str(conflict.id))  # fmt: skip


def may_see_in_full(actor: Actor, conflict: DoorstepConflict, home: Household) -> bool:
    """An officer of the commune; or who registered the household, as long as nobody approved it."""
    if actor.has_role(Role.COMMUNE_OFFICER) and actor.reaches(home.commune_code):
        return True
    return conflict.member_id == actor.user_id == home.registered_by and home.verified_at is None


def take_photo_part(*, actor: Actor, photo_id: UUID, part: Part, vault: Vault, clock: Clock) -> PhotoState:
    """Add a part to a photo where it stands; the last one has the whole checked and sealed.

    Raises:
        NoSuchPhoto: none was announced by a record of mine, or its household was erased.
        OtherOffset: it does not begin where the photo stands.
        PhotoBroken: too much, or not the picture that was announced; then it starts again from nothing.
    """
    try:
        with transaction(actor=actor):
            state, wrong = photos.take(actor, photo_id, part, vault=vault, clock=clock)
    except KeyDestroyed:
        raise NoSuchPhoto from None
    if wrong is not None:
        raise PhotoBroken(wrong, received_bytes=0)
    if state.complete:
        vault.drop_parts(photo_id)
    return state


def open_photo(
    *, actor: Actor, photo_id: UUID, vault: Vault, clock: Clock, longest: int | None = None
) -> tuple[bytes, str]:
    """(a whole photo, its media type) for who sent it and the commune's officers. Each look is written down first.

    Args:
        longest: of a small copy's sides, in pixels; None for the photo as it came.

    Raises:
        NoSuchPhoto: none in sight, not whole yet, or erased.
    """
    with transaction(actor=actor) as session:
        photo = photos.look(actor, photo_id, clock=clock)
        key = session.get_one(DataKey, photo.data_key_id)
    try:
        content = vault.get(key, photo.id)
    except (KeyDestroyed, FileNotFoundError):
        raise NoSuchPhoto from None
    return (content, photo.media_type) if longest is None else (smaller(content, longest=longest), "image/jpeg")


def forget_refused(*, before: datetime, clock: Clock) -> int:
    """Destroy the keys of records refused before this moment that no household took over; how many were forgotten.

    A phone that still holds one may mend it and send it again, under a new key.
    """
    forgotten = 0
    while True:
        with transaction() as session:
            keys = inbox.keys_of_refused(before=before, limit=500)
            for key in keys:
                destroy_data_key(key, clock=clock)
            session.flush()
        forgotten += len(keys)
        if len(keys) < 500:
            return forgotten


def demand_doorstep(actor: Actor) -> None:
    """Only people who go door to door, and officers.

    Raises:
        OutsideArea: somebody else.
    """
    if actor.user_id is None or not actor.has_role(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER):
        raise OutsideArea


def _unreadable() -> str:
    return str(_("Phiếu này có chỗ không đọc được. Mở phiếu, xem lại rồi gửi lần nữa nhé."))
