"""Steps on households inside an open transaction."""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _

from app.core import codes
from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import DataKey, new_data_key
from app.core.database import require_transaction
from app.households.areas import queries as areas
from app.identity.roles import Role

from . import fields, people, versions
from .errors import BadHousehold, NotAnOfficer, OutsideArea
from .models import Consent, Household, How, Purpose, Status
from .people import NewHousehold

SUBJECT = "household"


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


def commune_of_hamlet(actor: Actor, hamlet_code: str) -> str:
    """The commune of a hamlet in which the actor may register households.

    Raises:
        BadHousehold: no such hamlet.
        OutsideArea: not one of the actor's.
    """
    hamlet = areas.get(hamlet_code)
    if hamlet is None or hamlet.kind != "hamlet" or hamlet.parent_code is None:
        raise BadHousehold({"hamlet_code": [_("Chọn xóm của hộ trong danh sách.")]})
    if not actor.reaches(hamlet.code, hamlet.parent_code):
        raise OutsideArea
    return hamlet.parent_code


def create(actor: Actor, data: NewHousehold, *, mark: bytes, clock: Clock) -> Household:
    """Store a checked registration under a data key of its own, with its consents."""
    session = require_transaction()
    key = new_data_key(clock=clock)
    household = Household(
        code=codes.new_code("HG"),
        data_key_id=key.id,
        commune_code=commune_of_hamlet(actor, data.hamlet_code),
        hamlet_code=data.hamlet_code,
        phone_is_contact=data.phone_is_contact,
        status=Status.SUBMITTED,
        registered_by=who(actor),
        client_id=data.client_id,
        content_mark=mark,
        created_at=clock.now(),
        **people.sealed_columns(data, key),
    )
    session.add(household)
    session.flush()
    versions.begin(household, fields.of_data(data), key, actor=actor, source=versions.DOORSTEP, clock=clock)
    for purpose, how in data.consents.items():
        add_consent(actor, household, purpose=purpose, given=True, how=how, clock=clock)
    record("household_registered", actor=actor, subject_kind=SUBJECT, subject_id=household.id, clock=clock)
    return household


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
    household.commune_code = commune_of_hamlet(actor, data.hamlet_code)
    household.hamlet_code = data.hamlet_code
    household.phone_is_contact = data.phone_is_contact
    household.content_mark = mark
    for column, value in people.sealed_columns(data, session.get_one(DataKey, household.data_key_id)).items():
        setattr(household, column, value)
    session.flush()
    versions.note(household, actor=actor, source=source, clock=clock)


def add_consent(actor: Actor, household: Household, *, purpose: Purpose, given: bool, how: How, clock: Clock) -> None:
    """Add one yes or no; the actor is who witnessed it (or gave it, online)."""
    require_transaction().add(
        Consent(
            household_id=household.id, purpose=purpose, given=given, how=how, witnessed_by=who(actor), at=clock.now()
        )
    )
    record(
        "consent_given" if given else "consent_withdrawn",
        actor=actor,
        subject_kind=SUBJECT,
        subject_id=household.id,
        clock=clock,
        purpose=purpose,
        how=how,
    )
