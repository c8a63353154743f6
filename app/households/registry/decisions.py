"""Poverty decisions of many households at once, for the yearly list; nothing is asked for one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from app.core import crypto
from app.core.bulk import insert_rows
from app.core.database import db, require_transaction

from . import citizen, people
from .models import Household, PovertyStatus
from .people import Field

MANY = 5_000
ONE_DAY = timedelta(days=1)
Item = TypeVar("Item")


@dataclass(frozen=True)
class Found:
    """A household that one of the keys looked for names. `id` is the record that stands when two were merged."""

    id: UUID
    code: str
    citizen_index: bytes
    name_index: bytes
    commune_code: str
    hamlet_code: str


@dataclass(frozen=True)
class Held:
    """A decision that was not revoked."""

    id: UUID
    household_id: UUID
    poverty_class: str
    year: int
    decision_number: str
    valid_from: date
    valid_to: date

    def holds_on(self, day: date) -> bool:
        """Whether the household is poor or near poor by it on that day."""
        return self.valid_from <= day <= self.valid_to


def find(
    *, codes: Collection[str], citizens: Collection[bytes], names: Collection[bytes], commune_code: str | None
) -> list[Found]:
    """Households with one of these codes, citizen indexes or name indexes; of one commune, or of all for None.

    A code or number may belong to a record merged into another: that one is the answer.
    """
    stands = sa.func.coalesce(Household.merged_into, Household.id)
    columns = (stands, Household.code, Household.citizen_index, Household.name_index, Household.commune_code,
               Household.hamlet_code)  # fmt: skip
    found: dict[tuple[UUID, str], Found] = {}
    ways: tuple[tuple[Any, Collection[Any], Any], ...] = (
        (Household.code, codes, sa.Text), (Household.citizen_index, citizens, sa.LargeBinary),
        (Household.name_index, names, sa.LargeBinary),
    )  # fmt: skip
    for column, wanted, kind in ways:
        if not wanted:
            continue
        query = sa.select(*columns).where(column == sa.any_(sa.literal(list(wanted), sa.ARRAY(kind))))
        query = query.where(Household.status != "erased")
        if commune_code is not None:
            query = query.where(Household.commune_code == commune_code)
        for row in db.session.execute(query):
            one = Found(*row)
            found[one.id, one.code] = one
    return list(found.values())


def birth_years(household_ids: Collection[UUID], *, this_year: int) -> dict[UUID, int]:
    """The heads' years of birth as their citizen's numbers say. Opens those households: for the few names in doubt."""
    query = sa.select(Household).where(Household.id.in_(household_ids))
    households = list(db.session.scalars(query)) if household_ids else []
    crypto.load_keys({one.data_key_id for one in households})
    years = {}
    for one in households:
        try:
            number = people.open_field(one, Field.CITIZEN_ID) or ""
            years[one.id] = citizen.parse(number, this_year=this_year).birth_year
        except (crypto.KeyDestroyed, citizen.BadCitizenId):
            continue
    return years


def held(household_ids: Collection[UUID], *, since: date, hold: bool = False) -> dict[UUID, list[Held]]:
    """Decisions by household that hold on the day before `since` or later, oldest first.

    Args:
        hold: nobody else revokes them before the end of the transaction.
    """
    by_household: dict[UUID, list[Held]] = {}
    for ids in _parts(household_ids):
        query = (
            _select_held()
            .where(PovertyStatus.household_id == sa.any_(sa.literal(ids, sa.ARRAY(sa.Uuid))))
            .where(PovertyStatus.valid_to >= since - ONE_DAY)
            .order_by(PovertyStatus.household_id, PovertyStatus.valid_from)
        )
        for row in db.session.execute(query.with_for_update() if hold else query):
            one = Held(*row)
            by_household.setdefault(one.household_id, []).append(one)
    return by_household


def of_commune(commune_code: str, *, since: date) -> set[UUID]:
    """Households of a commune with a decision that holds on the day before `since` or later."""
    query = (
        sa.select(PovertyStatus.household_id)
        .join(Household, Household.id == PovertyStatus.household_id)
        .where(Household.commune_code == commune_code, PovertyStatus.revoked_at.is_(None))
        .where(PovertyStatus.valid_to >= since - ONE_DAY)
    )
    return set(db.session.scalars(query))


def outside(household_ids: Collection[UUID], commune_code: str) -> bool:
    """Whether one of them does not live in the commune (any more)."""
    return any(
        db.session.scalar(
            sa.select(Household.id)
            .where(Household.id == sa.any_(sa.literal(ids, sa.ARRAY(sa.Uuid))))
            .where(Household.commune_code != commune_code)
            .limit(1)
        )
        for ids in _parts(household_ids)
    )


def codes_of(household_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Public codes by id, as far as the database lets the current actor see."""
    query = sa.select(Household.id, Household.code).where(Household.id.in_(household_ids))
    return dict(db.session.execute(query).all()) if household_ids else {}


def add(rows: Sequence[dict[str, Any]]) -> None:
    """Write decisions, given as the attributes of `PovertyStatus`.

    Raises:
        sqlalchemy.exc.IntegrityError: another one holds on some of the days.
    """
    insert_rows(PovertyStatus, rows)


def revoke(status_ids: Collection[UUID], *, by: UUID, at: datetime) -> set[UUID]:
    """Revoke decisions; the ids of those that were not revoked before."""
    changed: set[UUID] = set()
    for ids in _parts(status_ids):
        changed |= set(
            require_transaction().scalars(
                sa.update(PovertyStatus)
                .where(PovertyStatus.id == sa.any_(sa.literal(ids, sa.ARRAY(sa.Uuid))))
                .where(PovertyStatus.revoked_at.is_(None))
                .values(revoked_at=at, revoked_by=by)
                .returning(PovertyStatus.id)
                .execution_options(synchronize_session=False)
            )
        )
    return changed


def put_back(status_ids: Collection[UUID]) -> set[UUID]:
    """Let revoked decisions hold again, but where another one holds by now; the ids of those that do.

    One that a single person wrote, as was possible once, stays revoked.
    """
    other = sa.orm.aliased(PovertyStatus)
    taken = (
        sa.exists()
        .where(other.household_id == PovertyStatus.household_id, other.id != PovertyStatus.id)
        .where(other.revoked_at.is_(None))
        .where(other.valid_from <= PovertyStatus.valid_to, other.valid_to >= PovertyStatus.valid_from)
    )
    restored: set[UUID] = set()
    for ids in _parts(status_ids):
        restored |= set(
            require_transaction().scalars(
                sa.update(PovertyStatus)
                .where(PovertyStatus.id == sa.any_(sa.literal(ids, sa.ARRAY(sa.Uuid))), ~taken)
                .where(PovertyStatus.revoked_at.is_not(None), PovertyStatus.approved_by.is_not(None))
                .values(revoked_at=None, revoked_by=None)
                .returning(PovertyStatus.id)
                .execution_options(synchronize_session=False)
            )
        )
    return restored


def households_of(status_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Which household each decision is about."""
    found: dict[UUID, UUID] = {}
    for ids in _parts(status_ids):
        query = sa.select(PovertyStatus.id, PovertyStatus.household_id).where(
            PovertyStatus.id == sa.any_(sa.literal(ids, sa.ARRAY(sa.Uuid)))
        )
        found.update(db.session.execute(query).all())
    return found


def _select_held() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(
        PovertyStatus.id, PovertyStatus.household_id, PovertyStatus.poverty_class, PovertyStatus.year,
        PovertyStatus.decision_number, PovertyStatus.valid_from, PovertyStatus.valid_to,
    ).where(PovertyStatus.revoked_at.is_(None))  # fmt: skip


def _parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    listed = list(items)
    for start in range(0, len(listed), MANY):
        yield listed[start : start + MANY]
