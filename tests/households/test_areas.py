"""Promises of areas: everybody finds the unit of today, by its name or by the old one."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.households.areas import queries, services


def ask(client: FlaskClient, query: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/areas?{query}")
    assert answer.status_code == 200
    return dict(answer.get_json())


def test_the_province_has_its_92_communes(app: Flask) -> None:
    communes = queries.children("19")
    assert len(communes) == 92
    assert len(queries.children(None)) == 34
    assert all(commune.latitude and commune.longitude for commune in communes)


@pytest.mark.parametrize(
    ("old_code", "new_code"),
    [("05503", "05503"), ("05692", "05692"), ("05761", "05488"), ("05488", "05488"), ("05494", "05488")],
)
def test_an_old_commune_leads_to_the_one_of_today(app: Flask, old_code: str, new_code: str) -> None:
    assert [unit.code for unit in queries.successors(old_code)] == [new_code]


@pytest.mark.parametrize("old_code", ["05461", "05467", "05932"])
def test_a_split_commune_asks_a_person_to_choose(app: Flask, old_code: str) -> None:
    parts = queries.successors(old_code)
    assert len(parts) == 2
    assert all(part.choose for part in parts)
    assert [part.main for part in parts] == [True, False]


def test_loading_again_changes_nothing(app: Flask) -> None:
    before = [(area.code, area.name) for area in queries.children("19")]
    areas, changes = services.load_reference()
    assert (areas, changes) == (3355, 10602)
    assert [(area.code, area.name) for area in queries.children("19")] == before


def test_search_needs_no_accents_and_knows_old_names(client: FlaskClient) -> None:
    items = ask(client, "q=tan cuong&parent=19")["items"]
    assert [item["code"] for item in items] == ["05503"]
    found = ask(client, "q=hoa thuong&parent=19")["items"]
    assert [(item["code"], item["name"]) for item in found] == [("05692", "Xã Đồng Hỷ")]
    assert found[0]["formerly"] == ["Thị trấn Hóa Thượng, Huyện Đồng Hỷ, Tỉnh Thái Nguyên"]


def test_wildcards_are_plain_letters_in_a_search(client: FlaskClient) -> None:
    assert ask(client, "q=%25")["items"] == []


def test_paging_shows_each_commune_once(client: FlaskClient) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        page = ask(client, f"parent=19&limit=40&cursor={cursor}")
        seen += [item["code"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 92


def test_a_cursor_of_our_own_making_is_refused_kindly(client: FlaskClient) -> None:
    assert client.get("/api/v1/areas?cursor=nonsense!").status_code == 422
