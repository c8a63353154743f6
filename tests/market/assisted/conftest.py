"""A seller, and the member of the team who writes things down for them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask

from app.core.actor import GUEST, SYSTEM, Actor
from app.core.database import acting_as, db
from app.households.registry.models import Household
from app.identity.models import User
from app.identity.roles import Role
from app.market.assisted import services
from app.market.assisted.models import AssistedListing
from app.market.assisted.queries import Seen
from app.market.assisted.services import Decision
from app.market.catalogue.finding.queries import find
from tests.factories.households import TAN_CUONG
from tests.factories.market import Seller, a_product, make_seller
from tests.factories.people import actor_for, code_in, make_user, texts_to
from tests.fakes.clock import FrozenClock

HAMLET = f"{TAN_CUONG}-01"
PHONE = "+84912777001"
BASE = "https://cho.example"


@dataclass(frozen=True)
class Written:
    """What was written down, apart from the session."""

    id: UUID
    code: str


@dataclass
class Doorstep:
    """A household with a shop, and a member at its door."""

    clock: FrozenClock
    seller: Seller
    user: User
    member: Actor

    @property
    def household(self) -> Household:
        return db.session.get_one(Household, self.seller.shop.household_id, populate_existing=True)

    def write_down(self, *, by: Actor | None = None, key: str = "", photo: Any = None, **changes: Any) -> Written:
        listing = services.write_down(
            actor=by or self.member,
            household_id=self.seller.shop.household_id,
            data=a_product(**({"name": "Mật ong rừng"} | changes)),
            photo=photo,
            idempotency_key=key or uuid4().hex,
            base_url=BASE,
            clock=self.clock,
        )
        with acting_as(SYSTEM):
            return Written(listing.id, listing.code)

    def texts(self, phone: str = PHONE) -> list[str]:
        with acting_as(SYSTEM):
            return [text for text in texts_to(phone) if "/nho-dang/" in text]

    def digits(self, phone: str = PHONE) -> str:
        return code_in(self.texts(phone)[-1])

    def answer(self, listing: Written, decision: Decision, digits: str = "", by: Actor = GUEST) -> Seen:
        with acting_as(by):
            return services.answer(actor=by, code=listing.code, digits=digits, decision=decision, clock=self.clock)

    def again(self, listing: Written) -> AssistedListing:
        with acting_as(SYSTEM):
            return db.session.get_one(AssistedListing, listing.id, populate_existing=True)


@pytest.fixture
def door(app: Flask, clock: FrozenClock) -> Doorstep:
    """A verified household that agreed to selling, with an open shop and a phone."""
    seller = make_seller(clock=clock, phone=PHONE)
    user = make_user(Role.TEAM_MEMBER, areas=(HAMLET,), display_name="Người mẫu", clock=clock)
    return Doorstep(clock, seller, user, actor_for(user, clock))


def member_of(*areas: str, clock: FrozenClock, phone: str | None = None) -> Actor:
    """Another member."""
    return actor_for(make_user(Role.TEAM_MEMBER, areas=areas or (HAMLET,), phone=phone, clock=clock), clock)


def goods() -> list[str]:
    return [card.name for card in find().items]


def wrong(digits: str) -> str:
    return f"{(int(digits) + 1) % 10**6:06d}"


def in_threads(app: Flask, count: int, work: Callable[[], object]) -> list[str]:
    def run(_number: int) -> str:
        with app.app_context():
            try:
                return type(work()).__name__
            except Exception as error:
                return type(error).__name__
            finally:
                db.session.remove()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
