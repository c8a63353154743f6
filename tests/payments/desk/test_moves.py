"""Money leaves suspense for where a person says, once, and comes back when it was a mistake."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.core.errors import SignInNeeded
from app.core.money import FOUR_EYES_VND
from app.payments.desk import queries
from app.payments.desk.errors import (
    ActionNotFound,
    BadAction,
    ItemNotFound,
    KeyUsed,
    MoreThanMissing,
    NotEnoughWaiting,
    NotFinished,
    NotTheirAccount,
    RequestNotOpen,
    SamePerson,
)
from app.payments.desk.models import DeskAction, DeskItem, Kind
from app.payments.desk.wanted import Wish
from app.payments.ledger.models import AccountKind
from app.payments.requests import operations as request_operations
from app.payments.requests import queries as requests
from app.payments.requests import services as request_services
from app.payments.requests.errors import MoneyBuiltUpon, RequestNotFound
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.fakes.clock import FrozenClock
from tests.payments.desk.world import (
    REASON,
    act,
    approve,
    attach,
    balance_vnd,
    fresh,
    person,
    reject,
    send_back,
    strand,
    undo,
    waiting_vnd,
)
from tests.payments.ledger.parallel import at_once

DONE = "done_at = now(), transfer_id = allocation_id, state = 'done'"
CLOSED = "closed_by = id, closed_at = now(), closed_reason = 'nhầm'"
pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def purpose():
    return make_purpose()


@pytest.fixture
def payee(purpose):
    return make_payee()


def test_attached_money_pays_its_request_and_is_heard(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    notice = strand(client, payee[1], 50_000)
    [action] = act(notice, attach(request, 50_000))
    assert (action.state, action.needs_approval) == ("done", False)
    assert (fresh(request).status, waiting_vnd(notice)) == ("paid", 0)
    assert purpose.paid == [request.purpose_id]
    assert balance_vnd(AccountKind.RECEIVED, payee[0].id) == 50_000
    assert balance_vnd(AccountKind.SUSPENSE, "sepay") == 0
    assert [arrival.amount_vnd for arrival in requests.arrivals_since(payee[0].id, 0)] == [50_000]
    assert queries.suspense(cursor=None, limit=5).items == []


def test_one_notice_is_split_over_several_requests(client, purpose, payee):
    asked = [make_request(payee_id=payee[0].id, amount_vnd=vnd) for vnd in (20_000, 30_000)]
    notice = strand(client, payee[1], 60_000)
    act(notice, attach(asked[1], 30_000), attach(asked[0], 15_000), send_back(5_000))
    assert [fresh(request).status for request in asked] == ["part_paid", "paid"]
    assert waiting_vnd(notice) == 10_000


def test_a_split_that_does_not_fit_moves_nothing_at_all(client, purpose, payee):
    asked = [make_request(payee_id=payee[0].id, amount_vnd=vnd) for vnd in (20_000, 30_000)]
    notice = strand(client, payee[1], 60_000)
    with pytest.raises(MoreThanMissing):
        act(notice, attach(asked[0], 20_000), attach(asked[1], 30_001))
    with pytest.raises(NotEnoughWaiting):
        act(notice, attach(asked[0], 20_000), attach(asked[1], 30_000), send_back(10_001))
    assert [fresh(request).status for request in asked] == ["asked", "asked"]
    assert waiting_vnd(notice) == 60_000
    assert queries.actions(notice) == []


def test_more_than_waits_is_not_given(client, purpose, payee):
    request = make_request(payee_id=payee[0].id, amount_vnd=90_000)
    notice = strand(client, payee[1], 50_000)
    with pytest.raises(NotEnoughWaiting):
        act(notice, attach(request, 50_001))
    act(notice, attach(request, 30_000))
    with pytest.raises(NotEnoughWaiting):
        act(notice, attach(request, 20_001))
    act(notice, attach(request, 20_000))
    assert (fresh(request).status, fresh(request).paid_vnd) == ("part_paid", 50_000)


def test_the_same_call_twice_moves_money_once(client, purpose, payee):
    request = make_request(payee_id=payee[0].id, amount_vnd=90_000)
    notice = strand(client, payee[1], 50_000)
    who = person()
    first = act(notice, attach(request, 20_000), by=who, key="k")
    again = act(notice, attach(request, 20_000), by=who, key="k")
    assert [action.id for action in first] == [action.id for action in again]
    assert fresh(request).paid_vnd == 20_000
    with pytest.raises(KeyUsed):
        act(notice, attach(request, 20_001), by=who, key="k")
    with pytest.raises(KeyUsed):
        act(notice, send_back(20_000), by=who, key="k")


def test_money_is_given_once_however_many_ask_for_it(app: Flask, client, purpose, payee):
    asked = [make_request(payee_id=payee[0].id) for _number in range(20)]
    notice = strand(client, payee[1], 50_000)
    results = at_once(app, [partial(act, notice, attach(request, 50_000)) for request in asked])
    refused = [result for result in results if isinstance(result, NotEnoughWaiting)]
    assert (len(refused), sum(isinstance(result, list) for result in results)) == (19, 1)
    assert sorted(fresh(request).status for request in asked) == ["asked"] * 19 + ["paid"]
    assert balance_vnd(AccountKind.RECEIVED, payee[0].id) == 50_000


def test_two_people_undoing_at_once_take_it_back_once(app: Flask, client, purpose, payee):
    request = make_request(payee_id=payee[0].id, amount_vnd=90_000)
    notice = strand(client, payee[1], 50_000)
    [action] = act(notice, attach(request, 50_000))
    results = at_once(app, [lambda: undo(action)] * 8)
    assert sum(isinstance(result, NotFinished) for result in results) == 7
    assert waiting_vnd(notice) == 50_000
    assert fresh(request).paid_vnd == 0


@pytest.mark.parametrize("end", ["expired", "cancelled", "paid"])
def test_a_request_that_is_over_is_not_revived(client, purpose, payee, end):
    request = make_request(payee_id=payee[0].id)
    notice = strand(client, payee[1], 50_000)
    if end == "expired":
        request_services.expire_due(clock=FrozenClock(request.expires_at + timedelta(hours=1)))
    elif end == "cancelled":
        with transaction():
            request_operations.cancel(requests.by_code(request.code, for_update=True), clock=SYSTEM_CLOCK)
    else:
        act(strand(client, payee[1], 50_000), attach(request, 50_000))
    with pytest.raises(RequestNotOpen) as refused:
        act(notice, attach(request, 1_000))
    assert refused.value.details["request_status"] == end
    assert fresh(request).status == end
    assert waiting_vnd(notice) == 50_000


def test_money_at_somebody_elses_account_is_not_given_on_paper(client, purpose, payee):
    other, _number = make_payee()
    theirs = make_request(payee_id=other.id)
    by_card = make_request(payee_id=payee[0].id, method="card")
    notice = strand(client, payee[1], 50_000)
    for request in (theirs, by_card):
        with pytest.raises(NotTheirAccount):
            act(notice, attach(request, 50_000))


def test_what_makes_no_sense_is_refused(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    notice = strand(client, payee[1], 50_000)
    for wishes in (
        [attach(request, 0)],
        [attach(request, -5)],
        [],
        [attach(request, 1_000, reason="x ")],
        [attach(request, 1_000, reason="x" * 301)],
        [attach(request, 1_000), attach(request, 2_000)],
        [send_back(1_000, reference="  ")],
        [send_back(1_000, reference="x" * 61)],
    ):
        with pytest.raises(BadAction):
            act(notice, *wishes)
    with pytest.raises(RequestNotFound):
        act(notice, Wish(Kind.ATTACH, 1_000, REASON, request_code="CP22222222"))
    with pytest.raises(ItemNotFound):
        act(request.id, attach(request, 1_000))
    with pytest.raises(ActionNotFound):
        undo(DeskAction(id=request.id))
    with pytest.raises(SignInNeeded):
        act(notice, attach(request, 1_000), by=type(person())())
    assert waiting_vnd(notice) == 50_000


def test_returned_money_leaves_for_the_bank_and_may_be_found_again(client, purpose, payee):
    notice = strand(client, payee[1], 50_000)
    [action] = act(notice, send_back(50_000))
    assert balance_vnd(AccountKind.OUTSIDE_BANK, "sepay") == balance_vnd(AccountKind.SUSPENSE, "sepay") == 0
    assert action.bank_reference == "FT-TRA-1"
    undo(action)
    assert balance_vnd(AccountKind.SUSPENSE, "sepay") == 50_000
    assert waiting_vnd(notice) == 50_000
    with pytest.raises(NotFinished):
        undo(action)


def test_a_part_payment_is_taken_back_and_its_arrival_stays(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    notice = strand(client, payee[1], 40_000)
    [first] = act(notice, attach(request, 10_000))
    [second] = act(notice, attach(request, 20_000))
    undo(first)
    assert (fresh(request).status, fresh(request).paid_vnd) == ("part_paid", 20_000)
    undo(second)
    assert (fresh(request).status, fresh(request).paid_vnd) == ("asked", 0)
    assert waiting_vnd(notice) == 40_000
    assert [arrival.seq for arrival in requests.arrivals_since(payee[0].id, 0)] == [1, 2]
    act(notice, attach(request, 40_000))
    assert [arrival.seq for arrival in requests.arrivals_since(payee[0].id, 0)] == [1, 2, 3]
    assert balance_vnd(AccountKind.RECEIVED, payee[0].id) == 40_000


def test_what_a_closed_request_was_given_is_taken_back_and_it_stays_closed(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    [action] = act(strand(client, payee[1], 20_000), attach(request, 20_000))
    request_services.expire_due(clock=FrozenClock(request.expires_at + timedelta(hours=1)))
    undo(action)
    assert (fresh(request).status, fresh(request).paid_vnd) == ("expired", 0)


def test_a_request_that_was_paid_stays_paid_unless_its_room_lets_go(client, purpose, payee, monkeypatch):
    request = make_request(payee_id=payee[0].id)
    notice = strand(client, payee[1], 50_000)
    [action] = act(notice, attach(request, 50_000))
    with pytest.raises(MoneyBuiltUpon):
        undo(action)
    assert (fresh(request).status, waiting_vnd(notice)) == ("paid", 0)
    monkeypatch.setattr(purpose, "may_undo", lambda _request: True, raising=False)
    undo(action)
    assert (fresh(request).status, fresh(request).paid_at, waiting_vnd(notice)) == ("asked", None, 50_000)


def test_above_the_limit_a_second_person_decides(client, purpose, payee):
    request = make_request(payee_id=payee[0].id, amount_vnd=FOUR_EYES_VND + 1)
    notice = strand(client, payee[1], FOUR_EYES_VND + 1)
    maker, checker = person(), person()
    [action] = act(notice, attach(request, FOUR_EYES_VND + 1), by=maker)
    assert (action.state, action.transfer_id) == ("proposed", None)
    assert (fresh(request).status, waiting_vnd(notice)) == ("asked", 0)
    assert balance_vnd(AccountKind.SUSPENSE, "sepay") == FOUR_EYES_VND + 1
    with pytest.raises(NotEnoughWaiting):
        act(notice, send_back(1))
    with pytest.raises(SamePerson):
        approve(action, maker)
    approve(action, checker)
    approve(action, checker)
    assert fresh(request).status == "paid"
    with pytest.raises(NotFinished):
        reject(action, maker)


def test_the_limit_is_not_walked_around_in_small_steps(client, purpose, payee):
    notice = strand(client, payee[1], 3 * FOUR_EYES_VND)
    maker = person()
    states = [act(notice, send_back(FOUR_EYES_VND // 2), by=maker)[0].state for _number in range(3)]
    assert states == ["done", "done", "proposed"]
    parts = act(notice, send_back(FOUR_EYES_VND), send_back(1), by=person())
    assert {part.state for part in parts} == {"proposed"}


def test_rejected_money_waits_again(client, purpose, payee):
    notice = strand(client, payee[1], FOUR_EYES_VND + 1)
    [action] = act(notice, send_back(FOUR_EYES_VND + 1))
    checker = person()
    assert reject(action, checker).state == "rejected"
    assert reject(action, checker).closed_by == checker.user_id
    assert waiting_vnd(notice) == FOUR_EYES_VND + 1
    with pytest.raises(NotFinished):
        approve(action, checker)


def test_a_request_that_was_paid_meanwhile_is_not_paid_twice_by_an_approval(client, purpose, payee):
    request = make_request(payee_id=payee[0].id, amount_vnd=FOUR_EYES_VND + 1)
    notices = [strand(client, payee[1], FOUR_EYES_VND + 1) for _number in range(2)]
    proposed = [act(notice, attach(request, FOUR_EYES_VND + 1))[0] for notice in notices]
    approve(proposed[0], person())
    with pytest.raises(RequestNotOpen):
        approve(proposed[1], person())
    assert reject(proposed[1], person()).state == "rejected"


def test_ten_approvals_at_once_move_the_money_once(app: Flask, client, purpose, payee):
    request = make_request(payee_id=payee[0].id, amount_vnd=FOUR_EYES_VND + 1)
    [action] = act(strand(client, payee[1], FOUR_EYES_VND + 1), attach(request, FOUR_EYES_VND + 1))
    results = at_once(app, [lambda: approve(action, person()) for _number in range(10)])
    assert sum(isinstance(result, NotFinished) for result in results) == 9
    assert balance_vnd(AccountKind.RECEIVED, payee[0].id) == FOUR_EYES_VND + 1


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        (f"{DONE}, approved_by = created_by", "ck_desk_action_four_eyes"),
        (DONE, "ck_desk_action_approval"),
        (
            f"{DONE}, approved_by = id, {CLOSED}, undo_transfer_id = allocation_id".replace("'done'", "'undone'"),
            "does not become",
        ),
        (f"{CLOSED}, state = 'proposed'", "ck_desk_action_closed"),
        ("state = 'rejected'", "ck_desk_action_closed"),
    ],
)
def test_the_database_itself_wants_two_people_and_known_steps(client, purpose, payee, change, constraint):
    act(strand(client, payee[1], FOUR_EYES_VND + 1), send_back(FOUR_EYES_VND + 1))
    with pytest.raises(sa.exc.DBAPIError, match=constraint), transaction() as session:
        session.execute(sa.text(f"UPDATE desk_action SET {change}"))


def test_the_database_itself_gives_no_more_than_waits(client, purpose, payee):
    notice = strand(client, payee[1], 50_000)
    item = queries.item(notice)
    with pytest.raises(sa.exc.IntegrityError, match="ck_desk_item_waiting"), transaction() as session:
        session.add(
            DeskAction(
                allocation_id=item.allocation_id,
                kind=Kind.RETURN_TO_SENDER,
                amount_vnd=50_001,
                bank_reference="FT",
                reason=REASON,
                needs_approval=True,
                state="proposed",
                created_by=notice,
                created_at=SYSTEM_CLOCK.now(),
                idempotency_key="x",
                position=0,
            )
        )


def test_nobody_changes_or_forgets_what_was_done(client, purpose, payee):
    act(strand(client, payee[1], 50_000), send_back(1_000))
    for statement in (
        "UPDATE desk_action SET amount_vnd = 1",
        "UPDATE desk_action SET reason = 'abc'",
        "DELETE FROM desk_action",
        "DELETE FROM desk_item",
        "UPDATE desk_item SET amount_vnd = 1",
    ):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), transaction() as session:
            session.execute(sa.text(statement))


def test_every_act_is_in_the_audit_record(client, purpose, payee):
    who, other = person(), person()
    notice = strand(client, payee[1], FOUR_EYES_VND + 1)
    [small] = act(notice, send_back(1_000), by=who)
    undo(small, by=who)
    [large] = act(notice, send_back(FOUR_EYES_VND + 1), by=who)
    reject(large, other)
    [again] = act(notice, send_back(FOUR_EYES_VND + 1), by=who)
    approve(again, other)
    told = db.session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [(event.action, event.actor_id == who.user_id) for event in told] == [
        ("desk.done", True),
        ("desk.undone", True),
        ("desk.proposed", True),
        ("desk.rejected", False),
        ("desk.proposed", True),
        ("desk.approved", False),
    ]
    assert {event.subject_id for event in told} == {small.id, large.id, again.id}
    assert all(event.details["amount_vnd"] and event.details["reason"] for event in told)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(DeskItem)) == 1
