"""The first page, the officers' landing, robots, and what the frame knows of the person."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.identity import queries as identity
from app.identity.roles import Role
from app.web import figures, pages
from tests.factories.market import make_product
from tests.factories.people import make_user, sign_in


def test_an_empty_market_still_has_its_first_page(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "Chợ đang có" not in page.text


def test_the_first_page_shows_new_goods_and_true_counts(client: FlaskClient) -> None:
    for name in ("Chè móc câu", "Mật ong rừng"):
        make_product(clock=SYSTEM_CLOCK, name=name)
    page = client.get("/").text
    assert "Chè móc câu" in page
    assert figures.figures() == [(2, "món hàng đang bày"), (2, "gian hàng của bà con")]


def test_counting_stops_where_it_would_get_dear(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "COUNTED_TO", 1)
    for _twice in range(2):
        make_product(clock=SYSTEM_CLOCK)
    assert [number for number, _words in figures.figures()] == ["0.000+", "0.000+"]


def test_the_first_page_asks_the_database_little(client: FlaskClient) -> None:
    make_product(clock=SYSTEM_CLOCK)
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        client.get("/")
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len(asked) <= 5, asked


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        (Role.COMMUNE_OFFICER, {"/dieu-hanh/ho-gia-dinh", "/dieu-hanh/an-sinh"}, {"/dieu-hanh/tien-treo"}),
        (Role.FINANCE, {"/dieu-hanh/tien-treo"}, {"/dieu-hanh/ho-gia-dinh", "/dieu-hanh/an-sinh"}),
        (Role.PROVINCE_OPERATOR, {"/dieu-hanh/ho-gia-dinh", "/dieu-hanh/tien-treo"}, set[str]()),
        (Role.AUDITOR, {"/dieu-hanh/tien-treo", "/so-cong-khai"}, {"/dieu-hanh/ho-gia-dinh"}),
    ],
)
def test_officers_see_the_doors_they_may_open_and_these_open(
    client: FlaskClient, role: Role, shown: set[str], hidden: set[str]
) -> None:
    sign_in(client, make_user(role))
    page = client.get("/dieu-hanh").text
    for path in shown:
        assert f'href="{path}"' in page
        assert client.get(path).status_code == 200
    assert [path for path in hidden if f'class="cover" href="{path}"' in page] == []


def test_the_officers_landing_is_for_officers(client: FlaskClient) -> None:
    assert client.get("/dieu-hanh").location.startswith("/dang-nhap")
    sign_in(client, make_user(Role.TEAM_MEMBER))
    assert client.get("/dieu-hanh").status_code == 403


def test_a_room_not_built_has_no_door(app: Flask) -> None:
    with app.test_request_context("/"):
        assert not pages.may_enter("rooms.of_another_time")


def test_robots_stay_out_of_peoples_own_pages(client: FlaskClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.mimetype == "text/plain"
    lines = answer.text.splitlines()
    assert {"Disallow: /don-hang", "Disallow: /ban-hang", "Disallow: /dieu-hanh"} <= set(lines)
    assert not any(line.startswith("Disallow: /cho") for line in lines)


def test_the_frame_names_the_person_and_their_rooms(client: FlaskClient) -> None:
    assert 'href="/dang-nhap"' in client.get("/").text
    sign_in(client, make_user(Role.FINANCE, display_name="Phạm Văn Sổ"))
    page = client.get("/").text
    assert "Phạm Văn Sổ" in page
    assert '<a href="/dieu-hanh"' in page
    assert '<a class="who" href="/tai-khoan">' in page


def test_a_product_page_belongs_to_the_market(client: FlaskClient) -> None:
    product = make_product(clock=SYSTEM_CLOCK)
    page = client.get(f"/san-pham/{product.code}").text
    assert '<a href="/cho" aria-current' in page


def test_the_error_page_needs_no_database(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(client, make_user(Role.FINANCE))

    def down(*_args: object, **_more: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, Exception("the database is down"))

    monkeypatch.setattr(identity, "known_by", down)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "<h1>" in answer.text
