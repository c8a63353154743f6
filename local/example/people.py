"""Who can sign in: people of each role, made as the application makes them; officers and team members in bulk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from uuid import UUID

from app.core.actor import EVERYWHERE, SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.crypto import blind_index
from app.identity import operations as identity
from app.identity import passwords
from app.identity.operations import NewGrant, new_uniquifier
from app.identity.queries import PHONE_FIELD
from app.identity.roles import TOTP_ROLES, Role

from .hamlets import Commune
from .names import LAST, MEN, SURNAMES, WOMEN
from .scales import TAN_CUONG, Scale
from .seeds import Key, id_at
from .tables import Tables

PASSWORD = "ba-con-cho-phien"
TOTP_SECRET = "CHOPHIENCHAYTHUTHAINGUYENBACKAN2"
"""Known to everybody: base32, only ever in the example province."""

FIRST_HAMLET = f"{TAN_CUONG}-01"
SELLER, OTHER_SELLER, OFFICER = "0900000001", "0900000002", "0900000004"
MEMBER, LEADER = "0900000003", "0900000010"
# Numbers in bulk: +84 900 and six digits, a first digit for each kind of person.
HOUSEHOLD_PHONES, MEMBER_PHONES, OFFICER_PHONES = 100_000, 300_000, 400_000


@dataclass(frozen=True)
class DemoPerson:
    """Somebody whose phone number the demo prints. `area` is None for a household's own person."""

    phone: str
    name: str
    who: str
    role: Role
    area: str | None
    does: str


DEMO_PEOPLE = (
    DemoPerson(
        SELLER, "Hộ mẫu 001", "Hộ bán hàng / household", Role.HOUSEHOLD, None,
        "gian hàng, sạp, loa báo tiền / shop, stall, sound: /ban-hang",
    ),
    DemoPerson(OTHER_SELLER, "Hộ mẫu 002", "Hộ bán hàng khác / another household", Role.HOUSEHOLD, None, "/ban-hang"),
    DemoPerson(
        MEMBER, "Thành viên tổ mẫu", "Tổ công nghệ số / team member", Role.TEAM_MEMBER, FIRST_HAMLET,
        "đăng ký hộ, đi thăm / register and visit households: /to-cong-nghe",
    ),
    DemoPerson(
        OFFICER, "Cán bộ xã mẫu A", "Cán bộ xã / commune officer", Role.COMMUNE_OFFICER, TAN_CUONG,
        "duyệt hộ, mở tài khoản an sinh / approve, open welfare accounts: /dieu-hanh",
    ),
    DemoPerson(
        "0900000005", "Cán bộ xã mẫu B", "Cán bộ xã thứ hai / second officer", Role.COMMUNE_OFFICER, TAN_CUONG,
        "xác nhận tài khoản an sinh / confirm welfare accounts: /dieu-hanh/an-sinh",
    ),
    DemoPerson(
        "0900000006", "Điều hành tỉnh mẫu", "Điều hành tỉnh / province operator", Role.PROVINCE_OPERATOR, EVERYWHERE,
        "cả tỉnh, người làm việc / the province, who works here: /dieu-hanh",
    ),
    DemoPerson(
        "0900000007", "Kế toán mẫu", "Tài vụ / finance", Role.FINANCE, EVERYWHERE,
        "tiền treo / suspense: /dieu-hanh/tien-treo",
    ),
    DemoPerson(
        "0900000009", "Kế toán mẫu hai", "Tài vụ thứ hai / second finance", Role.FINANCE, EVERYWHERE,
        "duyệt việc của người thứ nhất / approve what the first proposed: /dieu-hanh",
    ),
    DemoPerson("0900000008", "Kiểm toán mẫu", "Kiểm toán / auditor", Role.AUDITOR, EVERYWHERE, "/dieu-hanh"),
    DemoPerson(
        LEADER, "Tổ trưởng mẫu", "Tổ trưởng tổ công nghệ / team leader", Role.TEAM_MEMBER, f"{TAN_CUONG}-02",
        "giao xóm, xem kiểm tra lại / hamlets, back-checks: /to-cong-nghe/doi",
    ),
)  # fmt: skip


@dataclass
class People:
    """Who registers and who approves: members by hamlet, two officers of each commune."""

    members: dict[str, list[UUID]] = field(default_factory=dict)
    officers: dict[str, list[UUID]] = field(default_factory=dict)


def sign_ins() -> list[tuple[str, str]]:
    """Rows of (who, phone and what to do there) for the people one can sign in as."""
    rows = []
    for person in DEMO_PEOPLE:
        code = " + mã / code" if person.role in TOTP_ROLES else ""
        rows.append((person.who, f"{person.phone}{code}  {person.does}"))
    return rows


def add_demo_people(people: People, *, household_ids: list[UUID]) -> UUID:
    """Make the people one can sign in as, the way the application does; the province operator's id."""
    password_hash = passwords.hashed(PASSWORD)
    households = iter(household_ids)
    operator: UUID | None = None
    for person in DEMO_PEOPLE:
        user = identity.add_user(
            phone=person.phone,
            display_name=person.name,
            password_hash=password_hash,
            totp_secret=TOTP_SECRET if person.role in TOTP_ROLES else None,
            clock=SYSTEM_CLOCK,
        )
        household_id = next(households) if person.area is None else None
        grant = NewGrant(person.role, area_code=person.area, household_id=household_id)
        identity.grant_role(user, grant, actor=SYSTEM, clock=SYSTEM_CLOCK)
        if person.role is Role.TEAM_MEMBER:
            people.members.setdefault(person.area or FIRST_HAMLET, []).append(user.id)
        elif person.role is Role.COMMUNE_OFFICER:
            people.officers.setdefault(TAN_CUONG, []).append(user.id)
        elif person.role is Role.PROVINCE_OPERATOR:
            operator = user.id
    if operator is None:
        raise LookupError("no province operator among the demo people")
    return operator


class Crowd:
    """Makes officers and team members in bulk; they sign in with a code sent to their phone."""

    def __init__(self, tables: Tables, *, granted_by: UUID, now: datetime, chance: Random) -> None:
        self._tables = tables
        self._granted_by = granted_by
        self._now = now
        self._chance = chance

    def add_officers(self, people: People, communes: list[Commune]) -> None:
        """Two officers for each commune that has none."""
        number = OFFICER_PHONES
        for commune in communes:
            while len(people.officers.setdefault(commune.code, [])) < 2:
                number += 1
                user = self._add(f"Cán bộ {commune.name}", number, Role.COMMUNE_OFFICER, commune.code)
                people.officers[commune.code].append(user)

    def add_members(self, people: People, communes: list[Commune], scale: Scale) -> None:
        """The members of all teams, spread evenly; who can be signed in as is one of them."""
        hamlets = [hamlet for commune in communes for hamlet in commune.hamlets]
        missing = scale.members - sum(len(team) for team in people.members.values())
        for nth in range(missing):
            hamlet = hamlets[-1 - nth % len(hamlets)]
            given = self._chance.choice(WOMEN + MEN)
            name = f"{self._chance.choice(SURNAMES)} {given} {LAST}"
            user = self._add(name, MEMBER_PHONES + nth, Role.TEAM_MEMBER, hamlet)
            people.members.setdefault(hamlet, []).append(user)

    def _add(self, name: str, number: int, role: Role, area_code: str) -> UUID:
        key, user_id, phone = Key.new(self._now), id_at(self._now), bulk_phone(number)
        self._tables.add("data_key", key.id, key.wrapped, self._now)
        self._tables.add(
            "user_account", user_id, key.id, key.seal(PHONE_FIELD, phone), blind_index(PHONE_FIELD, phone), name,
            new_uniquifier(), True, self._now,
        )  # fmt: skip
        self._tables.add(
            "role_grant", id_at(self._now), user_id, role, area_code, None, self._now, self._granted_by, self._now
        )
        return user_id


def bulk_phone(number: int) -> str:
    """A made-up number in E.164."""
    return f"+84900{number:06d}"
