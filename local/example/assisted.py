"""Goods that a team member wrote down for the demo's seller: they wait for the household's yes."""

from __future__ import annotations

import os
from uuid import UUID

from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as
from app.core.errors import AppError
from app.households.registry import queries as registry
from app.identity import queries as people
from app.market.assisted import services
from app.market.catalogue.schemas import NewProduct

from .people import FIRST_HAMLET, MEMBER, SELLER

WRITTEN_DOWN = NewProduct(
    name="Măng khô nhà phơi (món mẫu)", unit="kg", price_vnd=180_000, stock=6, description="Tổ công nghệ ghi giúp."
)
SEARCHED = 60


def bring_assisted() -> bool:
    """Have the demo's team member write something down for the demo's seller, else for another seller of the hamlet.

    The text message with the code goes to the household's phone, to be read in the sandbox's inbox.

    Returns:
        Whether something waits now.
    """
    member, seller = _signed_in(MEMBER), _signed_in(SELLER)
    if member is None:
        return False
    with acting_as(member):
        homes = registry.of_hamlet(member, FIRST_HAMLET, limit=SEARCHED)
    ids = [home.id for home in homes]
    if seller is not None and seller.household_id is not None:
        ids.insert(0, seller.household_id)
    return any(_write_down(member, household_id) for household_id in ids)


def _write_down(member: Actor, household_id: UUID) -> bool:
    try:
        services.write_down(
            actor=member, household_id=household_id, data=WRITTEN_DOWN, idempotency_key="example",
            base_url=os.environ.get("PLATFORM_URL", "http://127.0.0.1:8000"), clock=SYSTEM_CLOCK,
        )  # fmt: skip
    except AppError:  # it does not sell, or lives elsewhere
        return False
    return True


def _signed_in(phone: str) -> Actor | None:
    with acting_as(SYSTEM):
        user = people.by_phone(phone)
        return people.actor_of(user, clock=SYSTEM_CLOCK) if user else None
