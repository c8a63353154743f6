"""A statement's line without a bank reference and its later webhook are one đồng, or wait for a person."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.payments.bank import services as bank
from app.payments.bank.models import BankNotice, Wire
from app.payments.bank.wires import Notice
from app.payments.desk import queries as desk
from app.payments.ledger.books import check_books
from app.payments.statements import services
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.fakes.banks import notify, transfer
from tests.payments.ledger.parallel import at_once
from tests.payments.statements.files import money_in
from tests.payments.statements.test_imports import (  # noqa: F401  # fixtures
    counts,
    finance,
    number,
    read,
    status,
    take,
    take_back,
    today,
    total_vnd,
    work_off,
)


def outcomes() -> list[str | None]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(BankNotice.outcome).order_by(BankNotice.id)))


@pytest.mark.usefixtures("number")
def test_the_same_code_makes_it_the_same_money(client, finance):  # noqa: F811
    payee, own = make_payee()
    request = make_request(payee_id=payee.id)
    import_id = take(money_in(own, (50_000, "", f"{request.code} CHO PHIEN"), day=today()), finance)
    assert status(request.code) == "paid"
    notify(client, "sepay", transfer(own, 50_000, f"MBVCB.1234.{request.code} CHO PHIEN"))
    assert (total_vnd(), outcomes()) == (50_000, ["matched", "known"])
    take_back(import_id, finance)
    assert counts(import_id) == {"kept": 1}
    notify(client, "sepay", transfer(own, 50_000, f"{request.code} CHO PHIEN"))  # paid a second time: it waits
    assert (total_vnd(), outcomes()[-1]) == (100_000, "duplicate")


@pytest.mark.parametrize("reference", ["", "FT77"])
def test_without_a_code_a_person_decides_and_each_line_stands_for_one(client, finance, number, reference):  # noqa: F811
    import_id = take(money_in(number, (50_000, reference, "tien rau"), day=today()), finance)
    for wire_reference in ("FTA", "FTB") if not reference else ("", ""):
        hear(number, 50_000, "tien rau", wire_reference)
    held = desk.suspense(cursor=None, limit=5).items
    assert [item.outcome for item in held] == ["unmatched"] * 3
    shown = [desk.shown(item.notice_id).resembles for item in held]
    assert [bool(resembles) for resembles in shown] == [False, True, False]
    take_back(import_id, finance)
    assert (counts(import_id), total_vnd()) == ({"undone": 1}, 100_000)


def hear(account: str, amount_vnd: int, memo: str, reference: str, days: int = 0) -> None:
    told = Notice(
        str(len(outcomes())), "in", amount_vnd, (account,), memo, reference, SYSTEM_CLOCK.now() + timedelta(days=days)
    )
    bank.handle(bank.take_in(Wire.CASSO, b"{}", told, clock=SYSTEM_CLOCK), clock=SYSTEM_CLOCK)


@pytest.mark.usefixtures("number")
def test_other_codes_other_amounts_and_other_days_are_other_money(client, finance):  # noqa: F811
    payee, own = make_payee()
    one, two = make_request(payee_id=payee.id), make_request(payee_id=payee.id)
    take(money_in(own, (50_000, "", f"{one.code} CHO PHIEN"), (30_000, "", "x"), day=today()), finance)
    hear(own, 50_000, f"{two.code} CHO PHIEN", "FT1")
    hear(own, 29_999, "x", "FT2")
    hear(own, 30_000, "x", "FT3", days=-5)
    hear(make_payee()[1], 30_000, "x", "FT4")
    assert (status(two.code), total_vnd()) == ("paid", 50_000 * 2 + 30_000 * 4 - 1)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).where(BankNotice.resembles.is_not(None))) == 0


@pytest.mark.usefixtures("number")
def test_a_line_and_its_webhook_at_the_same_moment_pay_once(app: Flask, client, finance):  # noqa: F811
    make_purpose()
    payee, own = make_payee()
    for at in range(25):
        request = make_request(payee_id=payee.id)
        code = request.code
        import_id = read(money_in(own, (50_000, "", f"{code} CHO PHIEN"), day=today()), finance)
        services.apply(actor=finance, import_id=import_id, clock=SYSTEM_CLOCK)
        told = Notice(f"R{at}", "in", 50_000, (own,), f"{code} CHO PHIEN", f"FT{at}", SYSTEM_CLOCK.now())
        notice_id = bank.take_in(Wire.SEPAY, b"{}", told, clock=SYSTEM_CLOCK)
        db.session.rollback()
        done = at_once(app, [partial(work_off, import_id), partial(bank.handle, notice_id, clock=SYSTEM_CLOCK)])
        assert [error for error in done if isinstance(error, Exception)] == []
        found = outcomes()[-2:]
        assert status(code) == "paid", (at, found)
        assert sorted(map(str, found)) in (["known", "matched"], ["matched", "unmatched"]), found
    assert [result for result in check_books() if result.problems] == []
