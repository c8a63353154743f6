"""A member writes goods down for a household: on sale only by the household's own word."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import GUEST, SYSTEM
from app.core.audit import AuditEvent
from app.core.database import acting_as, db, transaction
from app.core.media import store
from app.households.own import services as own
from app.households.registry import listeners
from app.households.registry.listeners import What
from app.households.registry.models import Purpose
from app.market.assisted import services
from app.market.assisted.errors import (
    AlreadyDecided,
    CodeLocked,
    ListingExpired,
    TooLateToUndo,
    WrongCode,
)
from app.market.assisted.models import Status
from app.market.assisted.services import Decision
from app.market.catalogue import photos
from app.market.catalogue import queries as catalogue
from app.market.catalogue.errors import SellingConsentMissing
from app.market.catalogue.models import Product
from tests.factories.market import a_photo
from tests.market.assisted.conftest import BASE, Doorstep, goods, in_threads, wrong

CONFIRM, REFUSE, UNDO = Decision.CONFIRM, Decision.REFUSE, Decision.UNDO


def test_nothing_is_on_sale_before_the_household_says_yes(door: Doorstep) -> None:
    listing = door.write_down(price_vnd=180_000, unit="lít")
    assert goods() == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Product)) == 0
    (text,) = door.texts()
    for told in ("Người mẫu", "Mật ong rừng", "180.000", "lít", f"{BASE}/ban-hang/nho-dang/{listing.code}"):
        assert told in text
    seen = door.answer(listing, CONFIRM, door.digits())
    assert seen.status is Status.CONFIRMED
    assert goods() == ["Mật ong rừng"]
    assert door.seller.shop.id == catalogue.by_code(seen.product_code or "").shop_id


def test_the_digits_are_kept_as_a_keyed_hash_only(door: Doorstep) -> None:
    listing = door.write_down()
    digits = door.digits()
    row = db.session.execute(sa.text("SELECT row_to_json(l)::text FROM assisted_listing l")).scalar_one()
    assert digits not in row.replace(str(listing.id), "").replace(row.split('"code_hash":"')[1].split('"')[0], "")


def test_the_act_stands_in_the_audit_as_the_members_for_the_household(door: Doorstep) -> None:
    listing = door.write_down()
    seen = door.answer(listing, CONFIRM, door.digits())
    product = catalogue.by_code(seen.product_code or "")
    added = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "product.added")).one()
    assert (added.actor_id, added.actor_label, added.subject_id) == (door.member.user_id, "team_member", product.id)
    assert added.details["for_household"] == str(door.seller.shop.household_id)
    said = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "assisted_confirmed")).one()
    assert (said.actor_id, said.details["how"]) == (None, "code")


def test_a_no_keeps_it_off_the_market_for_good(door: Doorstep) -> None:
    listing = door.write_down()
    digits = door.digits()
    assert door.answer(listing, REFUSE, digits).status is Status.REFUSED
    with pytest.raises(AlreadyDecided):
        door.answer(listing, CONFIRM, digits)
    assert door.answer(listing, REFUSE, digits).status is Status.REFUSED
    assert goods() == []


def test_a_yes_said_twice_makes_one_product(door: Doorstep) -> None:
    listing = door.write_down()
    digits = door.digits()
    first, again = door.answer(listing, CONFIRM, digits), door.answer(listing, CONFIRM, digits)
    assert first.product_code == again.product_code
    assert goods() == ["Mật ong rừng"]
    with pytest.raises(AlreadyDecided):
        door.answer(listing, REFUSE, digits)


def test_looking_changes_nothing(door: Doorstep) -> None:
    listing = door.write_down()
    with acting_as(GUEST):
        seen = services.look(actor=GUEST, code=listing.code, digits=door.digits(), clock=door.clock)
    assert (seen.name, seen.status) == ("Mật ong rừng", Status.WAITING)
    assert door.again(listing).status == Status.WAITING


def test_five_wrong_tries_lock_the_code_and_each_is_kept(door: Doorstep) -> None:
    listing = door.write_down()
    digits = door.digits()
    for _try in range(4):
        with pytest.raises(WrongCode):
            door.answer(listing, CONFIRM, wrong(digits))
    with pytest.raises(CodeLocked):
        door.answer(listing, CONFIRM, wrong(digits))
    with pytest.raises(CodeLocked):
        door.answer(listing, CONFIRM, digits)
    assert goods() == []
    services.send_again(actor=door.member, code=listing.code, base_url=BASE, clock=door.clock)
    with pytest.raises(WrongCode):
        door.answer(listing, CONFIRM, digits if digits != door.digits() else wrong(digits))
    assert door.answer(listing, CONFIRM, door.digits()).status is Status.CONFIRMED


def test_parallel_wrong_tries_all_count(door: Doorstep, app: Flask) -> None:
    listing = door.write_down()
    bad = wrong(door.digits())
    kinds = in_threads(app, 8, lambda: door.answer(listing, CONFIRM, bad))
    assert sorted(kinds) == ["CodeLocked"] * 4 + ["WrongCode"] * 4
    assert door.again(listing).tries == 5


def test_a_code_that_names_nothing_is_answered_like_a_wrong_one(door: Doorstep) -> None:
    with pytest.raises(WrongCode):
        services.answer(actor=GUEST, code="NDAAAAAAAA", digits="123456", decision=CONFIRM, clock=door.clock)


def test_one_listings_digits_open_no_other(door: Doorstep) -> None:
    first = door.write_down()
    digits = door.digits()
    second = door.write_down(name="Chè xanh")
    if digits != door.digits():
        with pytest.raises(WrongCode):
            door.answer(second, CONFIRM, digits)
    assert door.answer(first, CONFIRM, digits).status is Status.CONFIRMED


def test_after_three_days_it_has_run_out(door: Doorstep) -> None:
    listing = door.write_down(photo=photos.take(store(), a_photo()))
    digits = door.digits()
    door.clock.advance(days=3)
    for decision in (CONFIRM, REFUSE):
        with pytest.raises(ListingExpired):
            door.answer(listing, decision, digits)
    assert services.look(actor=GUEST, code=listing.code, digits=digits, clock=door.clock).status is Status.EXPIRED
    assert services.expire(clock=door.clock) == 1
    assert services.expire(clock=door.clock) == 0
    row = door.again(listing)
    assert (row.status, row.photo_key) == (Status.EXPIRED, None)
    assert goods() == []


def test_within_seven_days_the_same_code_takes_it_off_again(door: Doorstep) -> None:
    listing = door.write_down()
    digits = door.digits()
    door.answer(listing, CONFIRM, digits)
    door.clock.advance(days=7, seconds=-1)
    assert door.answer(listing, UNDO, digits).status is Status.UNDONE
    assert door.answer(listing, UNDO, digits).status is Status.UNDONE
    assert goods() == []
    with pytest.raises(AlreadyDecided):
        door.answer(listing, CONFIRM, digits)


def test_after_seven_days_the_code_takes_nothing_off(door: Doorstep) -> None:
    listing = door.write_down()
    digits = door.digits()
    door.answer(listing, CONFIRM, digits)
    door.clock.advance(days=7)
    with pytest.raises(TooLateToUndo):
        door.answer(listing, UNDO, digits)
    assert goods() == ["Mật ong rừng"]


def test_what_waits_cannot_be_undone(door: Doorstep) -> None:
    listing = door.write_down()
    with pytest.raises(AlreadyDecided):
        door.answer(listing, UNDO, door.digits())


def test_undo_works_whatever_became_of_the_consent(door: Doorstep) -> None:
    listing = door.write_down()
    digits = door.digits()
    door.answer(listing, CONFIRM, digits)
    own.set_consent(actor=door.seller.actor, purpose=Purpose.SELLING, given=False, clock=door.clock)
    assert door.answer(listing, UNDO, digits).status is Status.UNDONE
    own.set_consent(actor=door.seller.actor, purpose=Purpose.SELLING, given=True, clock=door.clock)
    assert goods() == []


def test_a_consent_taken_back_calls_off_what_waits_and_giving_it_again_does_not_wake_it(door: Doorstep) -> None:
    listing = door.write_down()
    digits = door.digits()
    own.set_consent(actor=door.seller.actor, purpose=Purpose.SELLING, given=False, clock=door.clock)
    assert door.again(listing).status == Status.CANCELLED
    with pytest.raises(SellingConsentMissing):
        door.write_down()
    own.set_consent(actor=door.seller.actor, purpose=Purpose.SELLING, given=True, clock=door.clock)
    with pytest.raises(AlreadyDecided):
        door.answer(listing, CONFIRM, digits)


def test_another_consent_taken_back_changes_nothing(door: Doorstep) -> None:
    listing = door.write_down()
    own.set_consent(actor=door.seller.actor, purpose=Purpose.GIFT_PAGE, given=False, clock=door.clock)
    assert door.again(listing).status == Status.WAITING


@pytest.mark.parametrize("what", [What.UNVERIFIED, What.MERGED, What.ERASED])
def test_a_household_that_ends_calls_off_what_waits(door: Doorstep, what: What) -> None:
    listing = door.write_down()
    sold = door.write_down(name="Chè xanh")
    door.answer(sold, CONFIRM, door.digits())
    with transaction(actor=SYSTEM):
        listeners.tell(door.seller.shop.household_id, what, clock=door.clock)
    assert door.again(listing).status == Status.CANCELLED
    assert (door.again(listing).name == "Đã xóa") == (what is What.ERASED)
    assert door.again(sold).can_be_undone(door.clock.now()) == (what is not What.ERASED)
