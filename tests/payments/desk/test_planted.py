"""The check of the books sees each fault that could hide money at the desk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from app.config import libpq_url
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.core.money import FOUR_EYES_VND
from app.payments.desk import queries
from app.payments.desk import services as desk_services
from app.payments.ledger.books import check_books
from app.payments.requests import services
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import actor_for, make_user
from tests.fakes.banks import notify, transfer
from tests.fakes.clock import FrozenClock
from tests.payments.desk.world import act, attach, send_back, strand, undo

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.breaks_books]

ITEMS = "every allocation without a request is an item of the desk, and nothing else is"
WAITS = "what waits is what came into suspense less what people did and proposed"
HOLDS = "a bank's suspense account holds what waits and what is proposed, to the last đồng"
MOVED = "every action that was done moved its amount out of suspense to where it says, and no other moved anything"
UNDONE = "what was undone at the desk is reversed, what was not is not"
ONLY = "only people at the desk take money out of a bank's suspense, or its notice is undone"
BACK = "money that came back from a bank by reversal is a return the desk undid"


@pytest.fixture
def superuser(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody whom neither grants nor triggers nor foreign keys hold back."""
    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


@pytest.fixture
def busy_desk(client: Any) -> None:
    """One of everything: attached, returned, undone, proposed."""
    make_purpose()
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    notice = strand(client, number, 3 * FOUR_EYES_VND)
    act(notice, attach(request, 20_000))
    act(notice, send_back(30_000))
    [mistaken] = act(notice, send_back(40_000))
    undo(mistaken)
    act(notice, send_back(FOUR_EYES_VND + 1))
    assert broken() == set()
    assert queries.suspense_total_vnd() == 3 * FOUR_EYES_VND - 50_000


def broken() -> set[str]:
    return {result.name for result in check_books() if result.problems}


@pytest.mark.parametrize(
    ("fault", "seen_by"),
    [
        ("UPDATE desk_item SET waiting_vnd = waiting_vnd - 1", {WAITS, HOLDS}),
        ("UPDATE desk_item SET proposed_vnd = proposed_vnd - 1", {WAITS, HOLDS}),
        ("UPDATE desk_item SET amount_vnd = amount_vnd + 1", {ITEMS, WAITS}),
        ("DELETE FROM desk_item", {ITEMS, HOLDS}),
        ("UPDATE desk_action SET amount_vnd = amount_vnd + 1 WHERE kind = 'attach'", {WAITS, MOVED}),
        ("UPDATE desk_action SET transfer_id = NULL, done_at = NULL, state = 'rejected', closed_by = id,"
         " closed_at = now(), closed_reason = 'abc' WHERE kind = 'attach'", {WAITS, ONLY}),
        ("UPDATE desk_action SET undo_transfer_id = NULL, state = 'done', closed_by = NULL, closed_at = NULL,"
         " closed_reason = NULL WHERE state = 'undone'", {WAITS, UNDONE, BACK}),
        ("UPDATE desk_action SET undo_transfer_id = id WHERE state = 'undone'", {UNDONE, BACK}),
        ("DELETE FROM desk_action WHERE kind = 'attach'", {WAITS, ONLY}),
        ("UPDATE desk_action SET request_id = id WHERE kind = 'attach'", {MOVED}),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(busy_desk, superuser, fault, seen_by):
    assert superuser.execute(fault).rowcount > 0
    assert seen_by <= broken()


CREDIT = "what payers left with payees is what they kept less what they spent"
SPENT = "credit that was spent left its own account for its request, and came back exactly when that is noted"
WISH = "a payer's wish to keep money is the action that kept it, of the same money"


@pytest.fixture
def kept_and_spent(client: Any) -> None:
    """Credit kept, of which some is spent and some was spent and came back."""
    purpose = make_purpose()
    buyer = make_user()
    purpose.payer = buyer.id
    me = actor_for(buyer)
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    notify(client, "sepay", transfer(number, 90_000, request.code))
    db.session.rollback()
    notice = queries.suspense(cursor=None, limit=1).items[0].notice_id
    desk_services.keep_as_credit(request.code, notice, actor=me, clock=SYSTEM_CLOCK)
    for number_of, lasts in enumerate((timedelta(hours=9), timedelta(minutes=1))):
        asked = make_request(payee_id=payee.id, lasts=lasts)
        services.use_credit(asked.code, amount_vnd=10_000, idempotency_key=str(number_of), actor=me, clock=SYSTEM_CLOCK)
    assert services.expire_due(clock=FrozenClock(SYSTEM_CLOCK.now() + timedelta(hours=1))) == 1
    assert broken() == set()


@pytest.mark.parametrize(
    ("fault", "seen_by"),
    [
        ("UPDATE desk_action SET credit_owner = credit_owner || 'x'", {CREDIT, MOVED}),
        ("UPDATE desk_action SET amount_vnd = amount_vnd + 1 WHERE kind = 'keep_as_credit'", {CREDIT, MOVED}),
        ("UPDATE credit_use SET amount_vnd = amount_vnd + 1 WHERE back_transfer_id IS NULL", {CREDIT, SPENT}),
        ("DELETE FROM credit_use WHERE back_transfer_id IS NULL", {CREDIT}),
        ("UPDATE credit_use SET back_transfer_id = NULL, given_back_at = NULL", {CREDIT, SPENT}),
        ("UPDATE credit_use SET user_id = id WHERE back_transfer_id IS NULL", {CREDIT, SPENT}),
        ("UPDATE ledger_entry SET amount_vnd = amount_vnd + 1, balance_after_vnd = balance_after_vnd + 1"
         " WHERE account_id IN"
         " (SELECT id FROM ledger_account WHERE kind = 'payer_credit')", {CREDIT}),
        ("UPDATE payer_wish SET action_id = allocation_id", {WISH}),
        ("UPDATE payer_wish SET request_id = allocation_id", {WISH}),
    ],
)  # fmt: skip
def test_a_planted_fault_in_payers_credit_is_found(kept_and_spent, superuser, fault, seen_by):
    assert superuser.execute(fault).rowcount > 0
    assert seen_by <= broken()
