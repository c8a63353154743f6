"""What a filled sheet would do, judged against the registry in a few reads, whatever its length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.database import db
from app.core.errors import AppError
from app.households.registry import names
from app.households.registry import queries as registry
from app.households.registry.models import Household
from app.payments.payees import operations as payees

from . import operations
from .errors import TellingNeed
from .models import ENDED, RollEntry, WelfareAccount
from .queries import Typed
from .sheet import BANK, CODE, HOLDER, NEED, NUMBER, Filled, Sheet

CHUNK = 1_000
Fault = tuple[str, str]
"""The column of a cell that can't be used, and why."""
USUAL_NEED = "Gia đình cần thêm giúp đỡ trong cuộc sống hằng ngày"
"""What everybody may read of a household whose row says nothing of its need."""


@dataclass
class Judged:
    """The rows that can be given, and the cells that can't be used; so far, while chunks are judged one by one."""

    sheet: Sheet
    rows: list[Filled] = field(default_factory=list)
    household_ids: dict[str, UUID] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    numbers: set[tuple[str, bytes]] = field(default_factory=set)

    @property
    def faults(self) -> list[dict[str, str | int]]:
        """In the sheet's order."""
        return sorted(self.sheet.faults, key=lambda fault: int(fault["row"]))


def judge(judged: Judged, rows: Sequence[Filled], actor: Actor, day: date) -> None:
    """Keep, of the sheet's next rows, those of eligible households without an account, with a usable number in a
    member's name."""
    ids = [known[0] for known in registry.keys_by_code(actor, [row.code for row in rows]).values()]
    found = {one.code: one for one in registry.many(ids)}
    eligible, having = _standing([one.id for one in found.values()], day)
    known = names.of_many(list(found.values()))
    for row in rows:
        household = found.get(row.code)
        fault = _household_fault(row, household, eligible, having, judged.codes)
        judged.codes.add(row.code)
        if fault is None and household is not None:
            fault = _number_fault(row, judged.numbers) or _words_fault(row, household, known[row.code])
        if fault is not None:
            judged.sheet.fault(row.place, *fault)
        elif household is not None:
            judged.household_ids[row.code] = household.id
            judged.rows.append(_with_need(row))


def refuse_taken(judged: Judged) -> None:
    """Put rows aside whose account is another household's open one; without a word of whose."""
    kept: list[Filled] = []
    for rows in chunks(judged.rows):
        indexes = {row.place: payees.number_index(row.typed.number) for row in rows}
        taken = set(
            db.session.execute(
                sa.select(WelfareAccount.bin, WelfareAccount.number_index).where(
                    WelfareAccount.number_index.in_(indexes.values()), WelfareAccount.status.not_in(ENDED)
                )
            ).all()
        )
        for row in rows:
            if (row.typed.bin, indexes[row.place]) in taken:
                judged.sheet.fault(row.place, NUMBER, "bank_account_taken")
            else:
                kept.append(row)
    judged.rows = kept


def _household_fault(
    row: Filled, household: Household | None, eligible: set[UUID], having: set[UUID], seen: set[str]
) -> Fault | None:
    if row.code in seen:
        return CODE, "told_twice"
    if household is None:
        return CODE, "household_not_found"
    if household.id not in eligible:
        return CODE, "household_not_eligible"
    return (CODE, "welfare_account_open") if household.id in having else None


def _number_fault(row: Filled, numbers: set[tuple[str, bytes]]) -> Fault | None:
    try:
        number = payees.number_index(payees.checked_number(row.typed.bin, row.typed.number))
    except AppError as error:
        return (BANK if error.code == "unknown_bank" else NUMBER), error.code
    if (row.typed.bin, number) in numbers:
        return NUMBER, "number_twice"
    numbers.add((row.typed.bin, number))
    return None


def _words_fault(row: Filled, household: Household, known: Sequence[str]) -> Fault | None:
    if not names.matches(row.typed.holder, known):
        return HOLDER, "holder_differs"
    if row.typed.need:
        try:
            operations.safe_need(row.typed.need, household, known)
        except TellingNeed as error:
            return NEED, error.code
    return None


def _with_need(row: Filled) -> Filled:
    if row.typed.need:
        return row
    return Filled(row.place, row.code, Typed(row.typed.bin, row.typed.number, row.typed.holder, USUAL_NEED))


def _standing(household_ids: Sequence[UUID], day: date) -> tuple[set[UUID], set[UUID]]:
    """Of these households: those eligible that day, and those with an open account."""
    rows = db.session.execute(
        sa.select(RollEntry.household_id, RollEntry.account_status).where(
            RollEntry.household_id.in_(household_ids), RollEntry.valid_from <= day, RollEntry.valid_to >= day
        )
    ).all()
    return {row.household_id for row in rows}, {row.household_id for row in rows if row.account_status}


def chunks(rows: Sequence[Filled]) -> Iterator[Sequence[Filled]]:
    """A thousand rows at a time."""
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]
