"""Above the limit two people take back what was done; and two use cases that wait for each other both get through."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, require_transaction, transaction
from app.core.money import FOUR_EYES_VND
from app.identity.roles import Role
from app.payments.bank import services as bank
from app.payments.bank.models import BankNotice, Wire
from app.payments.bank.wires import Notice
from app.payments.desk import queries
from app.payments.desk.errors import NotFinished
from app.payments.desk.queries import View
from app.payments.ledger.models import AccountKind
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import make_user, sign_in
from tests.payments.desk.test_pages import LIST, send_token
from tests.payments.desk.world import (
    REASON,
    act,
    approve,
    attach,
    balance_vnd,
    fresh,
    keep,
    person,
    send_back,
    strand,
    undo,
    waiting_vnd,
)
from tests.payments.ledger.parallel import at_once

MUCH = FOUR_EYES_VND + 1


@pytest.fixture
def payee(app: Flask):
    make_purpose()
    return make_payee()


@pytest.fixture
def done(client, payee):
    """A large return that two people let go; its notice."""
    notice = strand(client, payee[1], MUCH)
    maker = person()
    [action] = act(notice, send_back(MUCH), by=maker)
    approve(action, person())
    return action, notice, maker


def test_one_asks_and_another_takes_it_back(done):
    action, notice, maker = done
    other = person()
    for _twice in range(2):
        assert undo(action, by=maker).state == "done"
    assert (waiting_vnd(notice), balance_vnd(AccountKind.SUSPENSE, "sepay")) == (0, 0)
    assert [item.notice_id for item in queries.suspense(cursor=None, limit=5, view=View.PROPOSED).items] == [notice]
    taken = undo(action, by=other)
    assert (taken.state, taken.undo_asked_by, taken.closed_by) == ("undone", maker.user_id, other.user_id)
    assert (waiting_vnd(notice), balance_vnd(AccountKind.SUSPENSE, "sepay")) == (MUCH, MUCH)
    with pytest.raises(NotFinished):
        undo(action, by=maker)
    assert queries.suspense(cursor=None, limit=5, view=View.PROPOSED).items == []
    told = db.session.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert told[-2:] == ["desk.undo_proposed", "desk.undone"]


def test_what_is_kept_is_asked_for_anew(done):
    action, notice, maker = done
    undo(action, by=maker)
    assert keep(action).undo_asked_by is None
    other = person()
    assert (undo(action, by=other).state, waiting_vnd(notice)) == ("done", 0)
    assert undo(action, by=maker).state == "undone"
    with pytest.raises(NotFinished):
        keep(action)


def test_parts_add_up_to_the_limit(client, payee):
    notice = strand(client, payee[1], 2 * FOUR_EYES_VND)
    half = FOUR_EYES_VND // 2
    parts = [act(notice, send_back(half, f"FT{at}"), by=person())[0] for at in range(3)]
    who = person()
    assert [undo(part, by=who).state for part in parts] == ["undone", "undone", "done"]
    assert undo(parts[2]).state == "undone"


def test_the_database_itself_wants_two_people(done):
    action, _notice, maker = done
    gone = (
        "state = 'undone', closed_by = '%s', closed_at = now(), closed_reason = 'abc', undo_transfer_id = transfer_id"
    )
    with pytest.raises(sa.exc.DBAPIError, match="nobody asked before"), transaction() as session:
        session.execute(sa.text(f"UPDATE desk_action SET {gone % maker.user_id}"))
    undo(action, by=maker)
    with pytest.raises(sa.exc.DBAPIError, match="ck_desk_action_undo_four_eyes"), transaction() as session:
        session.execute(sa.text(f"UPDATE desk_action SET {gone % maker.user_id}"))


def test_the_page_leads_two_people_through_it(client, done):
    action, notice, _maker = done
    first, second = (make_user(role=Role.FINANCE, areas=["*"]) for _each in range(2))
    sign_in(client, first)
    assert send_token(client, f"/viec/{action.id}/go", notice, reason=REASON).status_code == 303
    shown = client.get(f"{LIST}/{notice}").text
    assert "Đã ghi đề nghị gỡ" in shown and "Bạn là người đề nghị gỡ" in shown and "Đồng ý gỡ" not in shown
    assert "Không gỡ nữa" in shown
    sign_in(client, second)
    assert "Đồng ý gỡ" in client.get(f"{LIST}/{notice}").text
    assert send_token(client, f"/viec/{action.id}/go", notice, reason="").status_code == 422
    assert send_token(client, f"/viec/{action.id}/go", notice, reason=REASON).status_code == 303
    assert waiting_vnd(notice) == MUCH


def test_a_split_and_a_webhook_that_wait_for_each_other_both_get_through(app: Flask, client, payee, monkeypatch):
    purpose = make_purpose()
    first, second, third = (make_request(payee_id=payee[0].id) for _each in range(3))
    notice = strand(client, payee[1], 100_000)
    act(notice, attach(make_request(payee_id=payee[0].id, amount_vnd=90_000), 1))  # every account is open before
    notice = strand(client, payee[1], 100_000)
    arrived = bank.take_in(
        Wire.SEPAY,
        b"{}",
        Notice("later", "in", 50_000, (payee[1],), f"{third.code} CHO PHIEN", "FTX", SYSTEM_CLOCK.now()),
        clock=SYSTEM_CLOCK,
    )
    db.session.rollback()
    codes = [request.code for request in (first, second, third)]
    wishes = [attach(first, 50_000), attach(second, 50_000)]
    posted, held, told = threading.Event(), threading.Event(), []

    def on_paid(request, *, clock):
        """The second and the third share a row of their purpose, as two orders of one stall may."""
        told.append(request.code)
        if request.code == codes[1]:
            posted.set()
            held.wait(10)
        if request.code != codes[0]:
            require_transaction().execute(sa.text("SELECT pg_advisory_xact_lock(77)"))
        if request.code == codes[2]:
            held.set()
            posted.wait(10)

    monkeypatch.setattr(purpose, "on_paid", on_paid)
    results = at_once(
        app,
        [
            lambda: act(notice, *wishes),
            lambda: bank.handle(arrived, clock=SYSTEM_CLOCK),
        ],
    )
    assert [result for result in results if isinstance(result, Exception)] == []
    assert len(told) > 3, "nobody waited for anybody: the test shows nothing"
    assert {fresh(request).status for request in (first, second, third)} == {"paid"}
    assert db.session.get_one(BankNotice, arrived).outcome == "matched"
    assert balance_vnd(AccountKind.RECEIVED, payee[0].id) == 150_001
