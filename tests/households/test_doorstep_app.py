"""The offline app's page, worker and manifest: what a phone keeps holds nothing of anybody, and all of it is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import refresh

from app.households.onboarding import app_pages, app_words
from app.identity.roles import Role
from tests.households.conftest import SignIn

SCRIPTS = Path(app_pages.__file__).parents[2] / "web" / "static" / "onboarding"


def kept_files(client: FlaskClient) -> list[str]:
    found = re.search(r"const FILES = (\[.*\]);", client.get("/to-cong-nghe/sw.js").text)
    assert found
    return list(json.loads(found[1]))


def status(client: FlaskClient, path: str) -> int:
    with client.get(path) as answer:
        return answer.status_code


def test_the_page_is_the_same_for_everybody(client: FlaskClient, sign_in: SignIn):
    member = sign_in(Role.TEAM_MEMBER)
    page = client.get("/to-cong-nghe/ung-dung")
    assert page.status_code == 200
    assert page.text == member.get("/to-cong-nghe/ung-dung").text
    assert "csrf" not in page.text
    assert "Set-Cookie" not in page.headers


def test_the_page_runs_no_inline_script_and_shows_pictures_that_wait(client: FlaskClient):
    page = client.get("/to-cong-nghe/ung-dung")
    assert "blob:" in page.headers["Content-Security-Policy"].split("img-src")[1].split(";")[0]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    for attributes in re.findall(r"<script([^>]*)>", page.text):
        assert "src=" in attributes or 'type="application/json"' in attributes
    assert not re.search(r"\son\w+=", page.text)


def test_the_worker_may_serve_the_whole_team_and_is_asked_for_anew(client: FlaskClient):
    worker = client.get("/to-cong-nghe/sw.js")
    assert worker.headers["Service-Worker-Allowed"] == "/to-cong-nghe/"
    assert worker.headers["Cache-Control"] == "no-cache"
    assert worker.mimetype == "text/javascript"


def test_every_file_the_phone_keeps_is_there_and_no_module_is_forgotten(client: FlaskClient):
    files = kept_files(client)
    assert {path: status(client, path) for path in files} == dict.fromkeys(files, 200)
    for script in SCRIPTS.glob("*.js"):
        for name in re.findall(r'from "\./(\w+\.js)"', script.read_text("utf-8")):
            assert f"/static/onboarding/{name}" in files


def test_the_worker_is_another_one_when_a_file_or_the_language_is(client: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    before = client.get("/to-cong-nghe/sw.js").text
    assert client.get("/to-cong-nghe/sw.js").text == before
    client.set_cookie("lang", "en")
    refresh()
    assert client.get("/to-cong-nghe/sw.js").text != before
    client.set_cookie("lang", "vi")
    refresh()
    monkeypatch.setattr(app_words, "all_words", lambda: {"app_name": "Khác", "no_script": "", "team_page": ""})
    assert client.get("/to-cong-nghe/sw.js").text != before


def test_the_manifest_names_icons_that_are_there(client: FlaskClient):
    manifest = client.get("/to-cong-nghe/manifest.webmanifest")
    assert manifest.mimetype == "application/manifest+json"
    assert manifest.json and manifest.json["start_url"].startswith(manifest.json["scope"])
    assert {status(client, one["src"]) for one in manifest.json["icons"]} == {200}


def test_every_text_the_scripts_ask_for_exists(app: Flask):
    with app.test_request_context():
        words = app_words.all_words()
    asked = {name for script in SCRIPTS.glob("*.js") for name in re.findall(r'\bt\("(\w+)"', script.read_text("utf-8"))}
    assert asked - words.keys() == set()


def test_who_is_signed_in_is_told_to_that_person_only(client: FlaskClient, sign_in: SignIn):
    member = sign_in(Role.TEAM_MEMBER)
    assert member.get("/to-cong-nghe/toi").json == {"id": str(member.actor.user_id)}
    assert client.get("/to-cong-nghe/toi", headers={"Accept": "application/json"}).status_code == 401
    assert sign_in(Role.FINANCE).get("/to-cong-nghe/toi").status_code == 403
