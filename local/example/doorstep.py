"""Records of the doorstep for the example: two phones that changed one address each in its own way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as
from app.households.onboarding import services
from app.households.onboarding.models import Kind
from app.households.onboarding.records import Sent
from app.households.registry import queries as registry
from app.households.registry.models import Status
from app.households.registry.queries import Filter
from app.identity import queries as people

ADDRESSES = ("Nhà thứ hai bên phải cổng xóm", "Nhà sau nhà văn hóa xóm")


def bring_two_words(officer_phone: str) -> bool:
    """Have a team member of this officer's commune send two edits of the same version of a household, so that one
    waits on the desk of conflicts.

    Returns:
        Whether there was a registration that waits, to do so with.
    """
    officer = people.by_phone(officer_phone)
    if officer is None:
        return False
    seeing = people.actor_of(officer, clock=SYSTEM_CLOCK)
    with acting_as(seeing):
        found = registry.listing(seeing, Filter(status=Status.SUBMITTED), cursor=None, limit=1).items
        member = people.get(found[0].registered_by) if found else None
    if member is None:
        return False
    actor = people.actor_of(member, clock=SYSTEM_CLOCK)
    made_at = SYSTEM_CLOCK.now() - timedelta(hours=3)
    first = Sent(
        id=uuid4(),
        kind=Kind.EDIT,
        made_at=made_at,
        sent_at=SYSTEM_CLOCK.now(),
        fields={"address": ADDRESSES[0]},
        household_code=found[0].code,
        base_version=found[0].version,
        seconds_spent=95,
    )
    second = replace(first, id=uuid4(), fields={"address": ADDRESSES[1]})
    services.sync(actor=actor, records=[first, second], clock=SYSTEM_CLOCK)
    return True
