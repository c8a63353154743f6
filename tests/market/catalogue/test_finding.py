"""What the market offers besides words: filters with counts, slips of the finger, suggestions, what is near."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.config import libpq_url
from app.core.database import db
from app.market.catalogue import categories
from app.market.catalogue import services as catalogue
from app.market.catalogue.categories import CATEGORIES, GROUPS, OTHER, group_of, guess
from app.market.catalogue.filtering import PRICES, Asked, narrower
from app.market.catalogue.finding import services, slips
from app.market.catalogue.finding.facets import Facets
from app.market.catalogue.finding.looking import look_for
from app.market.catalogue.finding.models import SearchTerm
from app.market.catalogue.finding.queries import find
from app.market.catalogue.finding.suggesting import suggest
from app.market.catalogue.finding.wanted import PRICE_STEPS_VND, Wanted
from app.market.catalogue.schemas import NewProduct, NewProductSchema, ProductEdit
from tests.factories import households
from tests.factories.market import make_product, make_seller

GOODS = (
    ("Chè móc câu", 180_000, None),
    ("Chè đinh", 420_000, None),
    ("Mật ong rừng", 150_000, None),
    ("Na dai", 45_000, (7, 9)),
    ("Cam sành", 30_000, (11, 2)),
)


@pytest.fixture
def goods(seller, clock):
    made = {}
    for number, (name, price_vnd, season) in enumerate(GOODS):
        first, last = season or (None, None)
        data = NewProduct(name, "kg", price_vnd, 5, season_from_month=first, season_to_month=last)
        made[name] = catalogue.add_product(
            actor=seller.actor, shop_id=seller.shop.id, data=data, idempotency_key=str(number), clock=clock
        )
        clock.advance(minutes=1)
    services.count_terms()
    return made


def names(wanted: Wanted) -> list[str]:
    return [card.name for card in find(wanted).items]


def counts() -> dict[str, int]:
    db.session.rollback()
    return dict(db.session.execute(sa.select(SearchTerm.term, SearchTerm.products)).all())


@pytest.mark.usefixtures("goods")
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(category="drink"), ["Chè đinh", "Chè móc câu"]),
        (Wanted(category="food.fruit"), ["Cam sành", "Na dai"]),
        (Wanted(category="food"), ["Cam sành", "Na dai", "Mật ong rừng"]),
        (Wanted(month=8), ["Na dai"]),
        (Wanted(month=1), ["Cam sành"]),
        (Wanted(month=11), ["Cam sành"]),
        (Wanted(month=5), []),
        (Wanted(lowest_vnd=45_000, highest_vnd=180_000), ["Na dai", "Mật ong rừng", "Chè móc câu"]),
        (Wanted(lowest_vnd=45_001, highest_vnd=179_999), ["Mật ong rừng"]),
        (Wanted(lowest_vnd=500_000), []),
        (Wanted(lowest_vnd=200_000, highest_vnd=100_000), []),
        (Wanted(q="che moc", highest_vnd=200_000), ["Chè móc câu"]),
        (Wanted(commune="00004"), []),
        (Wanted(near=("00004", households.TAN_CUONG), q="na"), ["Na dai"]),
    ],
)
def test_filters_narrow_what_is_found(wanted, expected):
    assert names(wanted) == expected


def test_stars_come_first_and_sold_out_last(goods, seller, clock, database_url):
    with_stars, sold_out = goods["Mật ong rừng"], goods["Cam sành"]

    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        connection.execute("UPDATE product SET ocop_stars = 4, certificate_no = 'M' WHERE id = %s", [with_stars.id])
        connection.execute("UPDATE product SET stock = 0 WHERE id = %s", [sold_out.id])
    db.session.rollback()
    found = names(Wanted())
    assert (found[0], found[-1]) == ("Mật ong rừng", "Cam sành")
    assert names(Wanted(stars=3)) == names(Wanted(stars=4)) == ["Mật ong rừng"]
    assert names(Wanted(stars=5)) == []


@pytest.mark.usefixtures("goods")
def test_facets_count_what_was_found():
    found = find(Wanted(q="na"))
    assert (found.total, found.more_than_that) == (1, False)
    assert found.facets is not None
    assert found.facets.categories == {"food.fruit": 1}
    all_of_it = find()
    assert all_of_it.total == 5
    assert all_of_it.facets is not None
    assert all_of_it.facets.groups == {"drink": 2, "food": 3}
    assert all_of_it.facets.communes == {households.TAN_CUONG: 5}


def test_what_comes_and_goes_is_counted(goods, seller, clock):
    assert counts()["moc"] == 1
    catalogue.set_paused(actor=seller.actor, code=goods["Chè đinh"].code, paused=True, clock=clock)
    product = goods["Chè móc câu"]
    edit = ProductEdit("Trà móc câu", "kg", 180_000, 5, stock_seen=5, version=1)
    catalogue.edit_product(actor=seller.actor, code=product.code, data=edit, clock=clock)
    assert services.count_terms() > 0
    after = counts()
    assert "móc" not in after
    assert "dinh" not in after
    assert (after["tra"], after["=trà"], after["@g:drink"]) == (1, 1, 1)
    assert services.count_terms() == 0
    catalogue.set_paused(actor=seller.actor, code=goods["Chè đinh"].code, paused=False, clock=clock)
    services.count_terms()
    assert counts()["dinh"] == 1
    real = db.session.execute(
        sa.text(
            "SELECT word, ndoc FROM ts_stat('SELECT find FROM product WHERE status = ''live''') WHERE word !~ '^[.]'"
        )
    )
    assert counts() == dict(real.all())


def test_a_product_is_found_before_anybody_counted(seller, clock):
    make_product(clock=clock, seller=seller, name="Rượu men lá")
    assert names(Wanted(q="ruou")) == ["Rượu men lá"]


@pytest.mark.usefixtures("goods")
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("matt ong", "mật ong"),
        ("mat onng", "mật ong"),
        ("maat ong rung", "mật ong rừng"),
        ("rufng", "rừng"),
        ("moccau", "móc câu"),
        ("chhe dinh", "chè đinh"),
        ("dihn", "đinh"),
    ],
)
def test_a_slip_of_the_finger_finds_what_was_meant(typed, meant):
    looked = look_for(Wanted(q=typed))
    assert looked.found.items
    assert looked.corrected == meant


@pytest.mark.usefixtures("goods")
@pytest.mark.parametrize("typed", ["xyzzy", "zz", "q", "0123456", "che", "a" * 200])
def test_what_means_nothing_is_not_made_into_something(typed):
    looked = look_for(Wanted(q=typed))
    assert looked.corrected is None


@given(st.text("abcdeghiklmnopqrstuvxy", min_size=3, max_size=8), st.data())
def test_a_word_with_one_slip_shares_a_variant_with_it(word, data):
    at = data.draw(st.integers(0, len(word) - 1))
    kinds = [word[:at] + word[at + 1 :], word[:at] + "z" + word[at:], word[:at] + "z" + word[at + 1 :]]
    slipped = data.draw(st.sampled_from(kinds))
    assert slips.distance(word, slipped) <= 1
    if len(slipped) >= slips.SHORTEST:
        assert slips.variants(word) & {slipped, *slips.variants(slipped)}


@pytest.mark.usefixtures("goods")
def test_suggestions_end_what_was_begun():
    assert [one.text for one in suggest("ch")][:1] == ["Chè, trà"]
    assert suggest("ch")[0].category == "drink.tea"
    assert "Mật ong rừng" in [one.text for one in suggest("mat o")]
    assert "mật rừng" in [one.text for one in suggest("mật ru")]
    assert suggest("") == suggest("!!") == []
    assert len(suggest("c")) <= 6


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Chè đinh", "drink.tea"),
        ("che dinh", "drink.tea"),
        ("Mật ong chè", "food.honey"),
        ("Bánh gai", "food.sweet"),
        ("Cà chua bi", "food.vegetable"),
        ("Cá suối", "food.fish"),
        ("Cám gạo", "food.rice"),
        ("Cắm hoa", "ornamental.plant"),
        ("Quạt", OTHER),
    ],
)
def test_the_name_tells_the_kind(name, kind):
    assert guess(name) == kind


def test_every_kind_has_a_group_and_every_guess_is_a_kind():
    assert {group_of(code) for code in CATEGORIES} == set(GROUPS)
    assert {kind for kind, _words in categories._TELLING} <= set(CATEGORIES)


def test_the_price_steps_are_the_same_here_and_in_the_database(app):
    for vnd in (1, *(step + more for step in PRICE_STEPS_VND for more in (-1, 0, 1))):
        inside = db.session.scalar(sa.select(sa.func.product_price_step(sa.cast(vnd, sa.BigInteger))))
        assert Wanted(lowest_vnd=vnd, highest_vnd=vnd).filters == ((f"@p:{inside}",),)


def test_near_is_what_lies_around(client, seller, clock):
    make_product(clock=clock, seller=seller, name="Chè Tân Cương")
    far = make_seller(clock=clock, hamlet_code=f"{households.DAI_PHUC}-01")
    make_product(clock=clock, seller=far, name="Chè Đại Phúc")
    place = db.session.execute(
        sa.text("SELECT latitude, longitude FROM area WHERE code = :code"), {"code": households.TAN_CUONG}
    ).one()
    near = client.get(f"/api/v1/products?near={place.latitude:.2f},{place.longitude:.2f}").json
    assert "Chè Tân Cương" in [item["name"] for item in near["items"]]
    assert client.get("/api/v1/products?near=10.00,106.00").json["items"] == []
    assert client.get("/api/v1/products?near=21.123456,105.5").status_code == 422


def test_the_api_says_what_it_did_instead(client, goods):
    answer = client.get("/api/v1/products?q=matt+ong").json
    assert answer["corrected"] == "mật ong"
    assert [item["name"] for item in answer["items"]] == ["Mật ong rừng"]
    assert answer["facets"]["categories"] == {"food.honey": 1}
    assert client.get("/api/v1/products?category=nothing").status_code == 422
    told = client.get("/api/v1/products/suggestions?q=mat").json["items"]
    assert {"text": "Mật ong", "category": "food.honey"} in told
    assert client.get("/api/v1/products/suggestions").status_code == 422


def test_from_three_stars_counts_what_has_more(app):
    with app.test_request_context("/cho"):
        choices = narrower(Asked(), Facets(stars={3: 7, 5: 2}))["Sao OCOP"]
    assert {choice.text: choice.count for choice in choices} == {"Từ 3 sao": "9", "Từ 5 sao": "2"}


def test_the_page_filters_and_lets_go_again(client, goods):
    page = client.get("/cho?loai=drink&gia=100000-200000").text
    assert "Chè móc câu" in page
    assert "Chè đinh" not in page
    assert 'href="/cho?gia=100000-200000"' in page
    assert 'href="/cho?loai=drink"' in page
    slipped = client.get("/cho?q=matt+ong").text
    assert "Không có “matt ong”" in slipped
    nonsense = client.get("/cho?loai=x&sao=9&gia=1&vu=2&gan=here&commune=%27").text
    assert "Chè đinh" in nonsense


@pytest.mark.parametrize("price", PRICES)
def test_every_address_of_the_page_can_be_asked(price):
    wanted = Asked(gia=price, vu="1").wanted(datetime(2026, 12, 31, 18, tzinfo=UTC))
    assert wanted.month == 1
    assert (wanted.lowest_vnd, wanted.highest_vnd) == PRICES[price]


def test_a_season_has_two_ends():
    schema = NewProductSchema()
    product = {"name": "Na dai", "unit": "kg", "price_vnd": 45_000, "stock": 3}
    assert set(schema.validate({**product, "season_from_month": 7})) == {"season_to_month"}
    assert set(schema.validate({**product, "season_to_month": 13})) == {"season_to_month"}
    assert schema.validate({**product, "season_from_month": 11, "season_to_month": 2}) == {}


def test_what_was_there_before_kinds_is_sorted(goods, database_url):
    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        connection.execute(
            "UPDATE product SET words_version = 0, category = 'everyday.other',"
            " search_text = split_part(search_text, '|', 1)"
        )
    db.session.rollback()
    assert names(Wanted(category="drink")) == []
    assert services.sort_old() == 5
    assert services.sort_old() == 0
    services.count_terms()
    assert names(Wanted(category="drink")) == ["Chè đinh", "Chè móc câu"]
    assert look_for(Wanted(q="matt ong")).corrected == "mật ong"
