"""Made-up households, team members and officers in a few made-up hamlets of real communes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.database import acting_as, db
from app.households.areas import queries as area_queries
from app.households.areas import services as areas
from app.households.poverty import services as poverty
from app.households.poverty.single import services as single
from app.households.registry import services as registry
from app.households.registry.models import Household, How, PovertyClass, Purpose
from app.households.registry.people import NewHousehold, SalesAccount
from app.households.welfare import services as welfare
from app.households.welfare.models import WelfareAccount
from app.identity.roles import Role

TAN_CUONG = "05503"
DAI_PHUC = "05488"
HAMLETS = {
    f"{TAN_CUONG}-01": "Xóm Hồng Thái",
    f"{TAN_CUONG}-02": "Xóm Nam Đồng",
    f"{DAI_PHUC}-01": "Tổ dân phố Cầu Thành",
}
NO_CONSENT: dict[Purpose, How] = {}
ALL_CONSENTS = dict.fromkeys(Purpose, How.SPOKEN)
_numbers = itertools.count(1)


def load_areas() -> None:
    """Provinces, communes and the hamlets above; reference data that stays between tests."""
    with acting_as(SYSTEM):
        if area_queries.get(f"{TAN_CUONG}-01") is None:
            areas.load_reference()
            for code, name in HAMLETS.items():
                areas.add_hamlet(code=code, name=name, commune_code=code.split("-")[0])
        db.session.remove()


@pytest.fixture
def known_areas(app: Any) -> Iterator[None]:
    """The areas are there; loaded once per worker."""
    load_areas()
    yield


def a_team_member(*hamlets: str) -> Actor:
    """A neighbour who goes door to door; in the first hamlet of Tân Cương when none is named."""
    areas_reached = frozenset(hamlets or [f"{TAN_CUONG}-01"])
    return Actor(uuid4(), frozenset({Role.TEAM_MEMBER}), areas_reached, label="team_member")


def an_officer(commune: str = TAN_CUONG) -> Actor:
    """An officer of a commune."""
    return Actor(uuid4(), frozenset({Role.COMMUNE_OFFICER}), frozenset({commune}), label="commune_officer")


def a_citizen_id() -> str:
    """A number whose structure is right: province 019, a woman born in 1980."""
    return f"019180{next(_numbers):06d}"


def a_phone() -> str:
    """A mobile number nobody else here has."""
    return f"09{next(_numbers) + 10_000_000:08d}"


def a_registration(**changes: Any) -> NewHousehold:
    """What a team member sends about a made-up household."""
    number = next(_numbers)
    plain = NewHousehold(
        client_id=uuid4(),
        head_name="Nguyễn Thị Thử",
        citizen_id=a_citizen_id(),
        phone=a_phone(),
        address="Nhà sau đình xóm",
        hamlet_code=f"{TAN_CUONG}-01",
        sales_account=SalesAccount("970415", f"10{number:08d}", "NGUYEN THI THU"),
        consents=dict(ALL_CONSENTS),
    )
    return replace(plain, **changes)


def register(*, clock: Clock, actor: Actor | None = None, **changes: Any) -> Household:
    """A registered household that waits for approval; areas are loaded when they are not."""
    load_areas()
    data = a_registration(**changes)
    return registry.register_household(actor=actor or a_team_member(data.hamlet_code), data=data, clock=clock)


def verified(*, clock: Clock, **changes: Any) -> Household:
    """A registered household that another person approved."""
    household = register(clock=clock, **changes)
    return registry.verify(actor=an_officer(household.commune_code), household_id=household.id, clock=clock)


def poor(*, clock: Clock, poverty_class: PovertyClass = PovertyClass.POOR, **changes: Any) -> Household:
    """A verified household with a decision of the year 2026 that it is poor (or near poor)."""
    household = verified(clock=clock, **changes)
    decide(household, clock=clock, poverty_class=poverty_class)
    return household


def decide(
    household: Household,
    *,
    clock: Clock,
    poverty_class: PovertyClass = PovertyClass.POOR,
    number: str = "12/QĐ-UBND",
    valid_from: date = date(2026, 1, 1),
    valid_to: date = date(2026, 12, 31),
) -> None:
    """One officer enters a decision about a household, another approves it."""
    made = single.propose(
        actor=an_officer(household.commune_code), household_id=household.id, poverty_class=poverty_class,
        decision_number=number, valid_from=valid_from, valid_to=valid_to, clock=clock,
    )  # fmt: skip
    poverty.approve(actor=an_officer(household.commune_code), import_id=made, clock=clock)


def no_longer_poor(household: Household, *, from_day: date, clock: Clock) -> None:
    """One officer takes a household off the list from a day on, another approves it."""
    made = single.propose_end(
        actor=an_officer(household.commune_code), household_id=household.id, ends_on=from_day, reason="Ghi nhầm hộ",
        clock=clock,
    )  # fmt: skip
    poverty.approve(actor=an_officer(household.commune_code), import_id=made, clock=clock)


def with_welfare_account(
    *, clock: Clock, need: str = "Sửa mái nhà trước mùa mưa", number: str | None = None, **changes: Any
) -> tuple[Household, WelfareAccount]:
    """A poor household with an active welfare account, given by one officer and verified by another."""
    household = poor(clock=clock, **changes)
    welfare.open_welfare_account(
        actor=an_officer(household.commune_code),
        household_id=household.id,
        bin="970405",
        number=number or f"88{next(_numbers):08d}",
        holder=changes.get("head_name", "NGUYEN THI THU"),
        need=need,
        clock=clock,
    )
    return household, welfare.verify_welfare_account(
        actor=an_officer(household.commune_code), household_id=household.id, clock=clock
    )


def speaking_for(household_id: UUID) -> Actor:
    """The household's own person."""
    return Actor(uuid4(), frozenset({Role.HOUSEHOLD}), household_id=household_id, label="household")
