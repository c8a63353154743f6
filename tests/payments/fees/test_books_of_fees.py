"""A fault of each kind, planted past all defences, is found under the name of its invariant."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from app.config import libpq_url
from app.core.database import db
from app.payments.fees.wiring import demand_charges_of
from app.payments.ledger.books import check_books
from tests.fakes.purposes import KIND
from tests.payments.fees import world

ASKED = "what is charged and did not go back is what the rules ask of what was paid and did not go back"
RULED = "a charge follows a rule of its day"
MARKED = "what was charged of a payment that was taken back is marked so, and of no other"
CHARGES = "every charge is a ledger transfer from the payee to where fees and taxes lie, and of collected money"
ACCOUNTS = "everything in the accounts of fees and taxes is told of by a charge or a return, to the last đồng"
RETURNS = "every return is a ledger transfer out of where the fee lay, or back into it"
RESERVED = "what a refund says it took from fees and taxes is what it reserved there"
ALL = f"every payment collected for a purpose {KIND} was charged by each rule of its day"
FAULTS = {
    "a charge of another amount": (
        "UPDATE fee_charge SET amount_vnd = amount_vnd + 1 WHERE kind = 'vat'",
        {ASKED, CHARGES, ACCOUNTS},
    ),
    "a charge that is gone": ("DELETE FROM fee_charge WHERE kind = 'income_tax'", {ACCOUNTS, RETURNS, ALL}),
    "a charge by a rule of other goods": (
        "UPDATE fee_charge SET rule_id = (SELECT id FROM fee_rule WHERE kind = 'vat' AND supply = 'services'"
        " AND valid_until IS NULL) WHERE kind = 'vat'",
        {RULED, ALL},
    ),
    "a charge of another day": ("UPDATE fee_charge SET charged_on = charged_on - 1 WHERE kind = 'vat'", {RULED}),
    "a charge marked as taken back": (
        "UPDATE fee_charge SET taken_back_at = now() WHERE kind = 'vat'",
        {ASKED, MARKED},
    ),
    "a charge that moved under another name": (
        "UPDATE ledger_transfer SET purpose_kind = 'other' WHERE purpose_kind = 'fee'",
        {CHARGES},
    ),
    "a return of another amount": (
        "UPDATE fee_return SET amount_vnd = amount_vnd + 1 WHERE kind = 'vat'",
        {ASKED, ACCOUNTS, RETURNS},
    ),
    "a return that is gone": ("DELETE FROM fee_return WHERE kind = 'vat'", {ASKED, ACCOUNTS}),
    "a reserve that is gone": ("DELETE FROM fee_hold WHERE kind = 'vat'", {RESERVED}),
    "tax in another account": (
        "UPDATE ledger_account SET owner_id = CASE owner_id WHEN 'vat' THEN 'x' ELSE owner_id END"
        " WHERE kind = 'tax_withheld'",
        {CHARGES, ACCOUNTS, RETURNS},
    ),
}


@pytest.mark.breaks_books
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_by_name(database_url: str, payee_id: UUID, fault: str) -> None:
    demand_charges_of(KIND, "goods")
    try:
        asked = world.sell(payee_id, 100_000)
        world.pay(asked)
        world.refund(asked, 30_000)
        age(database_url)
        assert [broken.name for broken in check_books() if broken.problems] == []
        db.session.rollback()
        sql, names = FAULTS[fault]
        plant(database_url, sql)
        found = {broken.name for broken in check_books() if broken.problems}
    finally:
        forget(ALL)
    assert found == names


def age(database_url: str) -> None:
    """As if it had been paid a while after the rules were made."""
    plant(database_url, "UPDATE arrival SET created_at = now() + interval '1 day'")


def plant(database_url: str, sql: str) -> None:
    with psycopg.connect(libpq_url(database_url), autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(sql)


def forget(name: str) -> None:
    from app.payments.ledger import books

    del books._INVARIANTS[name]
