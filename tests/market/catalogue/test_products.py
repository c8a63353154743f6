"""What sellers may do with their products, and what nobody may."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from app.config import libpq_url
from app.core.audit import AuditEvent
from app.core.database import db, transaction
from app.core.errors import Forbidden, NotFound
from app.market.catalogue import operations, queries, services
from app.market.catalogue.errors import ProductChanged, StockPromised
from app.market.catalogue.finding.queries import find
from app.market.catalogue.finding.wanted import Wanted
from app.market.catalogue.models import Product
from app.market.catalogue.schemas import ProductEdit
from tests.factories.market import a_product, make_product, sell_out


def an_edit(product: Product, **changes: object) -> ProductEdit:
    plain = {
        "name": product.name,
        "unit": product.unit,
        "price_vnd": product.price_vnd,
        "stock": product.stock,
        "stock_seen": product.stock,
        "version": product.version,
        "description": product.description,
    }
    return ProductEdit(**(plain | changes))  # type: ignore[arg-type]


def test_a_product_is_on_sale_the_moment_it_is_added(seller, clock):
    product = make_product(clock=clock, seller=seller)
    (card,) = find().items
    assert (card.code, card.price_vnd, card.in_stock) == (product.code, 250_000, True)
    assert card.seller.name == "Chè nhà bà Lan"
    assert card.commune_name == "Xã Tân Cương"


def test_adding_twice_with_one_key_adds_one_product(seller, clock):
    first = make_product(clock=clock, seller=seller, key="tap")
    again = make_product(clock=clock, seller=seller, key="tap")
    assert first.code == again.code
    assert len(find().items) == 1


def test_two_sellers_may_use_the_same_key(seller, neighbour, clock):
    make_product(clock=clock, seller=seller, key="tap")
    make_product(clock=clock, seller=neighbour, key="tap")
    assert len(find().items) == 2


def test_nobody_adds_to_a_neighbours_shop(seller, neighbour, clock):
    with pytest.raises(Forbidden):
        services.add_product(
            actor=neighbour.actor, shop_id=seller.shop.id, data=a_product(), idempotency_key="x", clock=clock
        )


def test_nobody_edits_or_pauses_a_neighbours_product(seller, neighbour, clock):
    product = make_product(clock=clock, seller=seller)
    with pytest.raises(Forbidden):
        services.edit_product(actor=neighbour.actor, code=product.code, data=an_edit(product, price_vnd=1), clock=clock)
    with pytest.raises(Forbidden):
        services.set_paused(actor=neighbour.actor, code=product.code, paused=True, clock=clock)
    assert queries.by_code(product.code).price_vnd == 250_000


def test_an_edit_shows_and_leaves_a_trace(seller, clock):
    product = make_product(clock=clock, seller=seller)
    services.edit_product(
        actor=seller.actor, code=product.code, data=an_edit(product, name="Chè đinh", price_vnd=3_000_000), clock=clock
    )
    (card,) = find(Wanted(q="dinh")).items
    assert card.price_vnd == 3_000_000
    acts = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.subject_id == product.id)).all()
    assert sorted(acts) == ["product.added", "product.edited"]


def test_an_edit_of_what_somebody_edited_meanwhile_is_told(seller, clock):
    product = make_product(clock=clock, seller=seller)
    seen = an_edit(product, price_vnd=300_000)
    services.edit_product(actor=seller.actor, code=product.code, data=seen, clock=clock)
    with pytest.raises(ProductChanged):
        services.edit_product(actor=seller.actor, code=product.code, data=seen, clock=clock)


def test_a_sale_between_opening_and_saving_the_form_still_counts(seller, clock):
    product = make_product(clock=clock, seller=seller, stock=20)
    form = an_edit(product, stock=25)
    with transaction():
        operations.reserve({product.id: 4})
        operations.sell({product.id: 4})
    edited = services.edit_product(actor=seller.actor, code=product.code, data=form, clock=clock)
    assert edited.stock == 21


@pytest.mark.breaks_books  # stock promised to nobody's order
def test_stock_promised_to_buyers_cannot_be_edited_away(seller, clock):
    product = make_product(clock=clock, seller=seller, stock=20)
    with transaction():
        operations.reserve({product.id: 5})
    with pytest.raises(StockPromised):
        services.edit_product(actor=seller.actor, code=product.code, data=an_edit(product, stock=4), clock=clock)


def test_the_sold_out_switch_takes_a_product_off_the_market_and_back(seller, clock):
    product = make_product(clock=clock, seller=seller)
    sell_out(product, seller, clock=clock)
    assert find().items == []
    services.set_paused(actor=seller.actor, code=product.code, paused=False, clock=clock)
    assert len(find().items) == 1


def test_a_closed_shop_shows_nothing_on_the_market(seller, clock):
    make_product(clock=clock, seller=seller)
    services.set_shop_open(actor=seller.actor, shop_id=seller.shop.id, is_open=False, clock=clock)
    assert find().items == []


def test_an_unknown_product_is_not_found(app):
    with pytest.raises(NotFound):
        queries.by_code("SP23456789")


@pytest.mark.parametrize(
    "wrong",
    [
        "price_vnd = 0",
        "price_vnd = -1",
        "reserved = stock + 1",
        "reserved = -1",
        "stock = -1",
        "name = 'a'",
        "ocop_stars = 2, certificate_no = 'x'",
        "ocop_stars = 6, certificate_no = 'x'",
        "ocop_stars = 5",
        "status = 'gone'",
    ],
)
def test_the_database_itself_refuses(seller, clock, database_url, wrong):
    make_product(clock=clock, seller=seller)
    with psycopg.connect(libpq_url(database_url)) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(f"UPDATE product SET {wrong}")
