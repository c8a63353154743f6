"""Gifts over the API, and the receipt that anybody can check."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.core.database import db, transaction
from app.giving.gifts import donors, queries
from app.giving.gifts.models import Gift
from app.giving.log import services as log
from app.giving.log.models import LogLeaf
from app.payments.requests import operations as requests
from app.payments.requests import queries as request_queries
from app.payments.requests import services as request_services
from app.payments.requests.models import PaymentRequest, Purpose
from app.payments.requests.states import State as RequestState
from tests.factories.households import HAMLETS, TAN_CUONG
from tests.factories.market import make_shop
from tests.fakes.banks import WIRES, notify, transfer

from .conftest import ACCOUNT_NUMBER, HEAD, NEED, give, list_household, pay

VERIFIER = Path(__file__).parents[3] / "tools" / "verify_receipt.py"
pytestmark = pytest.mark.usefixtures("on_our_clock")


def ask(client, listed, *, key="key-1", **changes):
    body = {
        "household_code": listed.code,
        "amount_vnd": 200_000,
        "donor": {"name": "Lê Thị Lan"},
        "message": "Chúc cả nhà mạnh khỏe",
        "method": "vietqr",
        **changes,
    }
    return client.post("/api/v1/gifts", json=body, headers={"Idempotency-Key": key} if key else {})


def check(receipt, *more):
    """Run the verifier the way a giver would, with the log's own key."""
    return subprocess.run(
        [sys.executable, str(VERIFIER), "-", "--key", log.verifier_key(), *more],
        input=json.dumps(receipt), capture_output=True, text=True, check=False,
    )  # fmt: skip


def how_many(model):
    return db.session.scalar(sa.select(sa.func.count()).select_from(model))


def test_a_guest_gives_and_gets_a_code_and_a_qr_to_scan(client, household):
    answer = ask(client, household)
    assert answer.status_code == 201
    assert set(answer.json) == {"code", "payment_request"}
    request = answer.json["payment_request"]
    assert (request["status"], request["amount_vnd"], request["card_client_secret"]) == ("asked", 200_000, None)
    assert request["payee"]["name"] == f"Hộ {household.code}"
    assert ACCOUNT_NUMBER in request["vietqr"]


def test_the_gift_tells_its_state_from_asked_to_logged(client, household, clock):
    code = ask(client, household).json["code"]
    path = f"/api/v1/gifts/{code}"
    before = client.get(path).json
    assert (before["status"], before["receipt"], before["logging"]) == ("asked", None, False)
    assert (before["household_code"], before["amount_vnd"]) == (household.code, 200_000)

    pay(queries.by_code(code), clock=clock)
    waiting = client.get(path).json
    assert (waiting["status"], waiting["receipt"], waiting["logging"]) == ("received", None, True)

    log.sequence_leaves(clock=clock)
    logged = client.get(path).json
    assert (logged["status"], logged["logging"]) == ("received", False)
    assert set(logged["receipt"]) == {"number", "leaf", "index", "tree_size", "proof", "checkpoint"}
    assert (logged["receipt"]["number"], logged["receipt"]["index"]) == ("BN2026000001", 0)
    assert logged["payment_request"]["status"] == "paid"


@pytest.mark.parametrize("wire", WIRES)
def test_the_banks_notice_told_twice_is_one_gift_received(client, household, clock, wire):
    gift = give(household, clock=clock)
    code = client.get(f"/api/v1/gifts/{gift.code}").json["payment_request"]["code"]
    moved = transfer(ACCOUNT_NUMBER, 200_000, f"{code} ung ho", at=clock.now())
    assert [notify(client, wire, moved).status_code for _ in range(2)] == [200, 200]
    assert client.get(f"/api/v1/gifts/{gift.code}").json["status"] == "received"
    assert how_many(LogLeaf) == 1


def test_the_answer_is_a_receipt_the_offline_verifier_accepts(client, household, clock):
    gifts = [give(household, clock=clock, donor_name="Lê Thị Lan") for _ in range(5)]
    for gift in gifts:
        pay(gift, clock=clock)
    log.sequence_leaves(clock=clock)
    answer = client.get(f"/api/v1/gifts/{gifts[2].code}").json
    good = check(answer)
    assert good.returncode == 0, good.stdout
    donor = donors.open_donor(queries.by_code(gifts[2].code))
    assert donor is not None
    assert check(answer, "--donor", donor.name, "--salt", donor.salt).returncode == 0
    assert check(answer, "--donor", "Người Khác", "--salt", donor.salt).returncode == 1
    assert check({**answer, "amount_vnd": 999_999}).returncode == 1


def test_a_receipt_of_one_gift_is_no_proof_of_another(client, household, clock):
    one, other = give(household, clock=clock), give(household, clock=clock)
    pay(one, clock=clock)
    pay(other, clock=clock)
    log.sequence_leaves(clock=clock)
    mine = client.get(f"/api/v1/gifts/{one.code}").json
    theirs = client.get(f"/api/v1/gifts/{other.code}").json
    swapped = {**mine, "receipt": {**theirs["receipt"], "number": mine["receipt"]["number"]}}
    assert check(swapped).returncode == 1


def test_public_answers_hold_no_name_place_account_or_shop(client, clock):
    listed = list_household(clock=clock, number=ACCOUNT_NUMBER, head_name=HEAD)
    shop = make_shop(clock=clock)
    code = ask(client, listed).json["code"]
    pay(queries.by_code(code), clock=clock)
    log.sequence_leaves(clock=clock)
    seen = [
        client.get(path).get_data().decode(errors="replace")
        for path in (
            f"/api/v1/gifts/{code}",
            "/api/v1/welfare/households",
            "/ung-ho",
            f"/ung-ho/{listed.code}",
            f"/ung-ho/bien-nhan/{code}",
            "/so-cong-khai",
            "/log/tile/entries/000.p/1",
        )
    ]
    assert NEED in seen[2]
    secrets = (HEAD, "NGUYEN THI THU", HAMLETS[f"{TAN_CUONG}-01"], f"{TAN_CUONG}-01", ACCOUNT_NUMBER)
    of_others = (shop.code, listed.household.code, str(listed.household.id), "Lê Thị Lan", "mạnh khỏe")
    for text in seen:
        assert not [secret for secret in (*secrets, *of_others) if secret in text]


def test_the_same_key_makes_one_gift(client, household):
    first, second = ask(client, household), ask(client, household)
    assert (first.json["code"], second.status_code) == (second.json["code"], 201)
    assert (how_many(Gift), how_many(PaymentRequest)) == (1, 1)


def test_the_same_key_with_another_gift_is_refused(client, household):
    ask(client, household)
    answer = ask(client, household, amount_vnd=300_000)
    assert (answer.status_code, answer.json["code"]) == (409, "idempotency_key_reused")


def test_a_gift_needs_its_key(client, household):
    assert ask(client, household, key="").json["code"] == "idempotency_key_missing"


@pytest.mark.parametrize("donor", [None, {"name": "Lan"}])
def test_a_gift_may_be_anonymous_or_named(client, household, donor):
    code = ask(client, household, donor=donor, message=None).json["code"]
    gift = queries.by_code(code)
    assert (donors.open_donor(gift) is None) == (donor is None)
    assert "name" not in client.get(f"/api/v1/gifts/{code}").json


def test_without_consent_there_is_no_qr(client, shy_household):
    answer = ask(client, shy_household)
    assert (answer.status_code, answer.json["code"]) == (409, "household_takes_no_direct_gift")
    assert how_many(PaymentRequest) == 0


def test_a_card_gift_brings_what_the_card_form_needs(client, shy_household, stripe_wire):
    answer = ask(client, shy_household, method="card")
    assert answer.status_code == 201
    request = answer.json["payment_request"]
    assert (request["vietqr"], request["payee"]["account_masked"]) == (None, None)
    assert request["card_client_secret"]
    assert [intent["amount"] for intent in stripe_wire.intents()] == [200_000]
    code = answer.json["code"]
    assert client.get(f"/api/v1/gifts/{code}").json["payment_request"]["card_client_secret"] is None


def test_money_paid_back_shows_as_refunded(client, household, clock):
    gift = give(household, clock=clock)
    pay(gift, clock=clock)
    with transaction():
        request_queries.for_purpose(Purpose("gift", gift.id), for_update=True)[0].status = RequestState.REFUNDED
    assert client.get(f"/api/v1/gifts/{gift.code}").json["status"] == "refunded"
    assert "đã được hoàn lại" in client.get(f"/ung-ho/bien-nhan/{gift.code}").get_data(as_text=True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount_vnd": 999}, "amount_vnd"),
        ({"amount_vnd": 500_000_001}, "amount_vnd"),
        ({"amount_vnd": "200000"}, "amount_vnd"),
        ({"amount_vnd": 200_000.5}, "amount_vnd"),
        ({"donor": {"name": " "}}, "donor"),
        ({"donor": {"name": "x" * 81}}, "donor"),
        ({"donor": {"name": "Lan", "phone": "0912345678"}}, "donor"),
        ({"message": "x" * 301}, "message"),
        ({"method": "cash"}, "method"),
        ({"household_code": ""}, "household_code"),
        ({"shop_code": "GH23456789"}, "shop_code"),
    ],
)
def test_wrong_input_is_named_by_its_field(client, household, changes, field):
    answer = ask(client, household, **changes)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert field in json.dumps(answer.json["errors"])
    assert how_many(Gift) == 0


def test_codes_that_name_nothing_are_not_found(client, household):
    answer = client.get("/api/v1/gifts/UH23456789")
    assert (answer.status_code, answer.json["code"]) == (404, "gift_not_found")
    answer = client.post(
        "/api/v1/gifts",
        json={"household_code": "AS23456789", "amount_vnd": 5_000, "method": "vietqr"},
        headers={"Idempotency-Key": "k"},
    )
    assert (answer.status_code, answer.json["code"]) == (404, "welfare_household_not_found")


def test_a_part_payment_keeps_the_gift_asked(client, household, clock):
    gift = give(household, clock=clock)
    pay(gift, clock=clock, amount_vnd=50_000)
    answer = client.get(f"/api/v1/gifts/{gift.code}").json
    assert (answer["status"], answer["payment_request"]["status"]) == ("asked", "part_paid")


def test_the_gift_waits_seven_days_and_a_little(client, household, clock):
    gift = give(household, clock=clock)
    clock.advance(days=7, seconds=requests.GRACE.total_seconds() + 1)
    request_services.expire_due(clock=clock)
    assert client.get(f"/api/v1/gifts/{gift.code}").json["status"] == "expired"
