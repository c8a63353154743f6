"""What an import does not count by itself: a line that may be known money, and so much money that two must look."""

# ruff: noqa: F811 - fixtures by import
from __future__ import annotations

import threading
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.core.actor import SYSTEM
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db
from app.core.money import FOUR_EYES_VND
from app.identity.roles import Role
from app.payments.desk import queries as desk
from app.payments.requests import queries as requests
from app.payments.statements import queries, services
from app.payments.statements.errors import NeedsAnother
from app.payments.statements.models import LineState, StatementImport
from tests.factories.payments import make_payee, make_purpose, make_request, make_standing_code
from tests.factories.people import actor_for, make_user, sign_in
from tests.fakes.banks import notify
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
    told,
    total_vnd,
    work_off,
)


@pytest.mark.parametrize("reference", ["", "0017"])
def test_a_line_that_may_tell_of_money_a_wire_told_of_waits_for_a_person(client, finance, reference):
    make_purpose()
    payee, own = make_payee()
    standing = make_standing_code(payee_id=payee.id)
    moved, bank_reference = told(own, 50_000, f"{standing.code} an sang")
    notify(client, "sepay", moved)
    assert len(requests.arrivals_since(payee.id, 0)) == 1
    line = (50_000, reference, f"{standing.code} an sang")
    take(money_in(own, line, (60_000, reference, standing.code), day=today()), finance)
    assert [arrival.amount_vnd for arrival in requests.arrivals_since(payee.id, 0)] == [50_000, 60_000]
    (waiting,) = desk.suspense(cursor=None, limit=10).items
    assert (waiting.amount_vnd, waiting.outcome) == (50_000, "unmatched")
    sign_in(client, make_user(Role.FINANCE))
    page = client.get(f"/dieu-hanh/tien-treo/{waiting.notice_id}").text
    assert "có thể đã ghi sổ rồi" in page and bank_reference in page


def test_a_line_of_another_day_is_not_doubted(client, finance):
    make_purpose()
    payee, own = make_payee()
    standing = make_standing_code(payee_id=payee.id)
    notify(client, "sepay", told(own, 50_000, f"{standing.code} an sang")[0])
    take(money_in(own, (50_000, "", standing.code), day="23/11/2025"), finance)
    assert len(requests.arrivals_since(payee.id, 0)) == 2


def test_a_reference_used_again_after_days_is_other_money(client, finance):
    make_purpose()
    payee, own = make_payee()
    standing = make_standing_code(payee_id=payee.id)
    first = take(money_in(own, (50_000, "0017", f"{standing.code} rau"), day="02/11/2026"), finance)
    later = take(money_in(own, (50_000, "0017", f"{standing.code} ca"), day="09/11/2026"), finance)
    assert counts(first) == counts(later) == {"applied": 1}
    assert len(requests.arrivals_since(payee.id, 0)) == 2
    moved, reference = told(own, 50_000, "khong ma")
    old = read(money_in(own, (50_000, reference, "khong ma"), day="02/11/2026"), finance)
    notify(client, "sepay", moved)
    services.apply(actor=finance, import_id=old, clock=SYSTEM_CLOCK)
    work_off(old)
    assert counts(old) == {"applied": 1}
    preview = read(money_in(own, (50_000, reference, ""), (50_000, reference, ""), day="03/11/2026"), finance)
    assert counts(preview) == {"new": 2}
    assert total_vnd() == 200_000


def test_a_reference_that_a_statement_dates_to_the_next_day_waits_for_a_person(finance):
    make_purpose()
    payee, own = make_payee()
    standing = make_standing_code(payee_id=payee.id)
    for day, again in (("06/11/2026", 1), ("09/11/2026", 1), ("09/11/2026", 2)):
        data = money_in(own, *[(50_000, "FT1", standing.code)] * again, day=day)
        take(data, finance)
    assert len(requests.arrivals_since(payee.id, 0)) == 1
    assert [item.amount_vnd for item in desk.suspense(cursor=None, limit=10).items] == [50_000, 50_000]


def test_so_much_money_needs_somebody_other_than_who_uploaded_it(finance):
    payee, own = make_payee()
    make_purpose()
    request = make_request(payee_id=payee.id, amount_vnd=FOUR_EYES_VND + 1)
    import_id = read(money_in(own, (FOUR_EYES_VND + 1, "FT1", request.code)), finance)
    with pytest.raises(NeedsAnother, match=r"trên 5\.000\.000"):
        services.apply(actor=finance, import_id=import_id, clock=SYSTEM_CLOCK)
    services.apply(actor=actor_for(make_user(Role.FINANCE)), import_id=import_id, clock=SYSTEM_CLOCK)
    work_off(import_id)
    assert status(request.code) == "paid"
    (act,) = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "statement_applying"))
    assert act.details == {"amount_vnd": FOUR_EYES_VND + 1, "uploaded_by": str(finance.user_id)}


def test_many_small_statements_of_one_person_add_up(finance, number, clock):
    moves = [(FOUR_EYES_VND // 2, f"FT{at}", "x") for at in range(4)]
    ids = [read(money_in(number, move), finance) for move in moves]
    for import_id in ids[:2]:
        services.apply(actor=finance, import_id=import_id, clock=clock)
    with pytest.raises(NeedsAnother):
        services.apply(actor=finance, import_id=ids[2], clock=clock)
    clock.advance(hours=25)
    services.apply(actor=finance, import_id=ids[2], clock=clock)


def test_money_that_is_known_needs_nobody_else(client, finance, number):
    moved, reference = told(number, 3 * FOUR_EYES_VND, "khong ma")
    notify(client, "sepay", moved)
    data = money_in(number, (3 * FOUR_EYES_VND, reference, "khong ma"), day=today())
    assert counts(take(data, finance)) == {"known": 1}
    again = read(money_in(number, (1, "", "x"), (3 * FOUR_EYES_VND, reference, ""), day=today()), finance)
    services.apply(actor=finance, import_id=again, clock=SYSTEM_CLOCK)


def test_what_was_known_by_an_import_that_is_gone_needs_two_again(finance, number):
    other = actor_for(make_user(Role.FINANCE))
    first = read(money_in(number, (2 * FOUR_EYES_VND, "FT1", "x")), finance)
    services.apply(actor=other, import_id=first, clock=SYSTEM_CLOCK)
    work_off(first)
    second = read(money_in(number, (2 * FOUR_EYES_VND, "FT1", "y")), finance)
    take_back(first, finance)
    with pytest.raises(NeedsAnother):
        services.apply(actor=finance, import_id=second, clock=SYSTEM_CLOCK)


@pytest.mark.parametrize(("amount_vnd", "refused"), [(FOUR_EYES_VND, False), (FOUR_EYES_VND + 1, True)])
def test_the_database_holds_to_it(finance, number, amount_vnd, refused):
    import_id = read(money_in(number, (1_000, "FT1", "x")), finance)
    values = {"state": "applying", "applied_by": finance.user_id, "applied_at": SYSTEM_CLOCK.now()}
    change = sa.update(StatementImport).where(StatementImport.id == import_id).values(new_vnd=amount_vnd, **values)
    if not refused:
        db.session.execute(change)
        return
    with pytest.raises(IntegrityError, match="ck_statement_import_four_eyes"):
        db.session.execute(change)


def test_money_that_another_import_knows_from_this_one_stays(finance, number):
    first = take(money_in(number, (50_000, "FT1", "a"), (2_000, "FT3", "c")), finance)
    second = take(money_in(number, (50_000, "FT1", "a"), (1_000, "FT2", "b")), finance)
    assert counts(second) == {"known": 1, "applied": 1}
    take_back(first, finance)
    assert counts(first) == {"kept": 1, "undone": 1}
    (kept,) = queries.lines(first, state=LineState.KEPT, cursor=None, limit=10).items
    assert kept.kept_because == "relied_on"
    assert total_vnd() == 51_000


def test_an_import_that_was_taken_back_relies_on_nothing(finance, number):
    first = take(money_in(number, (50_000, "FT1", "a")), finance)
    second = take(money_in(number, (50_000, "FT1", "a"), (1_000, "FT2", "b")), finance)
    take_back(second, finance)
    take_back(first, finance)
    assert counts(first) == {"undone": 1}
    assert total_vnd() == 0


def test_undo_and_an_import_that_relies_on_it_at_the_same_moment_lose_nothing(app, finance, number):
    moves = [(1_000, f"FT{at}", "x") for at in range(40)]
    first = take(money_in(number, *moves), finance)
    second = read(money_in(number, *reversed(moves)), finance)
    services.apply(actor=finance, import_id=second, clock=SYSTEM_CLOCK)
    services.undo(actor=finance, import_id=first, clock=SYSTEM_CLOCK)
    start = threading.Barrier(2)

    def work(import_id: UUID) -> None:
        with app.app_context(), acting_as(SYSTEM):
            start.wait()
            work_off(import_id)
            db.session.remove()

    threads = [threading.Thread(target=work, args=(import_id,)) for import_id in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert total_vnd() == 40_000
