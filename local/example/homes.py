"""Households with consent and, for some, poverty status and a welfare account; sealed as the registry seals them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from app.core.clock import in_vietnam
from app.core.crypto import blind_index
from app.core.phones import normalise_phone
from app.households.registry import people as sealing
from app.households.registry.models import How, PovertyClass, Purpose, Status
from app.households.registry.people import Field, SalesAccount
from app.households.welfare.models import AccountStatus, VerifiedHow
from app.payments.payees.models import PayeeKind
from app.payments.payees.operations import HOLDER_FIELD, NUMBER_FIELD, number_index

from .hamlets import Commune
from .names import NEEDS, bank_spelling, head_name
from .people import FIRST_HAMLET, HOUSEHOLD_PHONES, OTHER_SELLER, SELLER, People, bulk_phone
from .scales import TAN_CUONG, Scale
from .seeds import Codes, Key, chance, id_at, spread
from .tables import Tables

BANKS = ("970405", "970415", "970436", "970403", "970418")
_OLDEST_BIRTH, _YOUNGEST_BIRTH = 1950, 1999


@dataclass(frozen=True)
class Home:
    """A household as the shops need it. `account` is None when it does not sell."""

    number: int
    id: UUID
    key: Key
    commune: Commune
    head: str
    account: SalesAccount | None
    since: datetime


class Homes:
    """Makes the households one by one; which of them sell and which need help is drawn beforehand."""

    def __init__(self, tables: Tables, scale: Scale, communes: list[Commune], people: People, *, now: datetime) -> None:
        self._tables = tables
        self._scale = scale
        self._people = people
        self._now = now
        self._today = in_vietnam(now).date()
        # Round the communes, so that neighbours in the list live apart.
        self._places = sorted(
            ((commune, hamlet) for commune in communes for hamlet in commune.hamlets),
            key=lambda place: place[1].partition("-")[2],
        )
        self._chance = chance("homes")
        self._account_waits = True
        self._demo_waits = True  # one registration of the team member to sign in as
        self._codes, self._welfare_codes = Codes("HG"), Codes("AS")
        draw = chance("who")
        self.demo_ids = [id_at(now - timedelta(days=90)) for _each in range(2)]
        others = range(len(self.demo_ids), scale.households)
        self._sellers = {*range(len(self.demo_ids)), *draw.sample(others, scale.shops - len(self.demo_ids))}
        self._poor = set(draw.sample(others, scale.welfare))
        # Drawn apart, so that nothing in the number leads from the welfare account to the shop's.
        self._welfare_numbers = iter(draw.sample(range(10**8), scale.welfare))

    def make(self) -> Iterator[Home]:
        """Each household in turn, written to the tables."""
        for number in range(self._scale.households):
            yield self._make(number)

    def _make(self, number: int) -> Home:
        commune, hamlet = self._places[number % len(self._places)]
        luck = self._chance
        woman = luck.random() < 0.5
        sells, poor = number in self._sellers, number in self._poor
        waits = not sells and not poor and luck.random() < 0.2
        demo = self._demo_waits and hamlet == FIRST_HAMLET and not sells and not poor
        waits, self._demo_waits = waits or demo, self._demo_waits and not demo
        since = spread(self._now - timedelta(days=0 if waits else 30), luck.random(), days=5 if waits else 240)
        head = head_name(luck, woman=woman)
        account = SalesAccount(BANKS[number % len(BANKS)], f"9990{number:08d}", bank_spelling(head)) if sells else None
        home = Home(number, self._id(number, since), Key.new(since), commune, head, account, since)
        self._tables.add("data_key", home.key.id, home.key.wrapped, since)
        team = self._people.members[hamlet]
        member, officer = team[number // len(self._places) % len(team)], self._people.officers[commune.code][0]
        member = team[0] if demo else member  # who can be signed in as was added first
        self._add_household(home, hamlet, woman=woman, member=member, officer=None if waits else officer)
        self._add_consents(home, member, asked_to_sell=sells or waits)
        if poor:
            self._add_welfare(home)
        return home

    def _id(self, number: int, since: datetime) -> UUID:
        return self.demo_ids[number] if number < len(self.demo_ids) else id_at(since)

    def _add_household(self, home: Home, hamlet: str, *, woman: bool, member: UUID, officer: UUID | None) -> None:
        key, luck = home.key, self._chance
        birth = luck.randint(_OLDEST_BIRTH, _YOUNGEST_BIRTH)
        citizen = f"019{int(woman)}{birth % 100:02d}{home.number:06d}"
        phone = _phone(home.number)
        address = f"Nhà số {luck.randint(1, 90)}, ngõ {luck.randint(1, 30)} (địa chỉ mẫu)"
        account = json.dumps(asdict(home.account)) if home.account else None
        client_id = uuid4()
        self._tables.add(
            "household", home.id, self._codes.new(), key.id, home.commune.code, hamlet,
            key.seal(sealing.sealed_name(Field.HEAD_NAME), home.head), sealing.name_index(home.head),
            key.seal(sealing.sealed_name(Field.CITIZEN_ID), citizen), sealing.citizen_index(citizen),
            key.seal(sealing.sealed_name(Field.PHONE), phone), sealing.phone_index(phone), False,
            key.seal(sealing.sealed_name(Field.ADDRESS), address),
            key.seal(sealing.sealed_name(Field.SALES_ACCOUNT), account) if account else None,
            Status.VERIFIED if officer else Status.SUBMITTED, member, officer,
            home.since + timedelta(days=2) if officer else None, client_id,
            blind_index("household.content", str(client_id)), home.since,
        )  # fmt: skip

    def _add_consents(self, home: Home, member: UUID, *, asked_to_sell: bool) -> None:
        said = [Purpose.CONTACT]
        if asked_to_sell:
            said.append(Purpose.SELLING)
            if self._chance.random() < 0.6:
                said.append(Purpose.SYNDICATION)
        if home.number in self._poor and self._chance.random() < 0.9:
            said.append(Purpose.GIFT_PAGE)
            if self._chance.random() < 0.8:
                said.append(Purpose.DIRECT_GIFT)
        for purpose in said:
            self._tables.add("consent", home.id, purpose, True, How.SPOKEN, member, home.since)

    def _add_welfare(self, home: Home) -> None:
        """This year's decision and an account that one officer gave and another verified; one waits for the second.

        The decision holds until the end of next year: real ones are made anew each year, a kept demo is not.
        """
        officer, other = self._people.officers[home.commune.code]
        year = self._today.year
        since = home.since + timedelta(days=4)
        waits = self._account_waits and home.commune.code == TAN_CUONG
        self._account_waits = self._account_waits and not waits
        poverty_class = PovertyClass.POOR if self._chance.random() < 0.55 else PovertyClass.NEAR_POOR
        self._tables.add(
            "poverty_status", id_at(since), home.id, poverty_class, year, f"{home.commune.code}/QĐ-UBND (mẫu)",
            date(year, 1, 1), date(year + 1, 12, 31), officer, other, since,
        )  # fmt: skip
        profile_id = uuid4()
        number = f"8880{next(self._welfare_numbers):08d}"
        account = SalesAccount(self._chance.choice(BANKS), number, bank_spelling(home.head))
        payee_id, account_id = add_payee(
            self._tables, PayeeKind.WELFARE, profile_id, key=home.key, at=since, account=account, active=not waits
        )
        self._tables.add(
            "welfare_profile", profile_id, home.id, self._welfare_codes.new(), home.commune.code, payee_id,
            self._chance.choice(NEEDS), since,
        )  # fmt: skip
        self._tables.add(
            "welfare_account", id_at(since), home.id, payee_id, account_id, account.bin, number_index(account.number),
            AccountStatus.ISSUED if waits else AccountStatus.ACTIVE, officer, None if waits else other, since,
            None if waits else since + timedelta(days=1), None if waits else VerifiedHow.SECOND_PERSON,
        )  # fmt: skip


def add_payee(
    tables: Tables,
    kind: PayeeKind,
    owner_id: UUID,
    *,
    key: Key,
    account: SalesAccount,
    at: datetime,
    active: bool = True,
) -> tuple[UUID, UUID]:
    """A payee and its account, which takes money when active; the ids of both."""
    payee_id, account_id = id_at(at), id_at(at)
    tables.add("payee", payee_id, kind, owner_id, 0, at)
    tables.add(
        "bank_account", account_id, payee_id, kind, account.bin, key.seal(NUMBER_FIELD, account.number),
        number_index(account.number), key.seal(HOLDER_FIELD, account.holder), key.id, active, at,
    )  # fmt: skip
    return payee_id, account_id


def _phone(number: int) -> str:
    """The demo sellers have the numbers they sign in with."""
    demo = (SELLER, OTHER_SELLER)
    return normalise_phone(demo[number]) if number < len(demo) else bulk_phone(HOUSEHOLD_PHONES + number)
