"""A held notice that tells of money which is counted already leaves the books, until somebody takes that back."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.core.money import FOUR_EYES_VND
from app.identity.roles import Role
from app.payments.bank.models import BankNotice, Wire
from app.payments.desk import queries
from app.payments.desk.errors import BadAction, NotEnoughWaiting, NotTheSameMoney, SamePerson
from app.payments.desk.models import Kind
from app.payments.desk.wanted import Wish
from app.payments.ledger.books import check_books
from app.payments.ledger.models import AccountKind
from app.payments.statements import services as statements
from tests.factories.payments import make_payee, make_request
from tests.factories.people import post_form
from tests.payments.desk.test_pages import enter, press
from tests.payments.desk.world import (
    REASON,
    act,
    approve,
    balance_vnd,
    fresh,
    person,
    send_back,
    undo,
    waiting_vnd,
)
from tests.payments.ledger.parallel import at_once
from tests.payments.statements.files import money_in
from tests.payments.statements.test_imports import (  # noqa: F401  # fixtures
    counts,
    finance,
    number,
    read,
    take,
    take_back,
    today,
    work_off,
)
from tests.payments.statements.test_unreferenced import hear


@pytest.fixture
def held(number, finance):  # noqa: F811
    """A statement's line that paid its request, and a webhook that may tell of the same money."""
    return told_twice(finance, 50_000)


def told_twice(by, amount_vnd: int):
    payee, own = make_payee()
    request = make_request(payee_id=payee.id, amount_vnd=amount_vnd)
    import_id = read(money_in(own, (amount_vnd, "", f"{request.code} CHO PHIEN"), day=today()), by)
    statements.apply(actor=person(), import_id=import_id, clock=SYSTEM_CLOCK)
    work_off(import_id)
    hear(own, amount_vnd, "tien rau", "FT1")
    notice_id = queries.suspense(cursor=None, limit=1).items[0].notice_id
    assert queries.shown(notice_id).resembles
    return notice_id, request, import_id


def same(amount_vnd: int = 50_000) -> Wish:
    return Wish(Kind.SAME_MONEY, amount_vnd, REASON)


def same_as(notice_id: UUID) -> UUID | None:
    db.session.rollback()
    return db.session.get_one(BankNotice, notice_id, populate_existing=True).same_as


def in_suspense() -> int:
    return balance_vnd(AccountKind.SUSPENSE, Wire.CASSO)


def test_the_same_money_leaves_suspense_and_comes_back_when_that_is_taken_back(held, finance):  # noqa: F811
    notice_id, request, import_id = held
    [done] = act(notice_id, same())
    assert (done.state, waiting_vnd(notice_id), in_suspense()) == ("done", 0, 0)
    assert same_as(notice_id) is not None
    assert fresh(request).paid_vnd == 50_000
    take_back(import_id, finance)
    assert counts(import_id) == {"kept": 1}
    assert undo(done).state == "undone"
    assert (waiting_vnd(notice_id), in_suspense(), same_as(notice_id)) == (50_000, 50_000, None)
    act(notice_id, same())
    assert in_suspense() == 0


def test_only_the_whole_of_a_notice_is_the_same_money(held):
    notice_id, _request, _import = held
    for wishes in ((same(20_000),), (same(20_000), send_back(30_000)), (same(), same())):
        with pytest.raises((BadAction, NotEnoughWaiting)):
            act(notice_id, *wishes)
    act(notice_id, send_back(20_000))
    for wish in (same(), same(30_000)):
        with pytest.raises((BadAction, NotEnoughWaiting)):
            act(notice_id, wish)
    assert in_suspense() == 30_000


def test_a_notice_that_resembles_none_is_its_own_money(client, number, finance):  # noqa: F811
    hear(number, 50_000, "tien rau", "FT1")
    notice_id = queries.suspense(cursor=None, limit=1).items[0].notice_id
    with pytest.raises(NotTheSameMoney):
        act(notice_id, same())
    assert in_suspense() == 50_000


def test_a_line_that_was_taken_back_counts_for_nobody(number, finance):  # noqa: F811
    import_id = take(money_in(number, (50_000, "", "tien rau"), day=today()), finance)
    hear(number, 50_000, "tien rau", "FT1")
    notice_id = queries.suspense(cursor=None, limit=1).items[0].notice_id
    take_back(import_id, finance)
    assert counts(import_id) == {"undone": 1}
    with pytest.raises(NotTheSameMoney):
        act(notice_id, same())


def test_above_the_limit_it_takes_two_and_the_second_finds_it_still_so(number, finance):  # noqa: F811
    big = FOUR_EYES_VND + 1
    notice_id, _request, _import = told_twice(finance, big)
    one, two = person(), person()
    [asked] = act(notice_id, same(big), by=one)
    assert (asked.state, same_as(notice_id), in_suspense()) == ("proposed", None, big)
    with pytest.raises(SamePerson):
        approve(asked, one)
    assert approve(asked, two).state == "done"
    assert in_suspense() == 0
    assert undo(asked, one).state == "done"
    assert undo(asked, two).state == "undone"
    assert (in_suspense(), same_as(notice_id)) == (big, None)


def test_many_at_once_say_it_once(app: Flask, held):
    notice_id, _request, _import = held
    db.session.rollback()
    done = at_once(app, [partial(act, notice_id, same()) for _time in range(6)])
    assert len([one for one in done if not isinstance(one, Exception)]) == 1
    assert in_suspense() == 0


def test_a_notice_marked_without_its_money_leaving_is_found(held):
    notice_id, _request, _import = held
    db.session.execute(sa.text("UPDATE bank_notice SET same_as = resembles WHERE id = :id"), {"id": notice_id})
    found = [result.name for result in check_books() if result.problems]
    db.session.rollback()
    assert any("called the same" in name for name in found)


def test_one_press_on_the_desk_says_so(client, held):
    notice_id, _request, _import = held
    enter(client)
    page = client.get(f"/dieu-hanh/tien-treo/{notice_id}").text
    assert f"/dieu-hanh/tien-treo/{notice_id}/trung" in page
    short = press(client, notice_id, f"/{notice_id}/trung", reason="")
    assert short.status_code == 422
    assert press(client, notice_id, f"/{notice_id}/trung", reason=REASON).status_code == 303
    assert in_suspense() == 0
    after = client.get(f"/dieu-hanh/tien-treo/{notice_id}").text
    assert "Báo trùng, đã ghi sổ rồi" in after
    assert f"/{notice_id}/trung" not in after


def test_others_may_not(client, held):
    notice_id, _request, _import = held
    enter(client, Role.AUDITOR)
    assert f"/{notice_id}/trung" not in client.get(f"/dieu-hanh/tien-treo/{notice_id}").text
    assert post_form(client, f"/dieu-hanh/tien-treo/{notice_id}/trung", key="0" * 32, reason=REASON).status_code == 403
    assert in_suspense() == 50_000
