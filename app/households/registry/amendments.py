"""Changes to a verified household, which hold only once an officer who did not ask for them says yes.

Steps inside an open transaction; deciding belongs to the office room.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import DataKey, blind_index, seal, unseal_by_id
from app.core.database import db, require_transaction
from app.households.areas import queries as areas

from . import fields, operations, people
from .checks import checked
from .errors import BadHousehold, OtherContent, WrongStep
from .fields import Fields
from .models import Household, HouseholdAmendment, Status

SEALED_AS = "household_amendment.changes"
SOURCES = ("doorstep", "office", "household")
MAX_LENGTH = 300


class AmendmentStatus(StrEnum):
    """How far an amendment has come."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


def propose(
    actor: Actor,
    household: Household,
    *,
    amendment_id: UUID,
    changes: Mapping[str, str | None],
    base_version: int,
    source: str,
    clock: Clock,
) -> HouseholdAmendment:
    """Ask for a change to a verified household. The same id and content again answers the same amendment.

    The caller has decided that the actor may; the household's row is locked by it.

    Args:
        changes: only what is to change, by the names of `fields.NAMES`; None takes a field away.
        base_version: the version the proposer saw.
        source: `doorstep`, `office` or `household`.

    Raises:
        WrongStep: the household is not verified: change it directly.
        BadHousehold: fields that cannot be, or nothing that would change.
        OtherContent: the id was used for something else.
    """
    session = require_transaction()
    if source not in SOURCES:
        raise ValueError(source)
    mark = _mark(household, changes)
    known = session.get(HouseholdAmendment, amendment_id)
    if known is not None:
        if known.content_mark != mark:
            raise OtherContent
        return known
    if household.status != Status.VERIFIED:
        raise WrongStep
    wanted = _normal(household, changes, clock)
    amendment = HouseholdAmendment(
        id=amendment_id,
        household_id=household.id,
        base_version=base_version,
        changes_enc=_seal(household, wanted),
        content_mark=mark,
        source=source,
        status=AmendmentStatus.WAITING,
        proposed_by=operations.who(actor),
        created_at=clock.now(),
    )
    session.add(amendment)
    session.flush()
    note("amendment_proposed", actor, amendment, clock, fields=sorted(wanted), source=source)
    return amendment


def wanted(household: Household, amendment: HouseholdAmendment) -> Fields:
    """The fields an amendment would write.

    Raises:
        KeyDestroyed: the household was erased.
    """
    return _opened(household, amendment.changes_enc)


def replaced(household: Household, amendment: HouseholdAmendment) -> Fields:
    """What an accepted amendment wrote over; nothing for others."""
    return _opened(household, amendment.before_enc) if amendment.before_enc else {}


def apply(actor: Actor, household: Household, changes: Fields, *, clock: Clock) -> Fields:
    """Write these fields over the household's, as the office's change; the fields they replace come back.

    Raises:
        BadHousehold: they no longer fit what else the household says.
    """
    before = fields.of(household)
    data = checked(
        fields.to_data(before | changes, client_id=household.client_id), now=clock.now(), needs_consent=False
    )
    operations.rewrite(actor, household, data, mark=people.content_mark(data), clock=clock, source="office")
    return {name: before[name] for name in changes}


def seal_replaced(household: Household, before: Fields) -> bytes:
    """What was replaced, as an accepted amendment keeps it."""
    return _seal(household, before)


def note(action: str, actor: Actor, amendment: HouseholdAmendment, clock: Clock, **details: object) -> None:
    """Write down an act on an amendment, under its household; names of fields, never what is in them."""
    record(
        action,
        actor=actor,
        subject_kind=operations.SUBJECT,
        subject_id=amendment.household_id,
        clock=clock,
        amendment_id=str(amendment.id),
        **details,
    )


def _normal(household: Household, changes: Mapping[str, str | None], clock: Clock) -> Fields:
    """The changes in their normal form, whole groups of fields that only make sense together."""
    odd = [name for name in changes if name not in fields.NAMES]
    if odd:
        raise BadHousehold({name: [_("Không có mục này trong hồ sơ.")] for name in odd})
    now = fields.of(household)
    data = fields.to_data(now | {name: (value or "")[:MAX_LENGTH] or None for name, value in changes.items()},
                          client_id=household.client_id)  # fmt: skip
    after = fields.of_data(checked(data, now=clock.now(), needs_consent=False))
    if after["hamlet_code"] != now["hamlet_code"]:
        _demand_same_commune(household, after["hamlet_code"] or "")
    touched = {name for group in fields.TOGETHER if set(group) & set(changes) for name in group}
    result = {name: after[name] for name in fields.NAMES if name in touched}
    if all(now[name] == value for name, value in result.items()):
        raise BadHousehold({"form": [_("Chưa có gì khác với hồ sơ hiện nay.")]})
    return result


def _demand_same_commune(household: Household, hamlet_code: str) -> None:
    hamlet = areas.current(hamlet_code)
    if hamlet is None or hamlet.kind != "hamlet":
        raise BadHousehold({"hamlet_code": [_("Chọn xóm của hộ trong danh sách.")]})
    if hamlet.parent_code != household.commune_code:
        raise BadHousehold({"hamlet_code": [_("Xóm này thuộc xã khác. Nhờ cán bộ xã chuyển hộ giúp.")]})


def _mark(household: Household, changes: Mapping[str, str | None]) -> bytes:
    content = json.dumps([str(household.id), dict(changes)], sort_keys=True)
    return blind_index("household.amendment", content)


def _seal(household: Household, content: Fields) -> bytes:
    return seal(require_transaction().get_one(DataKey, household.data_key_id), SEALED_AS, json.dumps(content))


def _opened(household: Household, blob: bytes) -> Fields:
    return dict(json.loads(unseal_by_id(household.data_key_id, SEALED_AS, blob)))


def by_id(amendment_id: UUID, *, for_update: bool = False) -> HouseholdAmendment | None:
    """An amendment by id, within what the database lets the current actor see."""
    return db.session.get(HouseholdAmendment, amendment_id, with_for_update=for_update or None)
