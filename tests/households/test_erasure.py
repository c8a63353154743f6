"""A household that asks to be forgotten: when, by whom, what is gone and what stays."""

from __future__ import annotations

import threading
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.core.actor import SYSTEM, Actor
from app.core.audit import AuditEvent
from app.core.crypto import DataKey, KeyDestroyed
from app.core.database import acting_as, db, transaction
from app.core.errors import AppError, NotFound
from app.giving.log import services as log
from app.households.own import queries, services
from app.households.own.errors import HeadOnly, MoneyWaits, NotYourHousehold, RequestClosed, SecondPersonNeeded
from app.households.own.models import Relation, RequestStatus
from app.households.registry import amendments, fields, versions
from app.households.registry import queries as registry
from app.households.registry.errors import NoSuchHousehold
from app.households.registry.models import Household, HouseholdAmendment, Purpose, Status
from app.identity import queries as accounts
from app.market.catalogue import queries as catalogue
from app.market.catalogue.models import ProductPhoto
from app.payments.ledger.books import check_books
from app.payments.payees import queries as payees
from tests.factories.households import (
    DAI_PHUC,
    a_citizen_id,
    a_phone,
    an_officer,
    register,
    speaking_for,
    verified,
    with_welfare_account,
)
from tests.factories.market import a_shop_of, make_product
from tests.fakes.clock import FrozenClock
from tests.giving.gifts.conftest import Listed, give, list_household, pay
from tests.giving.gifts.test_api import check

pytestmark = pytest.mark.usefixtures("app", "world")


def ask(home: Household, clock: FrozenClock, actor: Actor | None = None) -> UUID:
    who = actor or speaking_for(home.id)
    return services.ask_erasure(actor=who, request_id=uuid4(), clock=clock).id


def erased(home: Household, clock: FrozenClock) -> Household:
    """The household, asked for and erased by an officer."""
    services.erase(actor=an_officer(home.commune_code), request_id=ask(home, clock), clock=clock)
    with acting_as(SYSTEM):
        return db.session.get_one(Household, home.id, populate_existing=True)


def test_asking_ends_every_consent_at_once_and_asking_twice_is_asking_once(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    assert ask(home, clock) == ask(home, clock)
    with acting_as(speaking_for(home.id)):
        assert not registry.has_consent(home.id, Purpose.SELLING)
        (request,) = queries.requests_of(home.id)
    assert request.status == RequestStatus.OPEN
    with pytest.raises(RequestClosed):
        services.set_consent(actor=speaking_for(home.id), purpose=Purpose.SELLING, given=True, clock=clock)


def test_the_household_may_take_it_back_until_it_is_done(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    request_id = ask(home, clock)
    services.take_back_erasure(actor=speaking_for(home.id), clock=clock)
    with pytest.raises(RequestClosed):
        services.erase(actor=an_officer(), request_id=request_id, clock=clock)
    with pytest.raises(RequestClosed):
        services.take_back_erasure(actor=speaking_for(home.id), clock=clock)
    services.set_consent(actor=speaking_for(home.id), purpose=Purpose.SELLING, given=True, clock=clock)
    assert services.see_all(actor=speaking_for(home.id), clock=clock)["head_name"]


def test_only_a_second_officer_of_the_commune_erases(clock: FrozenClock) -> None:
    registrar = an_officer()
    home = verified(clock=clock, actor=registrar)
    officer = an_officer()
    request_id = services.ask_erasure(actor=officer, household_id=home.id, request_id=uuid4(), clock=clock).id
    for actor in (officer, registrar):
        with pytest.raises(SecondPersonNeeded):
            services.erase(actor=actor, request_id=request_id, clock=clock)
    for stranger in (an_officer(DAI_PHUC), speaking_for(home.id), Actor()):
        with pytest.raises(NotFound):
            services.erase(actor=stranger, request_id=request_id, clock=clock)
    services.erase(actor=an_officer(), request_id=request_id, clock=clock)


def test_nothing_personal_is_left(clock: FrozenClock) -> None:
    phone, citizen = a_phone(), a_citizen_id()
    home = verified(clock=clock, phone=phone, citizen_id=citizen)
    own = speaking_for(home.id)
    services.add_member(
        actor=own, name="Người mẫu", relation=Relation.CHILD, birth_year=2001, phone=a_phone(), clock=clock
    )
    asked = services.correct(
        actor=own, amendment_id=uuid4(), changes={"address": "Nhà mới đầu xóm"}, base_version=1, clock=clock
    )
    gone = erased(home, clock)
    assert gone.status == Status.ERASED
    with acting_as(SYSTEM):
        assert db.session.get_one(DataKey, gone.data_key_id, populate_existing=True).wrapped is None
        for read in (lambda: fields.of(gone), lambda: versions.history(gone.id)):
            with pytest.raises((KeyDestroyed, ValueError)):
                read()
        amendment = db.session.get_one(HouseholdAmendment, asked.id, populate_existing=True)
        assert amendment.status == amendments.AmendmentStatus.WITHDRAWN
        with pytest.raises(KeyDestroyed):
            amendments.wanted(gone, amendment)
        assert accounts.by_phone(phone) is None
    for actor in (an_officer(), own, SYSTEM):
        db.session.rollback()
        with acting_as(actor), pytest.raises(NoSuchHousehold):
            registry.by_code(home.code, actor=actor)
    again = register(clock=clock, phone=phone, citizen_id=citizen)
    assert again.id != home.id


def test_nobody_is_signed_in_any_more(clock: FrozenClock, client: FlaskClient) -> None:
    phone = a_phone()
    home = verified(clock=clock, phone=phone)
    user = accounts.by_phone(phone)
    assert user is not None
    erased(home, clock)
    with acting_as(SYSTEM):
        assert accounts.known_by(user.fs_uniquifier, at=clock.now()) is None
        kept = accounts.get(user.id)
        assert kept is not None
        assert (kept.active, kept.display_name) == (False, "Đã xóa")
    with pytest.raises(NotYourHousehold):
        services.see_all(actor=Actor(user.id, frozenset({"household"})), clock=clock)


def test_a_shop_closes_for_good_and_its_words_and_photos_go(clock: FrozenClock, client: FlaskClient) -> None:
    home = verified(clock=clock)
    seller = a_shop_of(home, clock=clock, name="Chè nhà bà Thử")
    product = make_product(clock=clock, seller=seller)
    erased(home, clock)
    with acting_as(SYSTEM):
        shop = catalogue.shop_of(home.id)
        assert shop is not None
        assert not shop.is_open
        assert shop.name == "Gian hàng đã đóng"
        assert payees.active_account(shop.payee_id) is None
        assert db.session.scalar(sa.select(sa.func.count()).select_from(ProductPhoto)) == 0
    for path in (f"/gian-hang/{shop.code}", f"/san-pham/{product.code}", f"/api/v1/products/{product.code}", "/cho"):
        page = client.get(path)
        assert page.status_code in (200, 404, 410), path
        assert "bà Thử" not in page.get_data(as_text=True), path


def test_a_gift_given_before_stays_in_books_and_public_log(clock: FrozenClock, client: FlaskClient) -> None:
    listed = list_household(clock=clock)
    gift = give(listed, clock=clock)
    pay(gift, clock=clock)
    log.sequence_leaves(clock=clock)
    erased(listed.household, clock)
    assert client.get(f"/ung-ho/{listed.code}").status_code == 404
    receipt = client.get(f"/api/v1/gifts/{gift.code}").get_json()
    assert receipt["status"] == "received"
    assert receipt["amount_vnd"] == 200_000
    proven = check(receipt)
    assert proven.returncode == 0, proven.stdout
    with acting_as(SYSTEM):
        assert [one.name for one in check_books() if one.problems] == []


def test_money_under_way_holds_it_up_and_says_why(clock: FrozenClock) -> None:
    listed: Listed = list_household(clock=clock)
    gift = give(listed, clock=clock)
    request_id = ask(listed.household, clock)
    officer = an_officer()
    with pytest.raises(MoneyWaits) as refused:
        services.erase(actor=officer, request_id=request_id, clock=clock)
    assert "đang chờ tiền về" in refused.value.message
    with acting_as(officer):
        assert queries.open_request(listed.household.id, "erase") is not None
    pay(gift, clock=clock)
    services.erase(actor=officer, request_id=request_id, clock=clock)


def test_the_welfare_account_takes_no_more_money(clock: FrozenClock) -> None:
    home, account = with_welfare_account(clock=clock)
    erased(home, clock)
    with acting_as(SYSTEM):
        bank = payees.get_account(account.bank_account_id)
        db.session.refresh(bank)
        assert not bank.active
        assert payees.masked(bank).number_masked == "••••"


def test_erasing_twice_is_refused(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    request_id = ask(home, clock)
    services.erase(actor=an_officer(), request_id=request_id, clock=clock)
    with pytest.raises(RequestClosed):
        services.erase(actor=an_officer(), request_id=request_id, clock=clock)


def test_two_officers_at_once_erase_once(app: Flask, clock: FrozenClock) -> None:
    home = verified(clock=clock)
    request_id = ask(home, clock)
    db.session.remove()
    said: list[str] = []
    start = threading.Barrier(2)

    def work() -> None:
        with app.app_context():
            start.wait()
            try:
                services.erase(actor=an_officer(), request_id=request_id, clock=clock)
                said.append("done")
            except AppError as error:
                said.append(error.code)

    threads = [threading.Thread(target=work) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["done", "privacy_request_closed"]
    with acting_as(SYSTEM):
        told = sa.select(sa.func.count()).select_from(AuditEvent).where(AuditEvent.action == "household_erased")
        assert db.session.scalar(told.where(AuditEvent.subject_id == home.id)) == 1


def test_what_was_merged_into_it_goes_with_it(clock: FrozenClock) -> None:
    home, double = verified(clock=clock), register(clock=clock)
    with transaction(actor=SYSTEM) as session:
        row = session.get_one(Household, double.id, populate_existing=True)
        row.status, row.merged_into = Status.MERGED, home.id
    erased(home, clock)
    with acting_as(SYSTEM):
        row = db.session.get_one(Household, double.id, populate_existing=True)
        assert row.status == Status.ERASED
        assert db.session.get_one(DataKey, row.data_key_id, populate_existing=True).wrapped is None


def test_a_spouse_does_not_ask_for_it(clock: FrozenClock) -> None:
    home, phone = verified(clock=clock), a_phone()
    services.add_member(
        actor=speaking_for(home.id), name="Người mẫu", relation=Relation.SPOUSE, birth_year=None, phone=phone,
        clock=clock,
    )  # fmt: skip
    user = accounts.by_phone(phone)
    assert user is not None
    with pytest.raises(HeadOnly):
        ask(home, clock, accounts.actor_of(user, clock=clock))
