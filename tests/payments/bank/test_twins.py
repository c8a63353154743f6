"""Which lines of a statement are doubted, to the đồng, the day and the second: one đồng never counts twice unseen."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.payments.bank import services, undoing
from app.payments.bank.models import BankNotice, Wire
from app.payments.bank.twins import told_by_wires
from app.payments.bank.wires import Notice
from app.payments.ledger.books import check_books
from app.payments.payees.operations import number_index
from tests.factories.payments import make_payee, make_purpose, make_request, make_standing_code

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 19, 17, 0, tzinfo=UTC)  # in Vietnam, of the same day
LUNCH = NOON + timedelta(minutes=34, seconds=56, microseconds=789)
DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
OWN, OTHER = "001187650001", "001187650002"
NO_IMPORT = {
    "every notice from a statement is a line that was imported, of the same amount",
    "an imported line that was taken back is reversed in whole, and no other imported money is",
}
pytestmark = pytest.mark.breaks_books
_ids = itertools.count(1)


@pytest.fixture(autouse=True)
def purpose(app: Flask) -> Iterator[None]:
    """The lines come straight to the inbox here, without the import that the books ask for, and nothing else is."""
    make_purpose()
    yield
    db.session.rollback()
    assert {result.name for result in check_books() if result.problems} <= NO_IMPORT


def store(wire: Wire, at: datetime = NOON, reference: str = "", **told: object) -> UUID:
    """A notice of 50,000 đ that came in, not handled yet."""
    said: dict[str, object] = {"direction": "in", "amount_vnd": 50_000, "accounts": (OWN,), "memo": "tien rau", **told}
    notice = Notice(f"N{next(_ids)}", reference=reference, event_at=at, **said)  # type: ignore[arg-type]
    return services.take_in(wire, b"{}", notice, clock=SYSTEM_CLOCK)


def tell(wire: Wire, at: datetime = NOON, reference: str = "", **told: object) -> UUID:
    """As `store`, and handled."""
    notice_id = store(wire, at, reference, **told)
    services.handle(notice_id, clock=SYSTEM_CLOCK)
    return notice_id


def doubted_as(notice_id: UUID) -> UUID | None:
    db.session.rollback()
    return db.session.get_one(BankNotice, notice_id).resembles


def outcome(notice_id: UUID) -> str | None:
    db.session.rollback()
    return db.session.get_one(BankNotice, notice_id).outcome


# What a wire told of, and a statement tells of without its reference.


@pytest.mark.parametrize("away", [timedelta(0), DAY, -DAY])
def test_a_line_within_a_day_of_what_a_wire_told_of_waits_even_when_it_names_whom_to_pay(away: timedelta) -> None:
    payee, own = make_payee()
    code = make_standing_code(payee_id=payee.id).code
    heard = tell(Wire.SEPAY, accounts=(own,), memo=code)
    line = tell(Wire.STATEMENT, NOON + away, accounts=(OTHER, own), memo=code)
    assert (outcome(heard), outcome(line), doubted_as(line)) == ("matched", "unmatched", heard)


@pytest.mark.parametrize(
    "other",
    [
        {"at": NOON + DAY + INSTANT},
        {"at": NOON - DAY - INSTANT},
        {"amount_vnd": 49_999},
        {"amount_vnd": 50_001},
        {"accounts": (OTHER,)},
        {"direction": "out"},
        {"direction": "none"},
    ],
    ids=str,
)
def test_a_line_of_other_money_than_a_wire_told_of_is_not_doubted(other: dict[str, object]) -> None:
    tell(Wire.SEPAY, **other)  # type: ignore[arg-type]
    assert doubted_as(tell(Wire.STATEMENT)) is None


def test_lines_of_a_statement_are_not_doubted_for_each_other() -> None:
    tell(Wire.STATEMENT)
    assert doubted_as(tell(Wire.STATEMENT)) is None


def test_what_a_wire_told_of_stands_for_one_line_only() -> None:
    found, known = tell(Wire.SEPAY, reference="FT1"), tell(Wire.STATEMENT, reference="FT1")
    assert (outcome(found), outcome(known)) == ("unmatched", "known")
    assert doubted_as(tell(Wire.STATEMENT)) is None
    counted, told_again = tell(Wire.STATEMENT, reference="FT2"), tell(Wire.SEPAY, reference="FT2")
    assert (outcome(counted), outcome(told_again)) == ("unmatched", "known")
    assert doubted_as(tell(Wire.STATEMENT)) is None


def test_what_a_wire_told_of_is_a_reason_to_doubt_before_it_is_handled() -> None:
    waiting = store(Wire.CASSO)
    assert doubted_as(tell(Wire.STATEMENT)) == waiting


def test_the_earliest_of_several_is_shown() -> None:
    later, earlier = tell(Wire.SEPAY, NOON + DAY / 2), tell(Wire.SEPAY)
    assert doubted_as(tell(Wire.STATEMENT)) == earlier != later


def test_a_line_waits_while_a_wire_is_telling_of_the_same_amount_and_no_other(app: Flask) -> None:
    line, other = store(Wire.STATEMENT), store(Wire.STATEMENT, amount_vnd=49_999)
    done: list[UUID] = []

    def handle() -> None:
        with app.app_context(), acting_as(SYSTEM):
            services.handle(line, clock=SYSTEM_CLOCK)
            done.append(line)

    thread = threading.Thread(target=handle)
    with db.engine.begin() as wire:
        wire.execute(sa.select(sa.func.bank_notice_alike_lock(50_000, True)))
        services.handle(other, clock=SYSTEM_CLOCK)
        thread.start()
        thread.join(0.5)
        assert done == []
    thread.join(30)
    assert done == [line]


# What statements date differently.


@pytest.mark.parametrize(
    "at",
    [MIDNIGHT - INSTANT, MIDNIGHT + DAY, LUNCH - 3 * DAY, LUNCH + 3 * DAY],
    ids=["the instant before the day", "the next midnight", "three days before", "three days after"],
)
def test_a_reference_at_another_day_is_doubted(at: datetime) -> None:
    first = tell(Wire.STATEMENT, at, "FT1", accounts=(OTHER, OWN))
    assert doubted_as(tell(Wire.STATEMENT, LUNCH, "FT1")) == first


@pytest.mark.parametrize(
    "other",
    [
        {"at": MIDNIGHT},
        {"at": MIDNIGHT + DAY - INSTANT},
        {"at": LUNCH - 3 * DAY - INSTANT},
        {"at": LUNCH + 3 * DAY + INSTANT},
        {"reference": "FT2"},
        {"reference": ""},
        {"amount_vnd": 49_999},
        {"accounts": (OTHER,)},
        {"direction": "out"},
    ],
    ids=str,
)
def test_a_reference_of_the_same_day_or_of_other_money_is_not_doubted(other: dict[str, object]) -> None:
    tell(Wire.STATEMENT, **{"at": NOON - 2 * DAY, "reference": "FT1"} | other)  # type: ignore[arg-type]
    assert doubted_as(tell(Wire.STATEMENT, LUNCH, "FT1")) is None


def test_lines_without_a_reference_at_several_days_are_other_money() -> None:
    tell(Wire.STATEMENT, NOON - DAY)
    assert doubted_as(tell(Wire.STATEMENT)) is None


def test_a_reference_is_a_reason_to_doubt_before_it_is_handled_and_none_after_it_was_undone() -> None:
    first = store(Wire.STATEMENT, NOON - DAY, "FT1")
    assert doubted_as(tell(Wire.STATEMENT, NOON, "FT1")) == first
    undone = tell(Wire.STATEMENT, NOON - DAY, "FT2")
    with transaction():
        undoing.take_back(undone, clock=SYSTEM_CLOCK)
    assert outcome(undone) == "undone"
    assert doubted_as(tell(Wire.STATEMENT, NOON, "FT2")) is None


@pytest.mark.parametrize(("wire", "reference"), [(Wire.SEPAY, ""), (Wire.STATEMENT, "FT1")])
def test_money_that_left_is_no_reason_to_doubt_even_before_it_is_handled(wire: Wire, reference: str) -> None:
    store(wire, NOON - DAY, reference, direction="out")
    assert doubted_as(tell(Wire.STATEMENT, NOON, reference)) is None


def test_a_wire_that_is_not_handled_yet_finds_the_line_that_came_two_days_off_and_is_no_reason_to_doubt_it() -> None:
    waiting = store(Wire.SEPAY, NOON - 2 * DAY, "FT1")
    line = tell(Wire.STATEMENT, NOON, "FT1")
    services.handle(waiting, clock=SYSTEM_CLOCK)
    assert (doubted_as(line), outcome(waiting)) == (None, "known")


def test_the_earliest_of_several_days_is_shown() -> None:
    later, earlier = (tell(Wire.STATEMENT, NOON + away, "FT1") for away in (2 * DAY, DAY))
    assert doubted_as(tell(Wire.STATEMENT, NOON, "FT1")) == earlier != later


# A wire after a statement, one of them without a reference.


def test_the_nearest_of_the_lines_that_may_be_meant_is_shown() -> None:
    far, near = tell(Wire.STATEMENT, NOON + DAY), tell(Wire.STATEMENT, NOON + DAY / 2)
    assert doubted_as(tell(Wire.SEPAY, reference="FT1")) == near != far


@pytest.mark.parametrize("silent", [Wire.STATEMENT, Wire.SEPAY])
def test_a_line_is_doubted_when_only_one_of_the_two_names_a_code(silent: Wire) -> None:
    code = make_standing_code(payee_id=make_payee()[0].id).code
    memos = {Wire.STATEMENT: code, Wire.SEPAY: code, silent: "tien rau"}
    line = tell(Wire.STATEMENT, memo=memos[Wire.STATEMENT])
    heard = tell(Wire.SEPAY, reference="FT1", memo=memos[Wire.SEPAY])
    assert (doubted_as(heard), outcome(heard) == "known") == (line, False)


def test_of_two_codes_the_one_at_this_account_is_named_to_the_desk() -> None:
    payee, own = make_payee()
    other, mine = make_request(payee_id=make_payee()[0].id), make_request(payee_id=payee.id)
    line = tell(Wire.STATEMENT, reference="FT1", accounts=(own,))
    heard = tell(Wire.SEPAY, reference="FT1", accounts=(own,), memo=f"{other.code} {mine.code}")
    assert (outcome(heard), outcome(line)) == ("known", "unmatched")
    assert db.session.get_one(BankNotice, line).request_id == mine.id


# What the preview of a statement calls known: it decides who may let so much new money in.


def test_a_preview_knows_what_wires_told_of_and_no_statement_found() -> None:
    at = [tell(Wire.SEPAY, NOON + DAY * place, "FT1", accounts=(OWN, OTHER)) for place in range(2)]
    assert [outcome(one) for one in at] == ["unmatched"] * 2
    tell(Wire.CASSO, reference="FT2", amount_vnd=7_000)
    db.session.rollback()
    told = told_by_wires({"FT1", "FT2", "FT3"})
    assert {key: sorted(times) for key, times in told.items()} == {
        ("FT1", 50_000, number_index(OWN)): [NOON, NOON + DAY],
        ("FT1", 50_000, number_index(OTHER)): [NOON, NOON + DAY],
        ("FT2", 7_000, number_index(OWN)): [NOON],
    }
    assert told["FT4", 1, b""] == []
    tell(Wire.STATEMENT, NOON, "FT2", amount_vnd=7_000)
    db.session.rollback()
    assert told_by_wires({"FT2"}) == {}


@pytest.mark.parametrize("other", [{"reference": ""}, {"direction": "out"}, {"wire": Wire.STATEMENT}], ids=str)
def test_a_preview_knows_no_other_money(other: dict[str, object]) -> None:
    tell(**{"wire": Wire.SEPAY, "reference": "FT1"} | other)  # type: ignore[arg-type]
    db.session.rollback()
    assert told_by_wires({"FT1", ""}) == {}


def test_a_preview_does_not_count_what_a_statement_counted_before_the_wire() -> None:
    tell(Wire.STATEMENT, reference="FT1")
    assert outcome(tell(Wire.SEPAY, reference="FT1")) == "known"
    db.session.rollback()
    assert told_by_wires({"FT1"}) == {}
