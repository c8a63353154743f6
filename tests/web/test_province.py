"""The province's page: true counts, by commune and week, for those whose business it is."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from app.core.clock import SYSTEM_CLOCK
from app.households.registry.queries import today
from app.identity import session
from app.identity.roles import Role
from app.web.province import maps, queries, services
from tests.factories.households import DAI_PHUC, TAN_CUONG, load_areas, register, with_welfare_account
from tests.factories.market import make_seller
from tests.factories.people import actor_for, make_user
from tests.fakes.clock import FrozenClock

PAGE = "/dieu-hanh/toan-tinh"


def as_role(client: FlaskClient, role: Role, path: str = PAGE) -> Any:
    user = make_user(role, clock=SYSTEM_CLOCK)
    return client.get(path, headers={session.TOKEN_HEADER: session.new_token(user, second_factor=True)[0]})


@pytest.fixture
def some(app: Flask, clock: FrozenClock) -> None:
    """Two weeks ago one household in Đại Phúc; now one that only registered, a seller and a poor one in Tân Cương."""
    register(clock=clock, hamlet_code=f"{DAI_PHUC}-01")
    clock.advance(days=14)
    neighbour = make_user(Role.TEAM_MEMBER, areas=(f"{TAN_CUONG}-01",), clock=clock)
    register(clock=clock, actor=actor_for(neighbour, clock))
    make_seller(clock=clock)
    with_welfare_account(clock=clock)


@pytest.mark.usefixtures("some")
def test_every_household_is_counted_in_its_commune_and_week(clock: FrozenClock) -> None:
    services.take_counts(clock=clock)
    rows = {row.code: row for row in queries.communes()}
    assert len(rows) == 92
    here = rows[TAN_CUONG]
    assert (here.registered, here.verified, here.selling) == (3, 2, 1)
    assert (here.eligible, here.with_account) == (1, 1)
    assert (here.members, here.active_members) == (1, 1)
    assert (rows[DAI_PHUC].registered, rows[DAI_PHUC].verified) == (1, 0)
    monday = today(clock) - timedelta(days=today(clock).weekday())
    weeks = queries.weeks(last=monday, count=4)
    assert [one.registered for one in weeks] == [0, 1, 0, 3]
    assert [one.week for one in weeks] == [monday - timedelta(weeks=n) for n in (3, 2, 1, 0)]
    assert queries.total(list(rows.values()))["registered"] == 4


@pytest.mark.usefixtures("some")
def test_counting_again_changes_nothing_and_forgets_nothing(clock: FrozenClock) -> None:
    before = [services.take_counts(clock=clock), queries.communes()]
    assert [services.take_counts(clock=clock), queries.communes()] == before


@pytest.mark.usefixtures("some")
def test_the_page_shows_it_and_the_files_hold_it(client: FlaskClient) -> None:
    assert "Đã đăng ký" in as_role(client, Role.PROVINCE_OPERATOR).text
    page = as_role(client, Role.PROVINCE_OPERATOR, f"{PAGE}/xa")
    assert page.status_code == 200
    assert "Xã Tân Cương" in page.text
    assert page.text.count("<circle") >= 92
    sorted_page = as_role(client, Role.PROVINCE_OPERATOR, f"{PAGE}/xa?theo=selling").text
    names = [line for line in sorted_page.splitlines() if "<strong>" in line]
    assert "Xã Tân Cương" in names[0]
    book = as_role(client, Role.AUDITOR, f"{PAGE}/xa.xlsx").data
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert [row[2] for row in rows if row[0] == TAN_CUONG] == [3.0]
    table = as_role(client, Role.AUDITOR, f"{PAGE}/tuan.csv").data.decode("utf-8-sig")
    assert len(table.splitlines()) == 3


def test_an_empty_province_has_a_page_too(client: FlaskClient) -> None:
    load_areas()
    page = as_role(client, Role.PROVINCE_OPERATOR)
    assert page.status_code == 200
    assert "Chưa có hộ nào" in page.text or "0 / 0" in page.text
    assert "100 %" not in page.text


@pytest.mark.parametrize("role", [Role.HOUSEHOLD, Role.TEAM_MEMBER, Role.COMMUNE_OFFICER, Role.FINANCE])
@pytest.mark.parametrize("path", ["", "/xa", "/xa.csv", "/tuan.xlsx"])
def test_it_is_the_provinces_business(client: FlaskClient, role: Role, path: str) -> None:
    if role is Role.HOUSEHOLD:
        assert client.get(PAGE + path).status_code in (302, 401)
        return
    assert as_role(client, role, PAGE + path).status_code == 403


def test_the_map_keeps_north_up_and_size_by_count() -> None:
    north, south = maps.dots([("Nam", 105.8, 21.5, 1), ("Bắc", 105.9, 22.5, 100), ("Không rõ", None, None, 9)])
    assert (north.name, south.name) == ("Bắc", "Nam")
    assert north.y < south.y
    assert north.radius == maps.LARGEST > south.radius > maps.SMALLEST
    assert maps.dots([]) == []
