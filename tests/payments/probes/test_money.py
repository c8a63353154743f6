"""Test transfers: the platform's own 1,000 đ, once for each account, past two people, in books that fit."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from app.config import libpq_url
from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.payments.ledger import queries as ledger
from app.payments.ledger.books import check_books
from app.payments.ledger.models import AccountKind
from app.payments.payees import queries as payees
from app.payments.payouts import queries as payouts
from app.payments.payouts import services as payout_services
from app.payments.payouts.errors import KeyReused, SecondPersonNeeded, WrongMoment
from app.payments.payouts.models import PayoutBatch
from app.payments.payouts.states import Event
from app.payments.probes import listeners, operations, queries, services
from app.payments.probes.errors import NothingToProbe, ProbeGone, ProbesSpent
from app.payments.probes.models import MAX_A_DAY, AccountProbe
from tests.factories.payments import make_payee
from tests.payments.ledger.parallel import at_once
from tests.payments.payouts.bank import csv_sheet, report
from tests.payments.payouts.world import OWN, at_the_bank_vnd, build, by_hand, fresh, money, sold, the_payout
from tests.payments.payouts.world import payouts as rows_of

STANDS = "a test transfer stands where its payout stands, and no test payout goes out that nobody asked for"
OWN_MONEY = "the platform's own money moves only for test transfers, 1,000 đ each"
MOVED = "the ledger moved what confirmed payouts say to their payees' banks, and nothing for any other payout"


def an_account() -> UUID:
    payee, _number = make_payee(kind="welfare")
    account = payees.active_account(payee.id)
    assert account
    return account.id


def ask(actor: Actor, bank_account_id: UUID | None = None, allowance: str = "05503") -> UUID:
    account_id = bank_account_id or an_account()
    with transaction(actor=SYSTEM):
        return operations.ask(account_id, allowance=allowance, actor=actor, clock=SYSTEM_CLOCK).id


def drafted(maker: Actor, key: str = "probe|1") -> PayoutBatch:
    return services.build(idempotency_key=key, actor=maker, clock=SYSTEM_CLOCK)


def at_bank(maker: Actor, approver: Actor, key: str = "probe|1") -> PayoutBatch:
    batch = drafted(maker, key)
    payout_services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    payout_services.xml_file(batch.id, own=OWN, actor=approver, clock=SYSTEM_CLOCK)
    return fresh(batch)


def tell(batch: PayoutBatch, data: bytes, actor: Actor) -> None:
    result = payout_services.upload(batch.id, data=data, file_name="kq.xml", actor=actor, clock=SYSTEM_CLOCK)
    payout_services.apply(result.id, actor=actor, clock=SYSTEM_CLOCK)


def state(probe_id: UUID) -> str:
    db.session.rollback()
    return queries.get(probe_id).status


def spent_vnd() -> int:
    db.session.rollback()
    account = ledger.find_account(AccountKind.PLATFORM_FUNDS, "platform")
    return -ledger.balance_vnd(account.id) if account else 0


def broken() -> set[str]:
    db.session.rollback()
    return {one.name for one in check_books() if one.problems}


def test_the_platform_spends_its_own_money_and_no_sellers(maker: Actor, approver: Actor) -> None:
    seller = sold(50_000)
    probe_id = ask(maker)
    batch = at_bank(maker, approver)
    assert (state(probe_id), spent_vnd(), batch.purpose) == ("under_way", 0, "probe")
    tell(batch, report(batch, [(the_payout(batch), "ACSC", "")]), maker)
    assert (state(probe_id), spent_vnd(), at_the_bank_vnd()) == ("confirmed", 1_000, 1_000)
    assert money(seller) == (50_000, 0)
    assert payouts.of_payee(the_payout(batch).payee_id, cursor=None, limit=9).items == []


def test_the_file_for_the_bank_names_the_account_the_amount_and_who_holds_it(maker: Actor, approver: Actor) -> None:
    payee, number = make_payee(kind="welfare")
    account = payees.active_account(payee.id)
    assert account
    ask(maker, account.id)
    batch = drafted(maker)
    payout_services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    _batch, data = payout_services.xml_file(batch.id, own=OWN, actor=approver, clock=SYSTEM_CLOCK)
    told = data.decode()
    for word in (number, "HO MAU SO MOT", ">1000<", the_payout(batch).code):
        assert word in told


def test_who_drafts_never_approves(maker: Actor) -> None:
    ask(maker)
    batch = drafted(maker)
    with pytest.raises(SecondPersonNeeded):
        payout_services.approve(batch.id, actor=maker, clock=SYSTEM_CLOCK)


def test_a_refused_one_costs_nothing_and_may_be_asked_for_again_another_day(maker: Actor, approver: Actor) -> None:
    account_id = an_account()
    probe_id = ask(maker, account_id)
    batch = at_bank(maker, approver)
    tell(batch, report(batch, [(the_payout(batch), "RJCT", "AC04")]), maker)
    assert (state(probe_id), spent_vnd(), at_the_bank_vnd()) == ("failed", 0, 0)
    assert "đóng" in queries.why(queries.get(probe_id))
    again = ask(maker, account_id)
    assert again != probe_id
    with pytest.raises(NothingToProbe):
        drafted(maker, "probe|2")
    assert state(again) == "waiting"


def test_one_that_comes_back_after_it_arrived_gives_the_money_back(maker: Actor, approver: Actor) -> None:
    probe_id = ask(maker)
    batch = at_bank(maker, approver)
    told = list[UUID]()
    listeners.on_probe_changed(told.append)
    try:
        tell(batch, report(batch, [(the_payout(batch), "ACSC", "")]), maker)
        by_hand(the_payout(batch), Event.RETURNED, maker, "Ngân hàng trả lại")
        assert (state(probe_id), spent_vnd()) == ("failed", 0)
        assert "Ngân hàng trả lại" in queries.why(queries.get(probe_id))
        by_hand(the_payout(batch), Event.ARRIVED, approver)
        assert (state(probe_id), spent_vnd()) == ("confirmed", 1_000)
        assert told == [queries.get(probe_id).bank_account_id] * 3
    finally:
        listeners._LISTENERS.remove(told.append)


def test_words_of_the_bank_twice_late_and_out_of_order_change_nothing(maker: Actor, approver: Actor) -> None:
    probe_id = ask(maker)
    batch = at_bank(maker, approver)
    payout = the_payout(batch)
    back = report(batch, [(payout, "RJCT", "AC04")])
    tell(batch, back, maker)
    tell(batch, back, maker)
    late = csv_sheet([(1, payout.code, "1000", "Thành công", "", "FT1")])
    tell(batch, late, maker)
    assert (state(probe_id), spent_vnd()) == ("failed", 0)
    with pytest.raises(WrongMoment):
        by_hand(the_payout(batch), Event.CONFIRMED, maker)
    assert spent_vnd() == 0


def test_a_hundred_who_ask_at_once_get_the_same_one(app: Flask, maker: Actor) -> None:
    account_id = an_account()
    found = at_once(app, [lambda: ask(maker, account_id)] * 100)
    assert len(set(found)) == 1
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AccountProbe)) == 1


def test_builders_at_once_put_an_account_into_one_batch(app: Flask, maker: Actor, approver: Actor) -> None:
    probes = {ask(maker) for _each in range(3)}
    works = [lambda who=who, key=key: drafted(who, key) for key in ("probe|1", "probe|2") for who in (maker, approver)]
    found = at_once(app, works)
    batches = {one.id for one in found if isinstance(one, PayoutBatch)}
    assert len(batches) == 1
    assert all(isinstance(one, PayoutBatch | NothingToProbe) for one in found)
    assert {state(probe_id) for probe_id in probes} == {"under_way"}


def test_the_same_key_gets_the_same_batch_and_none_of_another_purpose(maker: Actor) -> None:
    ask(maker)
    assert drafted(maker).id == drafted(maker).id
    sold(50_000)
    with pytest.raises(KeyReused):
        build(maker, key="probe|1")


def test_a_cancelled_batch_lets_its_accounts_wait_again(maker: Actor, approver: Actor) -> None:
    wanted, unwanted = an_account(), an_account()
    one, two = ask(maker, wanted), ask(maker, unwanted)
    batch = drafted(maker)
    with transaction(actor=SYSTEM):
        operations.forget(unwanted, actor=maker, clock=SYSTEM_CLOCK)
    payout_services.cancel(batch.id, reason="Lập nhầm", actor=approver, clock=SYSTEM_CLOCK)
    assert (state(one), state(two)) == ("waiting", "withdrawn")
    assert len(rows_of(drafted(maker, "probe|2"))) == 1


def test_an_account_nobody_wants_any_more_falls_out_at_the_approval(maker: Actor, approver: Actor) -> None:
    wanted, unwanted = an_account(), an_account()
    one, two = ask(maker, wanted), ask(maker, unwanted)
    batch = drafted(maker)
    with transaction(actor=SYSTEM):
        operations.forget(unwanted, actor=maker, clock=SYSTEM_CLOCK)
    payout_services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    assert (state(one), state(two)) == ("under_way", "withdrawn")
    assert sorted(payout.status for payout in rows_of(batch)) == ["approved", "cancelled"]


def test_taking_back_works_until_it_is_in_a_batch(maker: Actor) -> None:
    first, second = an_account(), an_account()
    taken = ask(maker, first)
    with transaction(actor=SYSTEM):
        operations.take_back(first, actor=maker, clock=SYSTEM_CLOCK)
    assert state(taken) == "withdrawn"
    ask(maker, second)
    drafted(maker)
    with pytest.raises(ProbeGone), transaction(actor=SYSTEM):
        operations.take_back(second, actor=maker, clock=SYSTEM_CLOCK)


def test_a_commune_asks_for_so_many_a_day(app: Flask, maker: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_A_DAY == 300
    monkeypatch.setattr(operations, "MAX_A_DAY", 2)
    found = at_once(app, [lambda: ask(maker, allowance="05503")] * 5)
    assert [type(one) for one in found if not isinstance(one, UUID)] == [ProbesSpent] * 3
    ask(maker, allowance="05488")


@pytest.mark.breaks_books
@pytest.mark.parametrize(
    ("plant", "names"),
    [
        ("UPDATE account_probe SET status = 'failed'", {STANDS}),
        ("DELETE FROM account_probe", {STANDS}),
        ("UPDATE account_probe SET payout_id = NULL, status = 'withdrawn', withdrawn_at = now()", {STANDS}),
        ("UPDATE payout SET purpose = 'sales'", {STANDS, OWN_MONEY, MOVED}),
        (
            "UPDATE ledger_account SET kind = 'commission' WHERE kind = 'platform_funds'",
            {MOVED},
        ),
    ],
)
def test_a_planted_fault_is_found(
    database_url: str, maker: Actor, approver: Actor, plant: str, names: set[str]
) -> None:
    ask(maker)
    batch = at_bank(maker, approver)
    tell(batch, report(batch, [(the_payout(batch), "ACSC", "")]), maker)
    assert broken() == set()
    with psycopg.connect(libpq_url(database_url)) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(plant)
    assert broken() >= names


def test_the_database_itself_refuses_another_amount_and_a_second_one_in_flight(database_url: str, maker: Actor) -> None:
    account_id = an_account()
    ask(maker, account_id)
    drafted(maker)
    with psycopg.connect(libpq_url(database_url)) as superuser:
        with pytest.raises(psycopg.errors.CheckViolation, match="ck_payout_probe"), superuser.transaction():
            superuser.execute("UPDATE payout SET amount_vnd = 2000")
        with pytest.raises(psycopg.errors.UniqueViolation, match="in_flight"), superuser.transaction():
            superuser.execute(
                "INSERT INTO account_probe (id, bank_account_id, payee_id, allowance, asked_by, asked_on, status,"
                " created_at, updated_at) SELECT gen_random_uuid(), bank_account_id, payee_id, allowance, asked_by,"
                " asked_on, 'waiting', now(), now() FROM account_probe"
            )
