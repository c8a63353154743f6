"""Steps on households inside an open transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core import codes
from app.core.actor import Actor
from app.core.audit import record, record_all
from app.core.clock import Clock
from app.core.crypto import DataKey, new_data_key, seal
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.households.areas import queries as areas
from app.households.areas.models import Area
from app.identity.roles import Role

from . import fields, listeners, people, versions
from .errors import BadHousehold, NotAnOfficer, OutsideArea
from .listeners import What
from .models import Consent, Household, How, Purpose, Status
from .people import Evidence, NewHousehold

SUBJECT = "household"
WITNESS = "consent.witness_name"


def who(actor: Actor) -> UUID:
    """The person who acts; machines do not register, witness or verify."""
    if actor.user_id is None:
        raise OutsideArea
    return actor.user_id


def demand_officer(actor: Actor, household: Household) -> None:
    """Only an officer of the household's own commune.

    Raises:
        NotAnOfficer: somebody else.
    """
    if not (actor.has_role(Role.COMMUNE_OFFICER) and actor.reaches(household.commune_code)):
        raise NotAnOfficer


def hamlet_for(actor: Actor, hamlet_code: str) -> Area:
    """The hamlet of today for a code, when the actor may register households there.

    Raises:
        BadHousehold: no such hamlet.
        OutsideArea: not one of the actor's.
    """
    hamlet = areas.current(hamlet_code)
    if hamlet is None or hamlet.kind != "hamlet" or hamlet.parent_code is None:
        raise BadHousehold({"hamlet_code": [_("Chọn xóm của hộ trong danh sách.")]})
    if not actor.reaches(hamlet.code, hamlet.parent_code):
        raise OutsideArea
    return hamlet


def commune_of_hamlet(actor: Actor, hamlet_code: str) -> str:
    """The commune of `hamlet_for`."""
    return hamlet_for(actor, hamlet_code).parent_code or ""


@dataclass(frozen=True)
class Entry:
    """A checked registration about to be stored: its fingerprint, the data key made for it, what shows each yes."""

    data: NewHousehold
    mark: bytes
    key: DataKey
    evidence: Mapping[Purpose, Evidence] = field(default_factory=dict)


def create(actor: Actor, data: NewHousehold, *, mark: bytes, clock: Clock) -> Household:
    """Store a checked registration under a data key of its own, with its consents."""
    hamlet_for(actor, data.hamlet_code)
    (household,) = create_all(actor, [Entry(data, mark, new_data_key(clock=clock))], clock=clock)
    return household


def create_all(actor: Actor, entries: Sequence[Entry], *, clock: Clock) -> list[Household]:
    """Store checked registrations with their consents, each under its own data key, in a handful of statements.

    Nobody is told of the consents: nothing above knows of the household yet.
    """
    session = require_transaction()
    made = [_new(actor, entry, clock) for entry in entries]
    session.add_all(made)
    session.flush()
    pairs = list(zip(made, entries, strict=True))
    versions.begin_all(
        ((household, fields.of_data(entry.data), entry.key) for household, entry in pairs),
        actor=actor,
        source=versions.DOORSTEP,
        clock=clock,
    )
    consents, acts = [], []
    for household, entry in pairs:
        for purpose, how in entry.data.consents.items():
            shown = entry.evidence.get(purpose) or Evidence()
            consents.append(_consent(actor, household, entry.key, said=(purpose, True, how), shown=shown, clock=clock))
            acts.append(("consent_given", household.id, {"purpose": purpose, "how": how}))
        acts.append(("household_registered", household.id, {}))
    if consents:
        session.execute(sa.insert(Consent), consents)
    record_all(acts, actor=actor, subject_kind=SUBJECT, clock=clock)
    return made


def _new(actor: Actor, entry: Entry, clock: Clock) -> Household:
    hamlet = hamlet_for(actor, entry.data.hamlet_code)
    return Household(
        id=uuid7(),
        code=codes.new_code("HG"),
        data_key_id=entry.key.id,
        commune_code=hamlet.parent_code or "",
        hamlet_code=hamlet.code,
        phone_is_contact=entry.data.phone_is_contact,
        status=Status.SUBMITTED,
        registered_by=who(actor),
        client_id=entry.data.client_id,
        content_mark=entry.mark,
        version=1,
        created_at=clock.now(),
        **people.sealed_columns(entry.data, entry.key),
    )


def rewrite(
    actor: Actor,
    household: Household,
    data: NewHousehold,
    *,
    mark: bytes,
    clock: Clock,
    source: str = versions.DOORSTEP,
) -> None:
    """Put corrected fields in place of the old ones, under the same data key; what they were stays on record.

    Args:
        source: who brought them: `doorstep`, `office`, `household` or `merge`.
    """
    session = require_transaction()
    versions.keep(household)
    hamlet = hamlet_for(actor, data.hamlet_code)
    moved = household.hamlet_code != hamlet.code
    household.commune_code = hamlet.parent_code or ""
    household.hamlet_code = hamlet.code
    household.phone_is_contact = data.phone_is_contact
    household.content_mark = mark
    for column, value in people.sealed_columns(data, session.get_one(DataKey, household.data_key_id)).items():
        setattr(household, column, value)
    session.flush()
    versions.note(household, actor=actor, source=source, clock=clock)
    if moved:
        listeners.tell(household.id, What.MOVED, clock=clock)


def add_consent(
    actor: Actor,
    household: Household,
    *,
    purpose: Purpose,
    given: bool,
    how: How,
    clock: Clock,
    evidence: Evidence | None = None,
) -> None:
    """Add one yes or no; the actor is who witnessed it (or gave it, online)."""
    session = require_transaction()
    key = session.get_one(DataKey, household.data_key_id)
    row = _consent(actor, household, key, said=(purpose, given, how), shown=evidence or Evidence(), clock=clock)
    session.add(Consent(**row))
    record(
        "consent_given" if given else "consent_withdrawn",
        actor=actor,
        subject_kind=SUBJECT,
        subject_id=household.id,
        clock=clock,
        purpose=purpose,
        how=how,
    )
    session.flush()
    listeners.tell(household.id, What.CONSENT, clock=clock)


def _consent(
    actor: Actor,
    household: Household,
    key: DataKey,
    *,
    said: tuple[Purpose, bool, How],
    shown: Evidence,
    clock: Clock,
) -> dict[str, Any]:
    purpose, given, how = said
    return {
        "household_id": household.id,
        "purpose": purpose,
        "given": given,
        "how": how,
        "witnessed_by": who(actor),
        "at": clock.now(),
        "evidence_photo_id": shown.photo_id,
        "witness_name_enc": seal(key, WITNESS, shown.witness_name) if shown.witness_name else None,
        "said_at": shown.said_at,
        "record_id": shown.record_id,
    }
