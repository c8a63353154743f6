"""A batch from draft to settled: who is in it, who may let it go, and that nobody is paid twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
import pytest
import sqlalchemy as sa

from app.config import libpq_url
from app.core.actor import SYSTEM
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.payments.payouts import contacts, queries, services
from app.payments.payouts.errors import KeyReused, NoLongerPayable, NothingToPay, SecondPersonNeeded, WrongMoment
from app.payments.payouts.limits import Limits
from app.payments.payouts.states import Event
from tests.factories.payments import make_payee
from tests.payments.ledger.parallel import at_once
from tests.payments.payouts.world import (
    OWN,
    At,
    at_the_bank_vnd,
    build,
    by_hand,
    change_account,
    collect,
    fresh,
    money,
    payouts,
    promise,
    sent,
    sold,
    states,
    the_payout,
)

TODAY = SYSTEM_CLOCK.now().date()


def test_collected_money_reaches_the_seller_once_two_people_and_the_bank_agree(maker, approver):
    seller = sold(50_000)
    batch = build(maker)
    assert [(payout.payee_id, payout.amount_vnd) for payout in payouts(batch)] == [(seller, 50_000)]
    assert money(seller) == (50_000, 0)
    services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    assert (fresh(batch).status, money(seller)) == ("approved", (50_000, 50_000))
    services.xml_file(batch.id, own=OWN, actor=maker, clock=SYSTEM_CLOCK)
    assert (fresh(batch).status, states(batch)) == ("sent", ["sent"])
    by_hand(the_payout(batch), Event.CONFIRMED, maker)
    assert (fresh(batch).status, states(batch)) == ("settled", ["confirmed"])
    assert (money(seller), at_the_bank_vnd()) == ((0, 0), 50_000)


def test_who_makes_a_batch_never_approves_it(maker, approver):
    sold()
    batch = build(maker)
    for alone in (maker, SYSTEM):
        with pytest.raises(SecondPersonNeeded):
            services.approve(batch.id, actor=alone, clock=SYSTEM_CLOCK)
    assert fresh(batch).status == "draft"


def test_the_database_itself_refuses_one_pair_of_eyes(database_url, maker):
    sold()
    batch = build(maker)
    with psycopg.connect(libpq_url(database_url)) as superuser, pytest.raises(psycopg.errors.CheckViolation) as refused:
        superuser.execute(
            "UPDATE payout_batch SET status = 'approved', approved_by = created_by, approved_at = now() WHERE id = %s",
            [batch.id],
        )
    assert refused.value.diag.constraint_name == "ck_payout_batch_four_eyes"


def test_the_database_itself_pays_nobody_twice_for_a_period(database_url, maker, approver):
    sold()
    batch = sent(maker, approver)
    with (
        psycopg.connect(libpq_url(database_url)) as superuser,
        pytest.raises(psycopg.errors.UniqueViolation) as refused,
    ):
        superuser.execute(
            "INSERT INTO payout (id, code, batch_id, payee_id, bank_account_id, purpose, period, amount_vnd, status,"
            " created_at, updated_at) SELECT gen_random_uuid(), 'PT2', batch_id, payee_id, bank_account_id, purpose,"
            " period, 1, 'draft', now(), now() FROM payout WHERE batch_id = %s",
            [batch.id],
        )
    assert refused.value.diag.constraint_name == "uq_payout_purpose_period_payee"


@pytest.mark.parametrize("column", ["amount_vnd = 1", "payee_id = id", "bank_account_id = id", "period = now()"])
def test_the_application_cannot_change_what_was_drafted(maker, column):
    sold()
    build(maker)
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), transaction() as session:
        session.execute(sa.text(f"UPDATE payout SET {column}"))


def test_small_sums_wait_and_large_ones_go_in_parts(maker):
    sold(9_999)
    rich = sold(70_000)
    limits = Limits(minimum_vnd=10_000, max_payout_vnd=30_000)
    batch = build(maker, limits=limits)
    assert [(payout.payee_id, payout.amount_vnd) for payout in payouts(batch)] == [(rich, 30_000)]


def test_a_full_batch_leaves_the_others_to_the_next(maker):
    sellers = {sold(40_000) for _each in range(3)}
    limits = Limits(max_batch_vnd=100_000)
    first = build(maker, limits=limits)
    assert sum(payout.amount_vnd for payout in payouts(first)) == 80_000
    assert [one.reason for one in queries.held(first.id)] == ["batch_full"]
    second = build(maker, limits=limits)
    assert {payout.payee_id for batch in (first, second) for payout in payouts(batch)} == sellers


def test_nobody_due_makes_no_batch(maker):
    sold(5)
    with pytest.raises(NothingToPay):
        build(maker)
    assert queries.batches(cursor=None, limit=5).items == []


def test_a_changed_account_waits_three_days_and_the_old_contact_hears_of_it_once(maker, monkeypatch):
    told = []

    class Teller:
        def account_changed(self, payee_id, *, held_until, clock):
            told.append((payee_id, held_until))

    changed_at = SYSTEM_CLOCK.now() - timedelta(hours=71)
    seller, other = sold(), sold(20_000)
    change_account(seller, "2233445566", clock=At(changed_at))
    monkeypatch.setitem(contacts._TELLERS, "shop", Teller())
    batch = build(maker)
    assert [payout.payee_id for payout in payouts(batch)] == [other]
    (held,) = queries.held(batch.id)
    until = changed_at + timedelta(hours=72)
    assert (held.payee_id, held.reason, held.held_until) == (seller, "account_changed", until)
    with pytest.raises(NothingToPay):
        build(maker)
    assert told == [(seller, until)]
    later = At(until + timedelta(seconds=1))
    assert [payout.payee_id for payout in payouts(build(maker, clock=later))] == [seller]


def test_the_first_account_ever_waits_for_nothing(maker):
    payee = make_payee()[0]
    collect(payee.id, 50_000)
    assert [payout.payee_id for payout in payouts(build(maker))] == [payee.id]


def test_without_an_account_the_money_waits_and_is_listed(maker, database_url):
    lost = sold(90_000)
    sold(20_000)
    with psycopg.connect(libpq_url(database_url), autocommit=True) as superuser:
        superuser.execute("UPDATE bank_account SET active = false WHERE payee_id = %s", [lost])
    batch = build(maker)
    assert [(one.payee_id, one.reason, one.amount_vnd) for one in queries.held(batch.id)] == [
        (lost, "no_account", 90_000)
    ]


def test_what_changed_since_the_draft_falls_out_and_never_adds(maker, approver):
    spent, moved, same = sold(50_000), sold(60_000), sold(70_000)
    batch = build(maker)
    promise(spent, 1)
    change_account(moved, "9988776655")
    collect(same, 5_000)
    services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    told = {payout.payee_id: (payout.status, payout.reason_code) for payout in payouts(batch)}
    assert told == {
        spent: ("cancelled", "balance_changed"),
        moved: ("cancelled", "account_changed"),
        same: ("approved", None),
    }
    assert (money(spent), money(same)) == ((50_000, 1), (75_000, 70_000))
    services.xml_file(batch.id, own=OWN, actor=maker, clock=SYSTEM_CLOCK)
    kept = next(payout for payout in payouts(batch) if payout.payee_id == same)
    by_hand(kept, Event.CONFIRMED, maker)
    assert fresh(batch).status == "settled"


def test_a_batch_of_which_nothing_remains_is_not_approved(maker, approver):
    seller = sold()
    batch = build(maker)
    promise(seller, 50_000)
    with pytest.raises(NoLongerPayable):
        services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    assert (fresh(batch).status, states(batch)) == ("draft", ["draft"])


def test_a_cancelled_batch_frees_its_money_for_another(maker, approver):
    seller = sold()
    batch = build(maker)
    services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    for _twice in range(2):
        services.cancel(batch.id, reason="Nhầm ngày", actor=maker, clock=SYSTEM_CLOCK)
    assert (fresh(batch).status, states(batch), money(seller)) == ("cancelled", ["cancelled"], (50_000, 0))
    assert len(payouts(build(maker))) == 1


def test_once_the_file_left_only_the_banks_word_counts(maker, approver):
    sold()
    batch = sent(maker, approver)
    with pytest.raises(WrongMoment):
        services.cancel(batch.id, reason="Thôi", actor=maker, clock=SYSTEM_CLOCK)
    assert fresh(batch).status == "sent"


def test_before_the_file_left_no_answer_is_taken(maker, approver):
    sold()
    batch = build(maker)
    for _step in range(2):
        for event in (Event.CONFIRMED, Event.RETURNED):
            with pytest.raises(WrongMoment):
                by_hand(the_payout(batch), event, maker)
        if fresh(batch).status == "draft":
            services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    with pytest.raises(WrongMoment):
        services.upload(batch.id, data=b"x", file_name="x.csv", actor=maker, clock=SYSTEM_CLOCK)


def test_returned_money_is_payable_again_in_a_later_period(maker, approver):
    seller = sold()
    batch = sent(maker, approver)
    by_hand(the_payout(batch), Event.RETURNED, maker, "Sai số tài khoản")
    assert (states(batch), money(seller), at_the_bank_vnd()) == (["returned"], (50_000, 0), 0)
    with pytest.raises(NothingToPay):
        build(maker)
    again = sent(maker, approver, period=TODAY + timedelta(days=2))
    by_hand(the_payout(again), Event.CONFIRMED, maker)
    assert (money(seller), at_the_bank_vnd()) == ((0, 0), 50_000)


def test_a_return_after_the_confirmation_takes_the_money_back(maker, approver):
    seller = sold()
    batch = sent(maker, approver)
    for event in (Event.CONFIRMED, Event.CONFIRMED, Event.RETURNED, Event.RETURNED):
        by_hand(the_payout(batch), event, maker)
    assert (states(batch), money(seller), at_the_bank_vnd()) == (["returned"], (50_000, 0), 0)
    with pytest.raises(WrongMoment):
        by_hand(the_payout(batch), Event.CONFIRMED, maker)
    acts = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.subject_kind == "payout")).all()
    assert sorted(acts) == ["payout_confirmed_by_hand", "payout_returned_by_hand"]


def test_the_clock_drafts_once_a_day_and_anybody_of_finance_approves(approver):
    sold()
    morning = At(datetime(2026, 12, 1, 23, 0, tzinfo=UTC))
    first = services.build_daily(clock=morning)
    sold()
    second = services.build_daily(clock=morning)
    assert first and second and first.id == second.id
    assert (first.created_by, str(first.period), len(payouts(first))) == (None, "2026-12-02", 1)
    assert services.approve(first.id, actor=approver, clock=SYSTEM_CLOCK).status == "approved"


def test_the_clock_makes_nothing_when_nobody_is_due(app):
    assert services.build_daily(clock=SYSTEM_CLOCK) is None


def test_a_key_makes_one_batch(maker):
    sold()
    batch = build(maker, key="one")
    sold()
    assert build(maker, key="one").id == batch.id
    with pytest.raises(KeyReused):
        build(maker, key="one", period=TODAY - timedelta(days=40))


def test_many_makers_at_once_put_no_payee_into_two_batches(app, maker):
    sellers = {sold(20_000) for _each in range(5)}
    results = at_once(app, [lambda: build(maker) for _each in range(8)])
    made = [result for result in results if not isinstance(result, Exception)]
    assert {type(result) for result in results if isinstance(result, Exception)} == {NothingToPay}
    paid = [payout.payee_id for batch in made for payout in payouts(batch)]
    assert (sorted(paid), len(made)) == (sorted(sellers), 1)


def test_a_hundred_approvals_and_confirmations_at_once_move_the_money_once(app, maker, approver):
    seller = sold()
    batch = build(maker)
    approved = at_once(
        app, [lambda: services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK) for _each in range(12)]
    )
    assert [error for error in approved if isinstance(error, Exception)] == []
    assert money(seller) == (50_000, 50_000)
    services.xml_file(batch.id, own=OWN, actor=maker, clock=SYSTEM_CLOCK)
    payout = the_payout(batch)
    for _round in range(8):  # the pool holds 15 connections
        at_once(app, [lambda: by_hand(payout, Event.CONFIRMED, maker) for _each in range(12)])
    assert (states(batch), money(seller), at_the_bank_vnd()) == (["confirmed"], (0, 0), 50_000)


def test_a_confirmation_and_a_return_at_once_end_in_one_truth(app, maker, approver):
    seller = sold()
    batch = sent(maker, approver)
    payout = the_payout(batch)
    events = [Event.CONFIRMED, Event.RETURNED] * 5
    at_once(app, [partial(by_hand, payout, event, maker) for event in events])
    assert (states(batch), money(seller), at_the_bank_vnd()) == (["returned"], (50_000, 0), 0)
