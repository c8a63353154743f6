"""Whom a member may write goods down for, who is asked, and how often."""

from __future__ import annotations

from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import GUEST, SYSTEM, Actor
from app.core.database import acting_as, db, transaction
from app.core.errors import Forbidden
from app.core.media import store
from app.households.own import services as own
from app.households.own.models import Relation
from app.households.registry.errors import NoSuchHousehold
from app.households.registry.models import Purpose
from app.identity.models import SmsMessage
from app.identity.roles import Role
from app.market.assisted import queries, services
from app.market.assisted.errors import (
    AlreadyDecided,
    NobodyToAsk,
    NoSuchListing,
    OtherContent,
    OwnListing,
    OwnPhone,
    ShopNotReady,
    SoldAlready,
    TooManyListings,
    TooManySends,
    WaitsAlready,
    WrongCode,
)
from app.market.assisted.models import AssistedListing, Status
from app.market.assisted.services import Decision
from app.market.catalogue import photos
from app.market.catalogue import queries as catalogue
from app.market.catalogue import services as shops
from app.market.catalogue.errors import HouseholdNotVerified
from tests.factories.households import DAI_PHUC, TAN_CUONG, speaking_for, verified
from tests.factories.market import a_photo, a_product, a_shop_of, make_product, make_seller
from tests.factories.people import actor_for, make_user
from tests.market.assisted.conftest import BASE, HAMLET, Doorstep, goods, in_threads, member_of

CONFIRM, REFUSE, UNDO = Decision.CONFIRM, Decision.REFUSE, Decision.UNDO


def test_a_closed_shop_takes_no_yes_until_it_opens(door: Doorstep) -> None:
    listing = door.write_down()
    digits = door.digits()
    shops.set_shop_open(actor=door.seller.actor, shop_id=door.seller.shop.id, is_open=False, clock=door.clock)
    with pytest.raises(ShopNotReady):
        door.answer(listing, CONFIRM, digits)
    with pytest.raises(ShopNotReady):
        door.write_down(name="Chè xanh")
    shops.set_shop_open(actor=door.seller.actor, shop_id=door.seller.shop.id, is_open=True, clock=door.clock)
    assert door.answer(listing, CONFIRM, digits).status is Status.CONFIRMED


def test_a_household_without_a_shop_is_told_so(door: Doorstep) -> None:
    home = verified(clock=door.clock)
    with pytest.raises(ShopNotReady):
        _write_for(door, home.id)


def _write_for(door: Doorstep, household_id: object, by: Actor | None = None) -> AssistedListing:
    return services.write_down(
        actor=by or door.member, household_id=household_id, data=a_product(), idempotency_key=uuid4().hex,  # type: ignore[arg-type]
        base_url=BASE, clock=door.clock,
    )  # fmt: skip


def test_a_household_nobody_verified_is_told_so(door: Doorstep) -> None:
    from tests.factories.households import register

    with pytest.raises(HouseholdNotVerified):
        _write_for(door, register(clock=door.clock).id)


def test_a_household_without_a_phone_needs_a_contact(door: Doorstep) -> None:
    home = verified(clock=door.clock, phone=None)
    seller = a_shop_of(home, clock=door.clock)
    with pytest.raises(NobodyToAsk):
        _write_for(door, home.id)
    own.add_member(
        actor=seller.actor, name="Người mẫu", relation=Relation.CONTACT, birth_year=None, phone="0912777003",
        clock=door.clock,
    )  # fmt: skip
    _write_for(door, home.id)
    assert len([text for text in door.texts("0912777003") if "Chè móc câu" in text]) == 1


def test_a_contact_is_asked_only_while_the_household_agrees_to_be_reached(door: Doorstep) -> None:
    home = verified(clock=door.clock, phone="0912777004", phone_is_contact=True)
    seller = a_shop_of(home, clock=door.clock)
    _write_for(door, home.id)
    assert len(door.texts("0912777004")) == 1
    own.set_consent(actor=seller.actor, purpose=Purpose.CONTACT, given=False, clock=door.clock)
    with pytest.raises(NobodyToAsk):
        services.write_down(
            actor=door.member, household_id=home.id, data=a_product(name="Chè xanh"), idempotency_key="k",
            base_url=BASE, clock=door.clock,
        )  # fmt: skip


def test_the_member_never_gets_the_code_themselves(door: Doorstep) -> None:
    member = member_of(clock=door.clock, phone="+84912777009")
    seller = make_seller(clock=door.clock, phone="+84912777009")
    with pytest.raises(OwnPhone):
        _write_for(door, seller.shop.household_id, member)
    assert not door.texts("+84912777009")


def test_who_wrote_it_down_cannot_say_yes_even_when_they_speak_for_the_household(door: Doorstep) -> None:
    both = Actor(
        door.user.id, frozenset({Role.TEAM_MEMBER, Role.HOUSEHOLD}), frozenset({HAMLET}), door.seller.shop.household_id
    )
    listing = door.write_down(by=both)
    with pytest.raises(OwnListing):
        door.answer(listing, CONFIRM, by=both)
    with pytest.raises(OwnListing):
        door.answer(listing, CONFIRM, door.digits(), by=door.member)
    assert goods() == []


def test_the_database_takes_no_yes_from_who_wrote_it_down(door: Doorstep) -> None:
    listing = door.write_down()
    door.answer(listing, CONFIRM, door.digits())
    with pytest.raises(sa.exc.IntegrityError, match="four_eyes"), transaction(actor=SYSTEM) as session:
        session.execute(sa.update(AssistedListing).values(decided_by=door.user.id))


def test_signed_in_the_household_needs_no_code_and_another_household_has_no_say(door: Doorstep) -> None:
    listing = door.write_down()
    stranger = make_seller(clock=door.clock).actor
    with pytest.raises(WrongCode):
        door.answer(listing, CONFIRM, by=stranger)
    assert not services.owns(stranger, listing.code)
    assert door.answer(listing, CONFIRM, by=door.seller.actor).status is Status.CONFIRMED


def test_only_members_in_reach_write_down_send_again_and_take_back(door: Doorstep) -> None:
    listing = door.write_down()
    elsewhere = member_of(f"{TAN_CUONG}-02", clock=door.clock)
    other_commune = member_of(f"{DAI_PHUC}-01", clock=door.clock)
    for actor in (elsewhere, other_commune):
        with acting_as(actor):
            with pytest.raises(NoSuchHousehold):
                door.write_down(by=actor, name="Chè xanh")
            with pytest.raises(NoSuchListing):
                services.send_again(actor=actor, code=listing.code, base_url=BASE, clock=door.clock)
            with pytest.raises(NoSuchListing):
                services.take_back(actor=actor, code=listing.code, clock=door.clock)
    for actor in (door.seller.actor, GUEST):
        with pytest.raises(Forbidden):
            door.write_down(by=actor, name="Chè xanh")
    assert door.again(listing).status == Status.WAITING


def test_without_the_scoped_query_the_database_hides_foreign_listings(door: Doorstep) -> None:
    listing = door.write_down()
    db.session.remove()
    for actor in (member_of(f"{TAN_CUONG}-02", clock=door.clock), speaking_for(uuid4()), GUEST):
        db.session.remove()
        with acting_as(actor):
            assert queries.by_code(listing.code) is None
    db.session.remove()
    with acting_as(door.seller.actor):
        assert queries.by_code(listing.code) is not None


def test_a_member_who_moved_away_has_no_say_and_the_households_word_still_counts(door: Doorstep) -> None:
    listing = door.write_down()
    moved = Actor(door.user.id, frozenset({Role.TEAM_MEMBER}), frozenset({f"{TAN_CUONG}-02"}))
    with acting_as(moved), pytest.raises(NoSuchListing):
        services.take_back(actor=moved, code=listing.code, clock=door.clock)
    successor = member_of(clock=door.clock)
    with acting_as(successor):
        services.send_again(actor=successor, code=listing.code, base_url=BASE, clock=door.clock)
    assert door.answer(listing, CONFIRM, door.digits()).status is Status.CONFIRMED


def test_what_the_member_takes_back_cannot_be_confirmed(door: Doorstep) -> None:
    listing = door.write_down()
    digits = door.digits()
    services.take_back(actor=door.member, code=listing.code, clock=door.clock)
    services.take_back(actor=door.member, code=listing.code, clock=door.clock)
    with pytest.raises(AlreadyDecided):
        door.answer(listing, CONFIRM, digits)
    with pytest.raises(AlreadyDecided):
        services.send_again(actor=door.member, code=listing.code, base_url=BASE, clock=door.clock)
    door.write_down()


def test_what_was_confirmed_cannot_be_taken_back_by_the_member(door: Doorstep) -> None:
    listing = door.write_down()
    door.answer(listing, CONFIRM, door.digits())
    with pytest.raises(AlreadyDecided):
        services.take_back(actor=door.member, code=listing.code, clock=door.clock)


def test_the_same_thing_waits_only_once(door: Doorstep) -> None:
    door.write_down()
    with pytest.raises(WaitsAlready):
        door.write_down(name="MẬT  ONG RỪNG")
    door.clock.advance(days=3)
    door.write_down()


def test_a_thing_the_shop_has_is_not_written_down_again(door: Doorstep) -> None:
    waiting = door.write_down()
    digits = door.digits()
    make_product(seller=door.seller, name="Mat ong rung", clock=door.clock)
    with pytest.raises(SoldAlready):
        door.answer(waiting, CONFIRM, digits)
    services.take_back(actor=door.member, code=waiting.code, clock=door.clock)
    with pytest.raises(SoldAlready):
        door.write_down()
    door.write_down(name="Mật ong rừng non")


def test_the_same_key_is_one_listing_and_one_message(door: Doorstep) -> None:
    first, again = door.write_down(key="k"), door.write_down(key="k")
    assert first.id == again.id
    assert len(door.texts()) == 1
    with pytest.raises(OtherContent):
        door.write_down(key="k", price_vnd=1_000)


def test_two_members_at_once_make_one_listing(door: Doorstep, app: Flask) -> None:
    members = [door.member, member_of(clock=door.clock)]
    kinds = in_threads(app, 2, lambda: door.write_down(by=members.pop()))
    assert sorted(kinds) == ["WaitsAlready", "Written"]


def test_two_phones_that_confirm_at_once_make_one_product(door: Doorstep, app: Flask) -> None:
    listing = door.write_down()
    digits = door.digits()
    kinds = in_threads(app, 4, lambda: door.answer(listing, CONFIRM, digits))
    assert kinds == ["Seen"] * 4
    assert goods() == ["Mật ong rừng"]


def test_a_household_is_not_flooded(door: Doorstep) -> None:
    for number in range(5):
        door.write_down(name=f"Món thứ {number}")
    with pytest.raises(TooManyListings):
        door.write_down(name="Món nữa")
    door.clock.advance(days=1, seconds=1)
    door.write_down(name="Món nữa")


def test_a_code_is_sent_three_times_at_most(door: Doorstep) -> None:
    listing = door.write_down()
    for _time in range(2):
        services.send_again(actor=door.member, code=listing.code, base_url=BASE, clock=door.clock)
    with pytest.raises(TooManySends):
        services.send_again(actor=door.member, code=listing.code, base_url=BASE, clock=door.clock)
    assert len(door.texts()) == 3


def test_the_photo_goes_with_the_product_or_away(door: Doorstep) -> None:
    photo = photos.take(store(), a_photo())
    listing = door.write_down(photo=photo)
    seen = door.answer(listing, CONFIRM, door.digits())
    assert catalogue.by_code(seen.product_code or "").photos[0].key == photo.key
    services.drop_unused(media=store(), key=photo.key)
    assert store().path(photo.key)
    lonely = photos.take(store(), a_photo(320, 200))
    services.drop_unused(media=store(), key=lonely.key)
    assert store().path(lonely.key) is None


def test_a_message_is_not_sent_once_it_lost_its_point(door: Doorstep) -> None:
    listing = door.write_down()
    message = db.session.scalars(sa.select(SmsMessage).order_by(SmsMessage.id.desc())).first()
    assert message is not None and message.not_after == door.again(listing).expires_at


def test_the_households_own_export_names_what_was_written_down(door: Doorstep) -> None:
    listing = door.write_down()
    told = own.take_along(actor=door.seller.actor, clock=door.clock)
    assert listing.code in str(told)


def test_the_list_goes_on_page_by_page(door: Doorstep) -> None:
    for number in range(3):
        door.write_down(name=f"Món thứ {number}")
    household_id = door.seller.shop.household_id
    first = queries.of_household(household_id, clock=door.clock, limit=2)
    rest = queries.of_household(household_id, clock=door.clock, limit=2, cursor=first.next_cursor)
    assert [one.name for one in (*first.items, *rest.items)] == ["Món thứ 2", "Món thứ 1", "Món thứ 0"]
    assert rest.next_cursor is None


def test_roles_of_others_reach_nothing(door: Doorstep) -> None:
    officer = actor_for(make_user(Role.COMMUNE_OFFICER, areas=(TAN_CUONG,), clock=door.clock), door.clock)
    with pytest.raises(Forbidden):
        door.write_down(by=officer)
