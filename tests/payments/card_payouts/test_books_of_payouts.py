"""A fault of each kind in the payouts of the gateway, planted past all defences, is found by its name."""

from __future__ import annotations

import psycopg
import pytest

from app.config import libpq_url
from app.core.database import db
from app.payments.ledger.books import check_books
from tests.payments.card_payouts.world import catch_up, discover, known

MOVED = "a booked payout of the card gateway moved its net amount, if it arrived, and its fee, and no other did"
ORPHAN = "money moved for a payout of the card gateway has its payout"
SUMS = "a payout of the card gateway says of itself what its lines come to"
OWES = "what the card gateway owes is all it took and neither gave back, nor kept, nor paid out"
SETTLED = "a card payment counts as paid out when one fitting line of a payout says so"
FAULTS = {
    "another net amount": ("UPDATE card_payout SET amount_vnd = amount_vnd + 1, other_vnd = 1", {MOVED, SUMS, OWES}),
    "another fee": ("UPDATE card_payout SET fee_vnd = fee_vnd + 1, other_vnd = 1", {MOVED, OWES}),
    "booked, and not said so": ("UPDATE card_payout SET booked_at = NULL, net_booked = false", {MOVED, OWES}),
    "failed, and not taken back": ("UPDATE card_payout SET status = 'failed'", {MOVED}),
    "a payout that is gone": ("DELETE FROM card_payout", {ORPHAN, OWES}),
    "a line that is gone": ("DELETE FROM card_payout_line", {SUMS, SETTLED}),
    "a difference that is not counted": ("UPDATE card_payout_line SET difference = 'amount'", {SUMS, SETTLED}),
    "a payment that was never paid out": ("UPDATE card_payment SET settled_at = NULL", {SETTLED}),
}


@pytest.mark.breaks_books
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_by_name(database_url, stripe_wire, pay, fault):
    pay()
    told = stripe_wire.pay_out()
    stripe_wire.finish_payout(told["id"])
    discover()
    catch_up(known(told["id"]))
    assert [broken.name for broken in check_books() if broken.problems] == []
    db.session.rollback()
    sql, names = FAULTS[fault]
    with psycopg.connect(libpq_url(database_url), autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(sql)
    assert {broken.name for broken in check_books() if broken.problems} == names
