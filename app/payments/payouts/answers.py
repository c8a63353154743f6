"""What the bank answered, whatever the file: rows, their faults, and what each row would do to its payout now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.payments.payouts.models import Payout
from app.payments.payouts.states import State

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 10_000


class Outcome(StrEnum):
    """The bank's word on a payout."""

    CONFIRMED = "confirmed"
    RETURNED = "returned"
    IN_PROGRESS = "in_progress"


class Act(StrEnum):
    """What a row would do."""

    CONFIRM = "confirm"
    RETURN = "return"  # let the reserved money go
    TAKE_BACK = "take_back"  # it was confirmed before: reverse it
    WAIT = "wait"
    KNOWN = "known"
    CONTRADICTS = "contradicts"  # it came back before, and the bank now says it arrived: a person has to ask


@dataclass(frozen=True)
class Row:
    """One answer. `place` is its row in a sheet, or its number in an XML file."""

    place: int
    code: str
    outcome: Outcome
    amount_vnd: int | None = None
    reason_code: str | None = None
    reason: str | None = None
    bank_reference: str | None = None


@dataclass(frozen=True)
class Fault:
    """Why a row is not used; `problem` is stable."""

    place: int
    problem: str
    told: str = ""


@dataclass
class Answers:
    """A file as read. `rest` is the bank's word on every payout the rows do not name."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rest: Row | None = None

    def fault(self, place: int, problem: str, told: str = "") -> None:
        """Note why a row is not used."""
        self.faults.append(Fault(place, problem, told[:60]))


@dataclass(frozen=True)
class Planned:
    """A row with its payout and what it would do now."""

    row: Row
    payout: Payout
    act: Act


def checked(answers: Answers, payouts: Sequence[Payout]) -> Answers:
    """Only rows that name a payout of this batch, once, with its amount; the others become faults.

    The word on all the others counts only in a file without any fault: a bad row may be about one of them.
    """
    by_code = {payout.code: payout for payout in payouts if payout.status != State.CANCELLED}
    good = Answers(faults=list(answers.faults))
    seen: dict[str, Row] = {}
    for row in answers.rows:
        payout = by_code.get(row.code)
        if payout is None:
            good.fault(row.place, "unknown_code", row.code)
        elif row.amount_vnd is not None and row.amount_vnd != payout.amount_vnd:
            good.fault(row.place, "other_amount", row.code)
        elif (before := seen.get(row.code)) is None:
            seen[row.code] = row
        elif before.outcome is not row.outcome:
            good.fault(row.place, "told_twice", row.code)
    told_twice = {fault.told for fault in good.faults if fault.problem == "told_twice"}
    good.rows = [row for code, row in seen.items() if code not in told_twice]
    if answers.rest is not None and not good.faults:
        named = {row.code for row in answers.rows}
        rest = answers.rest
        good.rows += [
            Row(0, code, rest.outcome, None, rest.reason_code, rest.reason) for code in by_code if code not in named
        ]
    return good


def plan(rows: Sequence[Row], payouts: Mapping[str, Payout]) -> list[Planned]:
    """What each row would do to its payout as it stands."""
    return [Planned(row, payouts[row.code], _act(row.outcome, State(payouts[row.code].status))) for row in rows]


def _act(outcome: Outcome, state: State) -> Act:
    if outcome is Outcome.IN_PROGRESS:
        return Act.WAIT
    if outcome.value == state.value:
        return Act.KNOWN
    table = {
        (Outcome.CONFIRMED, State.SENT): Act.CONFIRM,
        (Outcome.RETURNED, State.SENT): Act.RETURN,
        (Outcome.RETURNED, State.CONFIRMED): Act.TAKE_BACK,
    }
    return table.get((outcome, state), Act.CONTRADICTS)
