"""What the database itself refuses, whoever asks and however: raw SQL as the application's role."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask
from psycopg import errors

from app.config import libpq_url
from app.core.ids import uuid7
from app.payments.ledger.models import Account, AccountKind, TransferKind
from tests.fakes.clock import FrozenClock
from tests.payments.ledger.accounts import hold, make_account, move, post, reread, resolve

INSERT_TRANSFER = (
    "INSERT INTO ledger_transfer"
    " (id, kind, from_account_id, to_account_id, amount_vnd, pending_id, event_at, created_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, now(), now())"
)
INSERT_ENTRY = (
    "INSERT INTO ledger_entry (transfer_id, account_id, amount_vnd, balance_before_vnd, balance_after_vnd, created_at)"
    " VALUES (%s, %s, %s, %s, %s, now())"
)
Side = tuple[int, int, int | None, int | None]


@pytest.fixture
def accounts(app: Flask, clock: FrozenClock, world: None) -> tuple[Account, Account]:
    source = make_account(AccountKind.OUTSIDE_BANK, clock=clock)
    target = make_account(AccountKind.RECEIVED, clock=clock)
    post(move(source, target, 100, at=clock.now()), clock=clock)
    return source, target


@pytest.fixture
def as_app(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the role `app`, past all our code."""
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute("SET ROLE app")
        connection.commit()
        yield connection
        connection.rollback()


def insert_set(
    connection: psycopg.Connection[Any], accounts: tuple[Account, Account], *sides: Side, **changes: Any
) -> None:
    """A transfer of 5 đồng with its entries (which account, amount, balance before, after), in one statement."""
    values = {"kind": "posted", "amount": 5, "pending": None} | changes
    new = uuid7()
    parts = [f"transfer AS ({INSERT_TRANSFER})"]
    parameters = [new, values["kind"], *(account.id for account in accounts), values["amount"], values["pending"]]
    for number, (which, amount, before, after) in enumerate(sides):
        parts.append(f"side{number} AS ({INSERT_ENTRY})")
        parameters += [new, accounts[which].id, amount, before, after]
    connection.execute(f"WITH {', '.join(parts)} SELECT", parameters)


@pytest.mark.parametrize("table", ["ledger_transfer", "ledger_entry", "ledger_transfer_rest", "ledger_entry_rest"])
@pytest.mark.parametrize("change", ["UPDATE {} SET amount_vnd = 1", "DELETE FROM {}", "TRUNCATE {}"])
def test_what_is_written_can_not_be_changed(accounts, as_app, table, change):
    with pytest.raises(errors.InsufficientPrivilege):
        as_app.execute(change.format(table))


@pytest.mark.parametrize("change", ["UPDATE {} SET amount_vnd = amount_vnd", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["ledger_transfer", "ledger_entry"])
def test_not_even_the_owner_changes_what_is_written(accounts, database_url, table, change):
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute("SET ROLE migrator")
        with pytest.raises(errors.IntegrityConstraintViolation, match="append-only"):
            connection.execute(change.format(table))
        connection.rollback()


@pytest.mark.parametrize("column", ["kind", "owner_id", "may_go_negative"])
def test_an_account_can_not_become_another(accounts, as_app, column):
    with pytest.raises(errors.InsufficientPrivilege):
        as_app.execute(f"UPDATE ledger_account SET {column} = {column}")


LEAVES: Side = (0, -5, None, None)
ENTERS: Side = (1, 5, 100, 105)


def test_a_balanced_set_is_taken(accounts, as_app):
    insert_set(as_app, accounts, LEAVES, ENTERS)


@pytest.mark.parametrize(
    "sides",
    [
        pytest.param([], id="no entry"),
        pytest.param([LEAVES], id="one side only"),
        pytest.param([LEAVES, (1, 4, 100, 104)], id="sides that differ"),
        pytest.param([(0, 5, None, None), (1, -5, 100, 95)], id="the wrong way round"),
    ],
)
def test_an_unbalanced_set_is_refused(accounts, as_app, sides):
    with pytest.raises(errors.IntegrityConstraintViolation, match="does not balance"):
        insert_set(as_app, accounts, *sides)


def test_a_late_entry_to_a_landed_transfer_is_refused(accounts, as_app, clock):
    other = make_account(AccountKind.RECEIVED, clock=clock)
    (landed,) = as_app.execute("SELECT id FROM ledger_transfer").fetchone()
    with pytest.raises(errors.IntegrityConstraintViolation, match="does not balance"):
        as_app.execute(INSERT_ENTRY, [landed, other.id, 100, 0, 100])


def test_an_entry_without_a_transfer_is_refused(accounts, as_app):
    with pytest.raises(errors.IntegrityConstraintViolation, match="does not balance"):
        as_app.execute(INSERT_ENTRY, [uuid7(), accounts[1].id, 100, 100, 200])


def test_a_transfer_of_an_unknown_account_is_refused(accounts, as_app):
    ghost = copy.copy(accounts[0])
    ghost.id = uuid7()
    with pytest.raises(errors.ForeignKeyViolation):
        insert_set(as_app, (ghost, accounts[1]), LEAVES, ENTERS)


def test_an_account_is_never_deleted(accounts, database_url):
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute("SET ROLE migrator")
        with pytest.raises(errors.IntegrityConstraintViolation):
            connection.execute("DELETE FROM ledger_account")
        connection.rollback()


def test_a_pending_transfer_moves_nothing(accounts, as_app):
    with pytest.raises(errors.IntegrityConstraintViolation, match="does not balance"):
        insert_set(as_app, accounts, LEAVES, ENTERS, kind="pending")


def test_a_second_end_of_a_reservation_is_refused(accounts, as_app, clock):
    held = hold(accounts[0], accounts[1], 50, at=clock.now())
    post(held, clock=clock)
    post(resolve(held, TransferKind.VOID_PENDING, 0, at=clock.now()), clock=clock)
    with pytest.raises(errors.UniqueViolation):
        as_app.execute("INSERT INTO ledger_closing VALUES (%s, %s)", [held.id, uuid7()])


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": -5},
        {"kind": "gift"},
        {"kind": "post_pending"},
        {"kind": "void_pending", "amount": 0},
    ],
)
def test_a_transfer_that_makes_no_sense_is_refused(accounts, as_app, wrong):
    with pytest.raises(errors.CheckViolation):
        insert_set(as_app, accounts, **wrong)


def test_a_transfer_to_itself_is_refused(accounts, as_app):
    with pytest.raises(errors.CheckViolation):
        insert_set(as_app, (accounts[0], accounts[0]))


def test_a_balance_below_zero_is_refused(accounts, as_app):
    with pytest.raises(errors.CheckViolation):
        as_app.execute("UPDATE ledger_account SET balance_vnd = -1 WHERE id = %s", [accounts[1].id])


def test_a_promise_beyond_the_balance_is_refused(accounts, as_app):
    with pytest.raises(errors.CheckViolation):
        as_app.execute("UPDATE ledger_account SET pending_out_vnd = 101 WHERE id = %s", [accounts[1].id])
    assert reread(accounts[1].id).pending_out_vnd == 0


def test_an_entry_whose_balances_do_not_add_up_is_refused(accounts, as_app):
    with pytest.raises(errors.CheckViolation):
        insert_set(as_app, accounts, LEAVES, (1, 5, 100, 106))
