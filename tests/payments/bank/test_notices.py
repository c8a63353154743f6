"""What a notice does to the books, whatever shape it comes in and however often."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.payments.bank import services
from app.payments.bank.models import BankNotice
from app.payments.desk import queries as desk
from app.payments.ledger import queries as ledger
from app.payments.ledger.models import AccountKind, Entry
from app.payments.requests import operations as request_operations
from app.payments.requests import queries as requests
from app.payments.requests import services as request_services
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_payee, make_purpose, make_request, make_standing_code
from tests.fakes.banks import WIRES, message, notify, transfer
from tests.payments.ledger.parallel import at_once

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def purpose():
    return make_purpose()


@pytest.fixture
def payee():
    return make_payee()


def fresh(request: PaymentRequest) -> PaymentRequest:
    db.session.rollback()
    return requests.by_code(request.code)


def received_vnd(payee_id) -> int:
    account = ledger.find_account(AccountKind.RECEIVED, str(payee_id))
    return ledger.balance_vnd(account.id) if account else 0


def outcomes() -> list[str | None]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(BankNotice.outcome).order_by(BankNotice.id)))


@pytest.mark.parametrize("wire", WIRES)
def test_exact_money_pays_the_request(client, purpose, payee, wire):
    request = make_request(payee_id=payee[0].id)
    answer = notify(client, wire, transfer(payee[1], 50_000, f"{request.code} CHO PHIEN"))
    assert answer.status_code == 200
    assert answer.json == {"success": True}
    assert fresh(request).status == "paid"
    assert purpose.paid == [request.purpose_id]
    assert received_vnd(payee[0].id) == 50_000
    assert [(item.seq, item.amount_vnd) for item in requests.arrivals_since(payee[0].id, 0)] == [(1, 50_000)]


@pytest.mark.parametrize("wire", WIRES)
def test_a_notice_delivered_five_times_is_posted_once(client, purpose, payee, wire):
    request = make_request(payee_id=payee[0].id)
    moved = transfer(payee[1], 50_000, f"{request.code} CHO PHIEN")
    assert {notify(client, wire, moved).status_code for _ in range(5)} == {200}
    assert received_vnd(payee[0].id) == 50_000
    assert outcomes() == ["matched"]
    assert len(purpose.paid) == 1


def test_the_same_notice_on_eight_connections_at_once_is_posted_once(app: Flask, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    body, headers = message("sepay", transfer(payee[1], 50_000, f"{request.code} CHO PHIEN"))
    start, statuses = threading.Barrier(8), []

    def deliver() -> None:
        start.wait()
        statuses.append(
            app.test_client()
            .post("/webhooks/bank/sepay", data=body, headers=headers, content_type="application/json")
            .status_code
        )

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert statuses == [200] * 8
    assert received_vnd(payee[0].id) == 50_000
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Entry)) == 2


@pytest.mark.parametrize(
    "mangle",
    [
        lambda code: f"{code.lower()} cho phien",
        lambda code: f"MBVCB.1234567.{code}.CT tu 0011 toi 0022",
        lambda code: f"{code[:4]} {code[4:7]}-{code[7:]} tra tien",
        lambda code: f"NGUYENVANA{code}CHUYENKHOAN",
        lambda code: f"{code}",
    ],
)
def test_a_mangled_memo_still_finds_its_request(client, purpose, payee, mangle):
    request = make_request(payee_id=payee[0].id)
    notify(client, "sepay", transfer(payee[1], 50_000, mangle(request.code)))
    assert fresh(request).status == "paid"


def test_a_destroyed_code_waits_in_suspense(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    wrong = request.code[:-1] + ("2" if request.code[-1] != "2" else "3")
    notify(client, "casso", transfer(payee[1], 50_000, f"{wrong} CHO PHIEN"))
    assert fresh(request).status == "asked"
    assert outcomes() == ["unmatched"]
    assert [item.amount_vnd for item in desk.suspense(cursor=None, limit=10).items] == [50_000]


def test_short_money_then_the_rest(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    notify(client, "payos", transfer(payee[1], 20_000, request.code + " A"))
    assert (fresh(request).status, fresh(request).paid_vnd) == ("part_paid", 20_000)
    assert purpose.paid == []
    notify(client, "sepay", transfer(payee[1], 30_000, request.code + " B"))
    assert fresh(request).status == "paid"
    assert outcomes() == ["underpaid", "matched"]
    assert [item.in_full for item in requests.arrivals_since(payee[0].id, 0)] == [False, True]


def test_too_much_pays_and_the_rest_waits(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    notify(client, "sepay", transfer(payee[1], 50_001, request.code + " A"))
    assert fresh(request).status == "paid"
    assert received_vnd(payee[0].id) == 50_000
    assert outcomes() == ["overpaid"]
    assert desk.suspense_total_vnd() == 1


def test_paying_twice_keeps_the_second_payment_in_suspense(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    for _ in range(2):
        notify(client, "sepay", transfer(payee[1], 50_000, request.code + " A"))
    assert outcomes() == ["matched", "duplicate"]
    assert received_vnd(payee[0].id) == 50_000
    assert desk.suspense_total_vnd() == 50_000


def test_money_for_a_cancelled_request_never_revives_it(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    with transaction():
        request_operations.cancel(requests.by_code(request.code, for_update=True), clock=SYSTEM_CLOCK)
    notify(client, "sepay", transfer(payee[1], 50_000, request.code + " A"))
    assert fresh(request).status == "cancelled"
    assert outcomes() == ["late"]


def test_money_after_expiry_waits_for_a_person(client, purpose, payee):
    request = make_request(payee_id=payee[0].id, lasts=timedelta(minutes=-10))
    assert request_services.expire_due(clock=SYSTEM_CLOCK) == 1
    assert purpose.expired == [request.purpose_id]
    notify(client, "sepay", transfer(payee[1], 50_000, request.code + " A"))
    assert (fresh(request).status, outcomes()) == ("expired", ["late"])


def test_money_sent_in_time_but_told_late_is_still_welcome(client, purpose, payee):
    request = make_request(payee_id=payee[0].id, lasts=timedelta(minutes=-1))
    sent = datetime.now(UTC) - timedelta(minutes=5)
    notify(client, "sepay", transfer(payee[1], 50_000, request.code + " A", at=sent))
    assert fresh(request).status == "paid"


def test_money_at_another_account_is_not_taken_for_this_request(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    notify(client, "sepay", transfer("9999000011112222", 50_000, request.code + " A"))
    assert (fresh(request).status, outcomes()) == ("asked", ["wrong_account"])


def test_two_codes_in_one_memo_go_to_the_one_at_this_account(client, purpose, payee):
    other = make_request(payee_id=make_payee()[0].id)
    mine = make_request(payee_id=payee[0].id)
    notify(client, "sepay", transfer(payee[1], 50_000, f"{other.code} {mine.code} A"))
    assert (fresh(mine).status, fresh(other).status) == ("paid", "asked")


@pytest.mark.parametrize(("asked", "paid"), [((20_000, 50_000), 1), ((50_000, 20_000), 0), ((50_000, 50_000), None)])
def test_of_two_codes_at_one_account_the_amount_decides(client, purpose, payee, asked, paid):
    both = [make_request(payee_id=payee[0].id, amount_vnd=vnd) for vnd in asked]
    notify(client, "sepay", transfer(payee[1], 50_000, f"{both[0].code} {both[1].code} A"))
    assert [fresh(one).status for one in both] == ["paid" if place == paid else "asked" for place in range(2)]
    assert outcomes() == ["unmatched" if paid is None else "matched"]
    assert desk.suspense_total_vnd() == (50_000 if paid is None else 0)


def test_a_notice_names_its_request_also_when_the_money_waits(client, purpose, payee):
    one, other = (make_request(payee_id=payee[0].id) for _request in range(2))
    notify(client, "sepay", transfer(payee[1], 50_000, f"{one.code} A"))
    notify(client, "sepay", transfer("9999000011112222", 50_000, f"{other.code} A"))
    db.session.rollback()
    named = db.session.scalars(sa.select(BankNotice.request_id).order_by(BankNotice.id)).all()
    assert named == [one.id, other.id]


def test_eight_transfers_at_once_with_two_codes_pay_their_request_once(app: Flask, purpose, payee):
    other = make_request(payee_id=make_payee()[0].id)
    mine = make_request(payee_id=payee[0].id)
    moved = [transfer(payee[1], 50_000, f"{other.code} {mine.code} A") for _one in range(8)]
    works = [partial(notify, app.test_client(), WIRES[place % 3], one) for place, one in enumerate(moved)]
    assert {answer.status_code for answer in at_once(app, works)} == {200}
    services.pump(clock=SYSTEM_CLOCK)
    assert sorted(filter(None, outcomes())) == ["duplicate"] * 7 + ["matched"]
    assert (received_vnd(payee[0].id), desk.suspense_total_vnd()) == (50_000, 350_000)


def test_a_static_code_takes_any_amount_as_often_as_it_is_paid(client, purpose, payee):
    standing = make_standing_code(payee_id=payee[0].id)
    for amount in (15_000, 20_000):
        notify(client, "sepay", transfer(payee[1], amount, f"{standing.code} CHO PHIEN"))
    assert received_vnd(payee[0].id) == 35_000
    assert purpose.paid == [standing.purpose_id] * 2
    assert outcomes() == ["matched", "matched"]


def test_money_at_another_account_is_no_payment_of_a_static_code(client, purpose, payee):
    standing = make_standing_code(payee_id=payee[0].id)
    notify(client, "sepay", transfer("9999000011112222", 15_000, f"{standing.code} CHO PHIEN"))
    assert (outcomes(), purpose.paid, received_vnd(payee[0].id)) == (["wrong_account"], [], 0)
    assert desk.suspense_total_vnd() == 15_000


def test_what_a_static_code_brought_is_a_request_of_its_own(client, purpose, payee):
    standing = make_standing_code(payee_id=payee[0].id)
    notify(client, "sepay", transfer(payee[1], 15_000, f"{standing.code} CHO PHIEN"))
    (notice,), (request,) = db.session.scalars(sa.select(BankNotice)), db.session.scalars(sa.select(PaymentRequest))
    assert notice.request_id == request.id
    assert request.standing_code_id == standing.id
    assert request.expires_at > datetime.now(UTC)


def test_shuffled_and_repeated_notices_end_in_the_same_books(client, purpose, payee):
    chance = random.Random(7)
    asked = [make_request(payee_id=payee[0].id, amount_vnd=1_000 * (n + 1)) for n in range(9)]
    moved = [
        (WIRES[n % 3], transfer(payee[1], request.amount_vnd, request.code + " X")) for n, request in enumerate(asked)
    ] * 3
    chance.shuffle(moved)
    for wire, what in moved:
        assert notify(client, wire, what).status_code == 200
    assert received_vnd(payee[0].id) == 45_000
    assert outcomes() == ["matched"] * 9
    assert [item.seq for item in requests.arrivals_since(payee[0].id, 0)] == list(range(1, 10))


@pytest.mark.parametrize("wire", WIRES)
def test_a_forged_notice_is_refused_and_not_stored(client, purpose, payee, wire):
    request = make_request(payee_id=payee[0].id)
    body, headers = message(wire, transfer(payee[1], 50_000, request.code + " A"))
    forged = body.replace(b"50000", b"50001")
    answer = client.post(f"/webhooks/bank/{wire}", data=forged, headers=headers, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (401, "bad_signature")
    assert outcomes() == []


@pytest.mark.parametrize("wire", ["sepay", "casso"])
@pytest.mark.parametrize("offset_s", [-360, 360])
def test_an_old_or_future_stamp_is_refused(client, purpose, payee, wire, offset_s):
    request = make_request(payee_id=payee[0].id)
    moved = transfer(payee[1], 50_000, request.code + " A")
    assert notify(client, wire, moved, now_s=time.time() + offset_s).status_code == 401
    assert fresh(request).status == "asked"


def test_an_api_key_is_proof_enough_for_sepay(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    body, _headers = message("sepay", transfer(payee[1], 50_000, request.code + " A"))
    headers = {"Authorization": "Apikey demo-sepay-secret"}
    assert client.post("/webhooks/bank/sepay", data=body, headers=headers).status_code == 200
    assert fresh(request).status == "paid"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\xfe", b'{"id": {"a": 1}}', b'{"transferType":"in"}'])
def test_unreadable_notices_get_a_clear_no(client, body):
    answer = client.post("/webhooks/bank/sepay", data=body, headers={"Authorization": "Apikey demo-sepay-secret"})
    assert answer.status_code == 422
    assert answer.json["code"] == "unreadable_notice"


@pytest.mark.parametrize(
    "change",
    [
        ('"transferAmount": 50000', '"transferAmount": NaN'),
        ('"transferAmount": 50000', '"transferAmount": Infinity'),
        ('"transferAmount": 50000', '"transferAmount": 1e999'),
        ('"transactionDate": "2', '"transactionDate": "0001-01-01", "was": "2'),
        ('"transactionDate": "2', '"transactionDate": "9999-12-31 23:59:59", "was": "2'),
    ],
)
def test_numbers_without_end_and_times_beyond_the_calendar_are_unreadable(client, change):
    body, _headers = message("sepay", transfer("1", 50_000, "A"))
    assert change[0] in body.decode()
    told = body.decode().replace(*change)
    answer = client.post("/webhooks/bank/sepay", data=told, headers={"Authorization": "Apikey demo-sepay-secret"})
    assert (answer.status_code, answer.json["code"]) == (422, "unreadable_notice")
    assert outcomes() == []


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("media", ["application/json", "application/octet-stream"])
@pytest.mark.parametrize(
    "body", [r'{"data": {"a": "\ud800"}, "signature": ""}', r'{"data": {}, "signature": "\udc00\ud83d"}']
)
def test_half_a_letter_is_refused_whether_or_not_it_is_signed(client, wire, media, body):
    headers = {"Authorization": "Apikey demo-sepay-secret", "X-Casso-Signature": f"t={int(time.time() * 1000)},v1=0"}
    answer = client.post(f"/webhooks/bank/{wire}", data=body, headers=headers, content_type=media)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")


def test_a_whole_letter_spelled_as_two_escapes_is_text_like_any_other(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    body, _headers = message("sepay", transfer(payee[1], 50_000, f"{request.code} \U0001f375"))
    assert rb"\ud83c\udf75" in body
    answer = client.post("/webhooks/bank/sepay", data=body, headers={"Authorization": "Apikey demo-sepay-secret"})
    assert (answer.status_code, fresh(request).status) == (200, "paid")


def test_a_notice_whose_handling_failed_is_kept_and_handled_by_the_pump(client, purpose, payee, monkeypatch):
    request = make_request(payee_id=payee[0].id)
    with monkeypatch.context() as broken:
        broken.setattr(purpose, "on_paid", lambda *_a, **_k: 1 / 0)
        answer = notify(client, "sepay", transfer(payee[1], 50_000, request.code + " A"))
    assert answer.status_code == 200
    assert (fresh(request).status, outcomes()) == ("asked", [None])
    with acting_as(SYSTEM):
        assert services.pump(clock=SYSTEM_CLOCK) == 1
    assert fresh(request).status == "paid"
    assert services.pump(clock=SYSTEM_CLOCK) == 0


def test_what_leaves_an_account_is_noted_and_moves_nothing(client, payee):
    body, _headers = message("sepay", transfer(payee[1], 50_000, "rut tien"))
    headers = {"Authorization": "Apikey demo-sepay-secret"}
    client.post("/webhooks/bank/sepay", data=body.replace(b'"in"', b'"out"'), headers=headers)
    assert outcomes() == ["ignored"]


def test_nothing_personal_of_a_notice_is_stored_in_the_clear(client, purpose, payee):
    request = make_request(payee_id=payee[0].id)
    notify(client, "sepay", transfer(payee[1], 50_000, f"{request.code} tu NGUYEN MAU SO BA"))
    stored = db.session.scalar(sa.text("SELECT row_to_json(bank_notice)::text FROM bank_notice")) or ""
    assert payee[1] not in stored
    assert "NGUYEN" not in stored
