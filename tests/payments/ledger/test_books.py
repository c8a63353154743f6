"""A fault of each kind, planted past all defences, is found by `check_books` under the name of its invariant."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from flask import Flask

from app.config import libpq_url
from app.core.database import db
from app.payments.ledger.books import check_books
from app.payments.ledger.models import Account, AccountKind, TransferKind
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.fakes.banks import notify, transfer
from tests.fakes.clock import FrozenClock
from tests.payments.ledger.accounts import hold, make_account, move, post, resolve

TWO_ENTRIES = "every transfer that moves money has exactly its two entries, every other none"
ORPHANS = "every entry belongs to a transfer"
ZERO = "all entries together are zero"
RUNNING = "a running balance is the sum of the account's entries"
CHAIN = "each entry begins where the account's last one ended"
BELOW = "no barred account is below zero or below what it has promised"
RESERVED = "what is reserved is the sum of the unresolved pending transfers"
RESOLVED_ONCE = "a pending transfer is resolved at most once, within its amount"
REVERSED_ONCE = "a transfer is reversed at most once, whole"
NOTED = "every end of a reservation and every reversal is noted, and nothing else"
REQUESTS = "a request's paid amount is what the ledger moved for it"
NUMBERED = "a payee's arrivals are numbered without gaps"
ARRIVALS = "every arrival is money the ledger moved to the payee"
ALLOCATED = "every handled notice of arrived money is allocated to the last đồng, every other not at all"
ALLOCATION = "every allocation of a notice is a ledger transfer of its amount from that bank"
CARDS_WAITING = "the card gateway's suspense account holds what waits there, to the last đồng"
TOLD = "every đồng the ledger took from a bank is told of by a notice, or comes back from a return to its sender"

FAULTS: dict[str, tuple[str, set[str]]] = {
    "an unbalanced set": (
        "UPDATE ledger_entry SET amount_vnd = 101, balance_after_vnd = 101"
        " WHERE amount_vnd = 100 AND balance_before_vnd = 0",
        {TWO_ENTRIES, ZERO, RUNNING, CHAIN},
    ),
    "a missing entry": ("DELETE FROM ledger_entry WHERE amount_vnd = -100", {TWO_ENTRIES, ZERO}),
    "both entries missing": (
        "DELETE FROM ledger_entry WHERE abs(amount_vnd) = 30",
        {TWO_ENTRIES, RUNNING},
    ),
    "an entry of a pending transfer": (
        "INSERT INTO ledger_entry (transfer_id, account_id, amount_vnd, created_at)"
        " SELECT id, from_account_id, -amount_vnd, now() FROM ledger_transfer"
        " WHERE kind = 'pending' AND amount_vnd = 40",
        {TWO_ENTRIES, ZERO},
    ),
    "a wrong running balance": ("UPDATE ledger_account SET balance_vnd = 131 WHERE balance_vnd = 130", {RUNNING}),
    "a broken chain of balances": (
        "UPDATE ledger_entry SET balance_before_vnd = balance_before_vnd + 1, balance_after_vnd = balance_after_vnd + 1"
        " WHERE amount_vnd = 100 AND balance_before_vnd = 0",
        {CHAIN},
    ),
    "an entry without its transfer": ("DELETE FROM ledger_transfer WHERE amount_vnd = 30", {ORPHANS}),
    "a promise that is not there": (
        "UPDATE ledger_account SET pending_out_vnd = pending_out_vnd + 1 WHERE balance_vnd = 130",
        {RESERVED},
    ),
    "an expectation that is not there": (
        "UPDATE ledger_account SET pending_in_vnd = 0 WHERE pending_in_vnd > 0",
        {RESERVED},
    ),
}


@pytest.fixture
def plant(app: Flask, database_url: str, world: None) -> Any:
    """Run SQL as the superuser with every trigger and foreign key asleep; constraints named are dropped for it."""

    def run(*statements: str) -> None:
        db.session.rollback()
        with psycopg.connect(libpq_url(database_url)) as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement)

    return run


@pytest.fixture
def lively(app: Flask, clock: FrozenClock, world: None) -> list[Account]:
    """Accounts with two transfers, one open reservation of 20 between barred accounts and one posted one."""
    kinds = (AccountKind.OUTSIDE_CARD, AccountKind.RECEIVED, AccountKind.PAYABLE)
    accounts = [make_account(kind, clock=clock) for kind in kinds]
    outside, received, payable = accounts
    post(move(outside, received, 100, at=clock.now()), clock=clock)
    post(move(outside, received, 30, at=clock.now()), clock=clock)
    post(hold(received, payable, 20, at=clock.now()), clock=clock)
    held = hold(outside, payable, 40, at=clock.now())
    post(held, clock=clock)
    post(resolve(held, TransferKind.POST_PENDING, 25, at=clock.now()), clock=clock)
    return accounts


def broken() -> set[str]:
    db.session.rollback()
    return {result.name for result in check_books() if result.problems}


@pytest.mark.breaks_books
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(lively, plant, fault):
    statement, names = FAULTS[fault]
    assert broken() == set()
    plant(statement)
    assert broken() == names


@pytest.mark.breaks_books
def test_an_overdraft_is_found(lively, plant, clock):
    suspense = make_account(AccountKind.SUSPENSE, clock=clock, owner="stripe")
    post(move(suspense, lively[0], 1, at=clock.now()), clock=clock)
    assert broken() == {BELOW, CARDS_WAITING}


@pytest.mark.breaks_books
def test_a_reservation_ended_twice_is_found(lively, plant):
    columns = "from_account_id, to_account_id, amount_vnd, pending_id, event_at, created_at"
    plant(
        f"INSERT INTO ledger_transfer (id, kind, {columns}) SELECT gen_random_uuid(), 'void_pending',"
        " from_account_id, to_account_id, 0, pending_id, event_at, created_at"
        " FROM ledger_transfer WHERE kind = 'post_pending'",
    )
    assert broken() == {RESOLVED_ONCE, NOTED}


@pytest.mark.breaks_books
def test_an_end_that_nothing_notes_is_found(lively, plant):
    plant("DELETE FROM ledger_closing")
    assert broken() == {NOTED}


@pytest.mark.breaks_books
def test_a_reservation_posted_beyond_its_amount_is_found(lively, plant):
    plant("UPDATE ledger_transfer SET amount_vnd = 24 WHERE kind = 'pending' AND amount_vnd = 40")
    assert broken() == {RESOLVED_ONCE}


@pytest.mark.breaks_books
def test_a_reversal_of_another_amount_is_found(lively, plant):
    plant(
        "UPDATE ledger_transfer SET reverses_id = (SELECT id FROM ledger_transfer WHERE amount_vnd = 100)"
        " WHERE amount_vnd = 30"
    )
    assert broken() == {REVERSED_ONCE, NOTED}


BETWEEN: dict[str, tuple[str, set[str]]] = {
    "a request paid by nothing": ("UPDATE payment_request SET paid_vnd = 49999, status = 'expired'", {REQUESTS}),
    "money of a forgotten purpose": ("UPDATE ledger_transfer SET purpose_id = NULL", {REQUESTS}),
    "a lost arrival": ("DELETE FROM arrival", {NUMBERED}),
    "a gap in the numbers": ("UPDATE arrival SET seq = 2", {NUMBERED}),
    "an arrival of another amount": ("UPDATE arrival SET amount_vnd = 49999", {ARRIVALS}),
    "a lost notice": ("DELETE FROM notice_allocation", {ALLOCATED, TOLD}),
    "a notice of more money": ("UPDATE bank_notice SET amount_vnd = 50001", {ALLOCATED}),
    "a notice that claims not to be handled": (
        "UPDATE bank_notice SET handled_at = NULL, outcome = NULL",
        {ALLOCATED},
    ),
    "an allocation of another amount": (
        "UPDATE notice_allocation SET amount_vnd = 49999",
        {ALLOCATED, ALLOCATION},
    ),
    "a notice of another bank": ("UPDATE bank_notice SET wire = 'casso'", {ALLOCATION}),
}


@pytest.mark.breaks_books
@pytest.mark.parametrize("fault", BETWEEN)
def test_a_gap_between_ledger_requests_arrivals_and_notices_is_found(client, plant, fault):
    make_purpose()
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    notify(client, "sepay", transfer(number, 50_000, f"{request.code} CHO PHIEN"))
    assert broken() == set()
    statement, names = BETWEEN[fault]
    plant(statement)
    assert broken() == names


def test_the_command_prints_every_invariant_and_ends_well(app: Flask, lively):
    result = app.test_cli_runner().invoke(args=["books", "check"])
    assert result.exit_code == 0
    for invariant in check_books():
        assert f"ok      {invariant.name}" in result.output
    assert "0 broken" in result.output


@pytest.mark.breaks_books
def test_the_command_names_what_is_broken_and_fails(app: Flask, lively, plant):
    plant("UPDATE ledger_account SET balance_vnd = 131 WHERE balance_vnd = 130")
    result = app.test_cli_runner().invoke(args=["books", "check"])
    assert result.exit_code == 1
    assert f"BROKEN  {RUNNING}" in result.output
    assert str(lively[1].id) in result.output
    assert "1 broken" in result.output
