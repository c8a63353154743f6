"""Finding products, and walking through long lists."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa

from app.config import libpq_url
from app.core.database import db
from app.core.errors import BadInput
from app.market.catalogue import queries
from app.market.catalogue.finding import services
from app.market.catalogue.finding.queries import find
from app.market.catalogue.finding.wanted import Wanted
from app.market.catalogue.search import search_text, words
from tests.factories import households
from tests.factories.market import make_product, make_seller


def found(q: str = "", commune: str | None = None) -> list[str]:
    return [card.name for card in find(Wanted(q=q, commune=commune)).items]


@pytest.fixture
def goods(seller, neighbour, clock):
    for name in ("Chè đinh Tân Cương", "Trà móc câu", "Đậu phụ", "Dưa muối"):
        make_product(clock=clock, seller=seller, name=name)
        clock.advance(minutes=1)
    make_product(clock=clock, seller=neighbour, name="Dứa sấy")
    clock.advance(minutes=1)
    make_product(clock=clock, seller=neighbour, name="Mật ong rừng")


@pytest.mark.usefixtures("goods")
@pytest.mark.parametrize("q", ["chè đinh", "che dinh", "CHE ĐINH", "dinh che", "chè  đinh!", "che di"])
def test_accents_case_order_and_half_words_do_not_matter(q):
    assert found(q) == ["Chè đinh Tân Cương"]


@pytest.mark.usefixtures("goods")
def test_d_with_a_bar_is_found_by_plain_d_and_by_itself():
    assert found("dau phu") == found("đậu phụ") == ["Đậu phụ"]


@pytest.mark.usefixtures("goods")
def test_every_word_must_be_there():
    assert found("chè rừng") == []


@pytest.mark.usefixtures("goods")
def test_shop_and_commune_are_found_too_after_names():
    assert found("ong binh") == ["Mật ong rừng", "Dứa sấy"]
    assert found("tân cương")[0] == "Chè đinh Tân Cương"
    assert len(found("tân cương")) == 6


@pytest.mark.usefixtures("goods")
def test_the_accents_that_were_typed_come_first():
    assert found("dứa")[:2] == ["Dứa sấy", "Dưa muối"]
    assert found("dưa")[:2] == ["Dưa muối", "Dứa sấy"]


@pytest.mark.usefixtures("goods")
@pytest.mark.parametrize("q", ["%", "_", "'", "\\", "|", "'; DROP TABLE product; --", "a" * 200, "🍵"])
def test_signs_that_mean_something_to_a_database_find_nothing(q):
    assert found(q) == []


@pytest.mark.usefixtures("goods")
def test_one_commune_at_a_time(clock):
    elsewhere = make_seller(clock=clock, hamlet_code=f"{households.DAI_PHUC}-01")
    make_product(clock=clock, seller=elsewhere, name="Chè Đại Phúc")
    assert found(commune=households.DAI_PHUC) == ["Chè Đại Phúc"]
    assert "Chè Đại Phúc" in found("che")
    assert "Chè Đại Phúc" not in found("che", commune=households.TAN_CUONG)
    assert [name for _code, name in queries.communes_with_goods()] == ["Xã Đại Phúc", "Xã Tân Cương"]


@pytest.mark.parametrize("q", ["", "che"])
def test_paging_neither_skips_nor_repeats_while_others_add(seller, clock, q):
    for number in range(7):
        make_product(clock=clock, seller=seller, name=f"Chè số {number}")
        clock.advance(seconds=number % 2)  # some share their moment
    seen: list[str] = []
    cursor = None
    while True:
        page = find(Wanted(q=q), cursor=cursor, limit=2)
        seen += [card.name for card in page.items]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
        clock.advance(seconds=1)
        make_product(clock=clock, seller=seller, name=f"Chè mới {len(seen)}")
    assert sorted(seen) == [f"Chè số {number}" for number in range(7)]


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "é", "WyJ4IiwieSJd", "WzEsIngiLCJ5Il0"])
@pytest.mark.parametrize("q", ["", "che"])
def test_a_cursor_that_is_not_ours_is_refused(app, cursor, q):
    with pytest.raises(BadInput):
        find(Wanted(q=q), cursor=cursor)


def fill(database_url: str, shop_id: UUID, count: int, *, communes: int = 92) -> None:
    """Many made-up products, straight into the table."""
    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO product
                (id, shop_id, code, name, search_text, unit, price_vnd, stock, commune_code, category, created_at)
            SELECT gen_random_uuid(), %s, 'SP' || n, 'Chè số ' || n,
                ' ' || (ARRAY['che', 'tra', 'mien', 'mang', 'ruou'])[1 + n %% 5] || ' so ' || n
                    || ' | nha lan xa tan cuong',
                'kg', 1000, 5, lpad((n %% %s)::text, 5, '0'),
                (ARRAY['drink.tea', 'food.fruit', 'drink.alcohol'])[1 + n %% 3], now() - n * interval '1 minute'
            FROM generate_series(1, %s) AS n
            """,
            [shop_id, communes, count],
        )
        connection.execute("VACUUM ANALYZE product")


@contextmanager
def overhear() -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the database inside, with parameters."""
    asked: list[tuple[str, Any]] = []

    def listen(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    db.session.remove()  # a connection only tells those who listened when it was taken
    sa.event.listen(db.engine, "before_cursor_execute", listen)
    try:
        yield asked
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", listen)


@pytest.mark.parametrize(
    ("arguments", "index"),
    [
        ({}, "ix_product_standing"),
        ({"commune": "00007"}, "ix_product_commune_standing"),
        ({"category": "drink.tea"}, "ix_product_category_standing"),
        ({"category": "food"}, "ix_product_group_standing"),
        ({"q": "so", "category": "food"}, "ix_product_group_standing"),
        ({"q": "che so"}, "ix_product_standing"),
    ],
)
def test_long_lists_walk_an_index_in_the_order_of_the_list(app, seller, database_url, arguments, index):
    fill(database_url, seller.shop.id, 20_000, communes=12)
    services.count_terms()
    with overhear() as asked:
        page = find(Wanted(**arguments))
        find(Wanted(**arguments), cursor=page.next_cursor)
        walks = [(statement, parameters) for statement, parameters in asked if "anon_1.standing" in statement]
        assert len(walks) == 2
        for statement, parameters in walks:
            rows = db.session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters)
            plan = "\n".join(row[0] for row in rows)
            assert index in plan
            assert "Seq Scan on product" not in plan
            assert "Sort" not in plan


@pytest.mark.parametrize("wanted", [Wanted(q="che 1234"), Wanted(q="12", commune="00007"), Wanted(stars=5)])
def test_what_is_in_few_products_is_gathered_by_the_index_of_words(app, seller, database_url, wanted):
    fill(database_url, seller.shop.id, 20_000)
    services.count_terms()
    connection = db.session.connection()
    body = connection.scalar(sa.text("SELECT prosrc FROM pg_proc WHERE proname = 'product_gather'"))
    for name, value in (
        ("wanted", f"$${wanted.query(())}$$::tsquery"), ("lowest_vnd", "0"), ("highest_vnd", "1e9"), ("most", "1000")
    ):  # fmt: skip
        body = body.replace(name, value)
    connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
    connection.execute(sa.text("SET LOCAL enable_indexscan = off"))
    plan = "\n".join(connection.scalars(sa.text(f"EXPLAIN {body}".replace(":", "\\:"))))
    assert "Bitmap Index Scan on ix_product_find" in plan
    db.session.rollback()


def test_a_page_costs_the_same_few_queries_however_long_it_is(app, seller, database_url):
    fill(database_url, seller.shop.id, 200)
    with overhear() as asked:
        assert len(find(limit=5).items) == 5
        few = len(asked)
        assert len(find(limit=100).items) == 100
        assert len(asked) == 2 * few <= 14


def test_words_are_folded_and_the_name_ends_at_the_bar():
    assert words("Trà đinh (loại 1), Tân-Cương") == ["tra", "dinh", "loai", "1", "tan", "cuong"]
    assert search_text(name="Chè", shop="Nhà Lan", commune="Xã Tân Cương") == (" che | nha lan xa tan cuong | chè")
