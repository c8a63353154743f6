"""Importing finds lost money, counts each đồng once however it was told of, and can be taken back."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK, VIETNAM
from app.core.database import acting_as, db
from app.identity.roles import Role
from app.payments.bank import services as bank
from app.payments.bank.models import BankNotice, Wire
from app.payments.desk import queries as desk
from app.payments.desk.suggestions import Why, suggest
from app.payments.ledger import queries as ledger
from app.payments.ledger.models import AccountKind
from app.payments.requests import queries as requests
from app.payments.statements import queries, services
from app.payments.statements.errors import ImportNotFound, WrongMoment
from app.payments.statements.models import LineState, StatementImport
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import actor_for, make_user
from tests.fakes.banks import notify, transfer
from tests.payments.statements.files import camt, entry, money_in, xlsx


@pytest.fixture
def finance(app: Flask) -> Actor:
    return actor_for(make_user(Role.FINANCE))


@pytest.fixture
def number(app: Flask) -> str:
    make_purpose()
    return make_payee()[1]


def read(data: bytes, finance: Actor, **more: str) -> UUID:
    return services.upload(actor=finance, data=data, file_name="sao-ke.xlsx", clock=SYSTEM_CLOCK, **more).id


def work_off(import_id: UUID) -> int:
    """Do what the job does until there is nothing left; the number of chunks."""
    chunks = 1
    while services.work(import_id, clock=SYSTEM_CLOCK):
        chunks += 1
    return chunks


def take(data: bytes, finance: Actor) -> UUID:
    import_id = read(data, finance)
    services.apply(actor=finance, import_id=import_id, clock=SYSTEM_CLOCK)
    work_off(import_id)
    return import_id


def take_back(import_id: UUID, finance: Actor) -> None:
    services.undo(actor=finance, import_id=import_id, clock=SYSTEM_CLOCK)
    work_off(import_id)


def counts(import_id: UUID) -> dict[str, int]:
    db.session.rollback()
    return {name: count for name, count in vars(queries.counts(import_id)).items() if count}


def total_vnd() -> int:
    """All that the books say came in from banks."""
    db.session.rollback()
    owners = [ledger.find_account(AccountKind.OUTSIDE_BANK, wire) for wire in Wire]
    return -sum(ledger.balance_vnd(account.id) for account in owners if account)


def status(code: str) -> str:
    db.session.rollback()
    return requests.by_code(code).status


def today() -> str:
    return SYSTEM_CLOCK.now().astimezone(VIETNAM).strftime("%d/%m/%Y")


def told(number: str, amount_vnd: int, memo: str) -> tuple[dict[str, Any], str]:
    """A transfer as the webhook tells it, and its bank reference."""
    moved = transfer(number, amount_vnd, memo)
    return moved, f"FT{moved['serial']}"


def test_money_nobody_told_of_is_found_and_pays_its_request(finance, number):
    payee, own = make_payee()
    request = make_request(payee_id=payee.id)
    import_id = take(money_in(own, (50_000, "FT1", f"{request.code} CHO PHIEN"), (7_000, "FT2", "khong ma")), finance)
    assert status(request.code) == "paid"
    assert counts(import_id) == {"applied": 2}
    assert total_vnd() == 57_000
    assert [item.amount_vnd for item in desk.suspense(cursor=None, limit=10).items] == [7_000]


def test_a_preview_counts_nothing_and_says_what_is_known(client, finance, number):
    moved, reference = told(number, 50_000, "khong ma")
    notify(client, "sepay", moved)
    rows = [(1, "23/11/2026", reference, "", 50_000, ""), (2, "23/11/2026", "N", "", 1_000, ""),
            (3, "23/11/2026", "R", 2_000, "", "phi"), (4, "hom qua", "B", "", 1, "")]  # fmt: skip
    import_id = read(xlsx(rows), finance, own_account=number)
    assert counts(import_id) == {"known": 1, "new": 1, "ignored": 1}
    assert total_vnd() == 50_000
    assert queries.get(import_id).faults == [{"row": 5, "column": "date", "problem": "not_a_date"}]
    services.drop(actor=finance, import_id=import_id, clock=SYSTEM_CLOCK)
    with pytest.raises(WrongMoment):
        services.apply(actor=finance, import_id=import_id, clock=SYSTEM_CLOCK)
    assert read(xlsx(rows), finance, own_account=number) != import_id


def test_one_file_twice_changes_nothing(finance, number):
    data = money_in(number, (50_000, "FT1", "a"), (50_000, "", "b"), (50_000, "", "b"))
    first = take(data, finance)
    assert read(data, finance) == first
    assert total_vnd() == 150_000
    again = take(money_in(number, (50_000, "", "b"), (50_000, "FT1", "khac chu"), (50_000, "", "b")), finance)
    assert counts(again) == {"known": 3}
    more = take(money_in(number, (50_000, "", "b"), (50_000, "", "b"), (50_000, "", "b")), finance)
    assert counts(more) == {"known": 2, "applied": 1}
    assert total_vnd() == 200_000


def test_the_same_money_in_another_kind_of_file_is_known(finance, number):
    take(money_in(number, (50_000, "FT1", "a")), finance)
    assert counts(take(camt(number, entry("50000.00", "FT1", "b")), finance)) == {"known": 1}
    assert total_vnd() == 50_000


@pytest.mark.parametrize("wire", ["sepay", "payos", "casso"])
def test_webhook_then_import_counts_once(client, finance, number, wire):
    moved, reference = told(number, 50_000, "khong ma")
    notify(client, wire, moved)
    import_id = take(money_in(number, (50_000, reference, "khong ma"), (50_000, reference, "khong ma")), finance)
    assert counts(import_id) == {"known": 1, "applied": 1}  # the second line is other money than the first
    assert total_vnd() == 100_000


@pytest.mark.parametrize("wire", ["sepay", "payos", "casso"])
def test_import_then_webhook_counts_once(client, finance, wire):
    make_purpose()
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    moved, reference = told(number, 50_000, f"{request.code} A")
    import_id = take(money_in(number, (50_000, reference, f"{request.code} A")), finance)
    for _twice in range(2):
        assert notify(client, wire, moved).status_code == 200
    assert total_vnd() == 50_000
    assert status(request.code) == "paid"
    take_back(import_id, finance)
    assert counts(import_id) == {"kept": 1}


@pytest.mark.parametrize("other", ["account", "amount", "reference"])
def test_money_that_differs_is_other_money(client, finance, number, other):
    moved, reference = told(number, 50_000, "khong ma")
    notify(client, "sepay", moved)
    line = (49_999 if other == "amount" else 50_000, f"{reference}X" if other == "reference" else reference, "")
    account = make_payee()[1] if other == "account" else number
    assert counts(take(money_in(account, line), finance)) == {"applied": 1}


def test_webhook_and_import_at_the_same_moment_count_once(app, finance, number):
    moves = [told(number, 50_000 + at, "khong ma") for at in range(20)]
    import_id = read(money_in(number, *((moved["amount"], reference, "") for moved, reference in moves)), finance)
    services.apply(actor=finance, import_id=import_id, clock=SYSTEM_CLOCK)
    start = threading.Barrier(3)

    def tell() -> None:
        with app.app_context():
            start.wait()
            for moved, _reference in moves:
                assert notify(app.test_client(), "casso", moved).status_code == 200

    def count() -> None:
        with app.app_context(), acting_as(SYSTEM):
            start.wait()
            work_off(import_id)
            db.session.remove()

    threads = [threading.Thread(target=job) for job in (tell, count, count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    bank.pump(clock=SYSTEM_CLOCK)
    assert total_vnd() == sum(moved["amount"] for moved, _reference in moves)


def test_undo_takes_back_what_is_whole_in_suspense_and_says_why_the_rest_stays(client, finance, number):
    payee, own = make_payee()
    request = make_request(payee_id=payee.id)
    moved, reference = told(own, 9_000, "khong ma")
    data = money_in(own, (50_000, "FT1", f"{request.code} A"), (7_000, "FT2", "x"), (9_000, reference, "khong ma"))
    import_id = take(data, finance)
    notify(client, "sepay", moved)
    take_back(import_id, finance)
    assert counts(import_id) == {"undone": 1, "kept": 2}
    kept = queries.lines(import_id, state=LineState.KEPT, cursor=None, limit=10).items
    assert [(line.place, line.kept_because) for line in kept] == [(5, "matched"), (7, "confirmed")]
    assert total_vnd() == 59_000
    assert [item.amount_vnd for item in desk.suspense(cursor=None, limit=10).items] == [9_000]
    again = take(data, finance)
    assert counts(again) == {"known": 2, "applied": 1}
    assert total_vnd() == 66_000


def test_money_that_the_desk_moved_stays(finance, number):
    import_id = take(money_in(number, (7_000, "FT1", "x")), finance)
    notice = db.session.scalars(sa.select(BankNotice)).one()
    _return_to_sender(notice.id, finance)
    take_back(import_id, finance)
    assert counts(import_id) == {"kept": 1}
    (line,) = queries.lines(import_id, cursor=None, limit=10).items
    assert line.kept_because == "at_desk"


def _return_to_sender(notice_id: UUID, finance: Actor) -> None:
    from app.payments.desk import services as desk_services
    from app.payments.desk.models import Kind
    from app.payments.desk.wanted import Wish

    wish = Wish(kind=Kind.RETURN_TO_SENDER, amount_vnd=7_000, reason="nguoi gui xin lai", bank_reference="FTR")
    desk_services.act(actor=finance, notice_id=notice_id, wishes=[wish], idempotency_key="k", clock=SYSTEM_CLOCK)


def test_a_webhook_after_undo_is_new_money(client, finance, number):
    moved, reference = told(number, 50_000, "khong ma")
    import_id = take(money_in(number, (50_000, reference, "")), finance)
    take_back(import_id, finance)
    assert total_vnd() == 0
    notify(client, "sepay", moved)
    assert total_vnd() == 50_000


def test_undo_happens_once(finance, number):
    import_id = take(money_in(number, (7_000, "FT1", "x")), finance)
    take_back(import_id, finance)
    with pytest.raises(WrongMoment):
        services.undo(actor=finance, import_id=import_id, clock=SYSTEM_CLOCK)
    assert services.work(import_id, clock=SYSTEM_CLOCK) is False
    assert total_vnd() == 0


def test_a_long_import_goes_in_chunks_and_shows_how_far_it_is(finance, number):
    rows = [
        (at, "23/11/2026", f"FT{at}", "" if at % 20 == 0 else 1_000, 1_000 if at % 20 == 0 else "", "x")
        for at in range(5_000)
    ]
    import_id = read(xlsx(rows), finance, own_account=number)
    services.apply(actor=finance, import_id=import_id, clock=SYSTEM_CLOCK)
    assert services.work(import_id, clock=SYSTEM_CLOCK) is True
    db.session.rollback()
    part = queries.get(import_id)
    assert (part.state, part.steps_done, part.steps_total) == ("applying", 100, 250)
    assert work_off(import_id) == 2
    assert counts(import_id) == {"applied": 250, "ignored": 4_750}
    assert total_vnd() == 250_000


def test_an_import_cut_in_the_middle_goes_on_and_repeats_nothing(finance, number, monkeypatch):
    import_id = read(money_in(number, *((1_000, f"FT{at}", "x") for at in range(10))), finance)
    services.apply(actor=finance, import_id=import_id, clock=SYSTEM_CLOCK)
    handed: list[Any] = []
    take_in = bank.take_in

    def cut(wire: Wire, *rest: Any, **more: Any) -> UUID:
        if len(handed) == 5:
            raise ConnectionError("cut")
        handed.append(wire)
        return take_in(wire, *rest, **more)

    monkeypatch.setattr(bank, "take_in", cut)
    with pytest.raises(ConnectionError):
        services.work(import_id, clock=SYSTEM_CLOCK)
    monkeypatch.undo()
    db.session.rollback()
    assert total_vnd() == 5_000
    work_off(import_id)
    assert total_vnd() == 10_000
    assert queries.get(import_id).state == "applied"


def test_a_notice_that_could_not_be_handled_waits_in_the_inbox(finance, number, monkeypatch):
    monkeypatch.setattr(bank, "try_to_handle", lambda *_args, **_more: None)
    import_id = take(money_in(number, (1_000, "FT1", "x")), finance)
    take_back(import_id, finance)
    monkeypatch.undo()
    (line,) = queries.lines(import_id, cursor=None, limit=10).items
    assert line.kept_because == "not_handled"
    assert bank.pump(clock=SYSTEM_CLOCK) == 1
    assert total_vnd() == 1_000


def test_work_on_nothing_is_an_error_and_the_stuck_are_woken(app, finance, number, clock):
    with pytest.raises(ImportNotFound):
        services.work(UUID(int=1), clock=SYSTEM_CLOCK)
    import_id = services.upload(
        actor=finance, data=money_in(number, (1_000, "FT1", "x")), file_name="a", clock=clock
    ).id
    services.apply(actor=finance, import_id=import_id, clock=clock)
    assert services.wake_stuck(clock=clock) == 0
    clock.advance(minutes=5)
    assert services.wake_stuck(clock=clock) == 1
    work_off(import_id)
    clock.advance(minutes=5)
    assert services.wake_stuck(clock=clock) == 0


def test_statements_are_no_door_for_webhooks(client: FlaskClient):
    assert client.post("/webhooks/bank/statement", data=b"{}", content_type="application/json").status_code == 404
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StatementImport)) == 0


def test_a_webhook_that_names_what_a_statement_did_not_tells_the_desk(client, finance):
    make_purpose()
    payee, own = make_payee()
    request = make_request(payee_id=payee.id)
    moved, reference = told(own, 50_000, f"{request.code} A")
    import_id = take(money_in(own, (50_000, reference, "CHUYEN TIEN"), day=today()), finance)
    notify(client, "sepay", moved)
    assert status(request.code) == "asked"
    (waiting,) = desk.suspense(cursor=None, limit=10).items
    assert (waiting.amount_vnd, waiting.request_code) == (50_000, request.code)
    assert Why.NAMED in suggest(waiting.notice_id)[0].why
    take_back(import_id, finance)
    assert counts(import_id) == {"kept": 1}


def test_a_name_on_the_counted_notice_is_not_written_over(client, finance):
    make_purpose()
    payee, own = make_payee()
    named, other = make_request(payee_id=make_payee()[0].id), make_request(payee_id=payee.id)
    moved, reference = told(own, 50_000, f"{other.code} A")
    take(money_in(own, (50_000, reference, named.code), day=today()), finance)
    notify(client, "sepay", moved)
    (waiting,) = desk.suspense(cursor=None, limit=10).items
    assert (waiting.outcome, waiting.request_code) == ("wrong_account", named.code)
