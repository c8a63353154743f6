"""A gift from the wish to give to its place in the public log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from app.core.crypto import destroy_data_key
from app.core.database import db, transaction
from app.core.errors import NotFound
from app.giving.gifts import donors, operations, queries
from app.giving.gifts.errors import AmountOutOfRange, KeyReused, NoDirectGift
from app.giving.gifts.models import MAX_VND, MIN_VND, Gift
from app.giving.gifts.states import State
from app.giving.log import leaves
from app.giving.log import queries as log
from app.giving.log.models import LogLeaf
from app.households.welfare import queries as welfare
from app.households.welfare import services as welfare_desk
from app.payments.ledger.books import check_books
from app.payments.requests import operations as requests
from app.payments.requests import services as request_services
from app.payments.requests.models import Method, PaymentRequest
from tests.factories.households import an_officer
from tests.fakes.clock import FrozenClock

from .conftest import give, pay, request_of


def leaf_of(gift):
    leaf = log.find_leaf(kind="gift_received", subject_id=gift.id)
    return leaves.decode(leaf.leaf) if leaf else None


def fresh(gift):
    return db.session.get_one(Gift, gift.id, populate_existing=True)


def test_a_wish_to_give_asks_the_households_own_account_for_a_week(household, clock):
    gift = give(household, clock=clock, amount_vnd=200_000)
    request = request_of(gift)
    assert (gift.status, gift.receipt_number, leaf_of(gift)) == (State.ASKED, None, None)
    assert (request.amount_vnd, request.settlement) == (200_000, "direct")
    assert request.payee_id == welfare.payee_for_gift(household.code, clock=clock)
    assert (request.expires_at - clock.now()).days == 7


def test_a_card_gift_is_collected_and_owed_to_the_household(household, clock):
    gift = give(household, clock=clock, method=Method.CARD)
    pay(gift, clock=clock)
    request = request_of(gift)
    assert (request.settlement, request.bank_account_id) == ("collected", None)
    assert request.payee_id == welfare.payee_for_gift(household.code, clock=clock)
    assert leaf_of(gift)["rail"] == "card"


def test_arrived_money_makes_one_receipt_and_one_leaf_even_when_told_twice(household, clock):
    gift = give(household, clock=clock)
    pay(gift, clock=clock)
    verdict = requests.judge(request_of(gift), amount_vnd=200_000, event_at=clock.now())
    assert verdict.outcome == requests.Outcome.DUPLICATE
    received = fresh(gift)
    assert (received.status, received.received_at) == (State.RECEIVED, clock.now())
    assert db.session.scalars(sa.select(LogLeaf.subject_id)).all() == [gift.id]


def test_a_gift_cannot_be_received_a_second_time(household, clock):
    gift = give(household, clock=clock)
    pay(gift, clock=clock)
    with pytest.raises(RuntimeError), transaction():
        operations.receive(queries.get(gift.id, for_update=True), clock=clock)


def test_part_of_the_money_is_not_a_gift_received(household, clock):
    gift = give(household, clock=clock)
    pay(gift, clock=clock, amount_vnd=50_000)
    assert (fresh(gift).status, leaf_of(gift)) == (State.ASKED, None)
    pay(gift, clock=clock)
    assert (fresh(gift).status, leaf_of(gift)["amount_vnd"]) == (State.RECEIVED, 200_000)


def test_the_leaf_holds_codes_amount_and_time_and_a_commitment_to_the_name(household, clock):
    gift = give(household, clock=clock, donor_name="Lê Thị Lan", message="Chúc cả nhà khỏe")
    pay(gift, clock=clock)
    leaf = leaf_of(gift)
    opened = donors.open_donor(fresh(gift))
    assert opened is not None
    assert opened.name == "Lê Thị Lan"
    assert leaves.opens(leaf.pop("donor"), bytes.fromhex(opened.salt), "Lê Thị Lan")
    assert leaf == {
        "v": 1,
        "kind": "gift_received",
        "code": fresh(gift).receipt_number,
        "amount_vnd": 200_000,
        "at": leaves.format_time(clock.now()),
        "household": household.code,
        "rail": "vietqr",
    }


def test_an_anonymous_gift_keeps_no_name_and_commits_to_none(household, clock):
    gift = give(household, clock=clock, donor_name="   ")
    pay(gift, clock=clock)
    assert (gift.data_key_id, gift.donor_enc, donors.open_donor(gift)) == (None, None, None)
    assert "donor" not in leaf_of(gift)


def test_name_and_message_are_sealed_and_forgotten_with_their_key(household, clock):
    gift = give(household, clock=clock, donor_name="Lê Thị Lan", message="Chúc khỏe")
    row = db.session.execute(sa.text("SELECT * FROM gift")).one()
    assert not any(b"Lan" in value or "khỏe".encode() in value for value in row if isinstance(value, bytes))
    assert gift.data_key_id is not None
    with transaction():
        destroy_data_key(gift.data_key_id, clock=clock)
    assert donors.open_donor(fresh(gift)) is None


def test_a_household_without_consent_to_direct_gifts_is_reached_by_card_only(shy_household, clock):
    with pytest.raises(NoDirectGift):
        give(shy_household, clock=clock)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PaymentRequest)) == 0
    assert give(shy_household, clock=clock, method=Method.CARD).status == State.ASKED


def test_a_household_that_is_not_listed_takes_no_gifts(household, clock):
    welfare_desk.close_welfare_account(
        actor=an_officer(household.household.commune_code), household_id=household.household.id, clock=clock
    )
    with pytest.raises(NotFound):
        give(household, clock=clock)


@pytest.mark.parametrize("amount_vnd", [MIN_VND - 1, MAX_VND + 1, 0, -5])
def test_too_little_and_too_much_are_refused(household, clock, amount_vnd):
    with pytest.raises(AmountOutOfRange):
        give(household, clock=clock, amount_vnd=amount_vnd)


def test_the_same_key_makes_one_gift_and_refuses_another_content(household, clock):
    first = give(household, clock=clock, key="k1", donor_name="Lan")
    assert give(household, clock=clock, key="k1", donor_name=" Lan ").id == first.id
    with pytest.raises(KeyReused):
        give(household, clock=clock, key="k1", donor_name="Hoa")
    with pytest.raises(KeyReused):
        give(household, clock=clock, key="k1", donor_name="Lan", amount_vnd=300_000)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PaymentRequest)) == 1


def test_nobody_paid_in_a_week_so_the_gift_expires_without_a_leaf(household, clock):
    gift = give(household, clock=clock)
    clock.advance(days=7, minutes=4)
    assert request_services.expire_due(clock=clock) == 1
    assert (fresh(gift).status, leaf_of(gift)) == (State.EXPIRED, None)


def test_receipts_are_numbered_by_year_of_vietnam(household):
    late = FrozenClock(datetime(2026, 12, 31, 16, 30, tzinfo=UTC))
    gifts = [give(household, clock=late) for _ in range(3)]
    pay(gifts[0], clock=late)
    pay(gifts[1], clock=late)
    late.advance(hours=1)  # New Year in Vietnam, still the old year in UTC
    pay(gifts[2], clock=late)
    assert [fresh(gift).receipt_number for gift in gifts] == ["BN2026000001", "BN2026000002", "BN2027000001"]


def test_what_reached_a_household_counts_received_gifts_only(household, shy_household, clock):
    pay(give(household, clock=clock, amount_vnd=200_000), clock=clock)
    pay(give(household, clock=clock, amount_vnd=50_000), clock=clock)
    give(household, clock=clock, amount_vnd=900_000)
    assert queries.helped([household.code, shy_household.code]) == {household.code: queries.Helped(2, 250_000)}


@pytest.mark.breaks_books
def test_the_books_notice_a_gift_received_without_its_money(household, clock):
    gift = give(household, clock=clock)
    with transaction():
        operations.receive(queries.get(gift.id, for_update=True), clock=clock)
    broken = {result.name: result.problems for result in check_books() if result.problems}
    assert broken == {"a gift is received exactly when its request is paid, and has exactly one leaf": (gift.code,)}
