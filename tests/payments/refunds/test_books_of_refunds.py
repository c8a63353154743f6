"""A fault of each kind, planted past all defences, is found under the name of its invariant; and the state table."""

from __future__ import annotations

from itertools import product

import psycopg
import pytest

from app.config import libpq_url
from app.core.database import db
from app.core.states import ImpossibleStep
from app.payments.cards.gateway import UnreadableIntent, read_refund
from app.payments.ledger.books import check_books
from app.payments.refunds.states import NEXT, OVER, Event, State, fits, step
from app.payments.requests.debts import share_vnd
from tests.payments.refunds.world import ask

SENT = "the ledger sent out what succeeded refunds say, and nothing for any other refund"
HELD = "a refund under way holds its amount in reserve, every other none"
SUMS = "what went back or is going back of a request is the sum of its refunds, never above what was paid"
OWES = "what the card gateway owes is all it took and neither gave back, nor kept, nor paid out"
ORPHAN = "money moved for a refund has its refund"
FAULTS = {
    "a refund that moved another amount": (
        "UPDATE refund SET amount_vnd = 19999, seller_vnd = 19999 WHERE amount_vnd = 20000",
        {SENT, SUMS, OWES},
    ),
    "a refund called back though its money left": (
        "UPDATE refund SET status = 'refused' WHERE amount_vnd = 20000",
        {SENT, SUMS, OWES},
    ),
    "a refund under way without its reserve": (
        "UPDATE refund SET status = 'succeeded', finished_at = now(), gateway_refund_id = 're_x'"
        " WHERE amount_vnd = 5000",
        {SENT, HELD, SUMS, OWES},
    ),
    "a request that says it got less back": ("UPDATE payment_request SET refunded_vnd = 0", {SUMS}),
    "a refund that is gone": ("DELETE FROM refund WHERE amount_vnd = 20000", {ORPHAN, SUMS, OWES}),
    "a refund's money under another name": (
        "UPDATE ledger_transfer SET purpose_kind = 'other' WHERE purpose_kind = 'refund' AND kind = 'post_pending'",
        {SENT},
    ),
}


@pytest.mark.breaks_books
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_by_name(database_url, stripe_wire, paid, fault):
    ask(paid, 20_000)
    stripe_wire.faults(fail_5xx=1)
    assert ask(paid, 5_000).status == "unknown"
    assert [broken.name for broken in check_books() if broken.problems] == []
    db.session.rollback()
    sql, names = FAULTS[fault]
    with psycopg.connect(libpq_url(database_url), autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(sql)
    assert {broken.name for broken in check_books() if broken.problems} == names


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_pair_leads_where_the_table_says_or_raises(state: State, event: Event) -> None:
    assert fits(state, event) is ((state, event) in NEXT)
    if (state, event) in NEXT:
        assert step(state, event) is NEXT[state, event]
    else:
        with pytest.raises(ImpossibleStep):
            step(state, event)


def test_what_is_over_stays_over_unless_the_money_comes_back() -> None:
    reopened = {(state, event): after for (state, event), after in NEXT.items() if state in OVER}
    assert reopened == {
        (State.SUCCEEDED, Event.REFUSED): State.REFUSED,
        (State.SUCCEEDED, Event.CAME_BACK): State.CANCELLED,
    }


@pytest.mark.parametrize(
    "broken",
    [{"amount": 0}, {"amount": True}, {"amount": "1"}, {"amount": None}, {"currency": "usd"}, {"id": None},
     {"status": 1}],
)  # fmt: skip
def test_a_refund_not_shaped_as_documented_is_not_read(broken: dict[str, object]) -> None:
    told = {"id": "re_1", "status": "succeeded", "amount": 5, "currency": "vnd", "metadata": None}
    assert read_refund(told).refund_id is None
    with pytest.raises(UnreadableIntent):
        read_refund({**told, **broken})
    with pytest.raises(UnreadableIntent):
        read_refund({name: value for name, value in told.items() if name not in broken})


@pytest.mark.parametrize(("received_vnd", "share"), [(1, 0), (3, 0), (4, 1), (10_000, 3_000), (9_999, 2_999)])
def test_three_tenths_at_most_rounded_for_the_seller(received_vnd: int, share: int) -> None:
    assert share_vnd(received_vnd) == share
