"""The SMS inbox takes messages with the key, once per idempotency key, and shows codes large."""

from __future__ import annotations

import pytest

from sandbox.sms.routes import highlight_code

KEY = {"Authorization": "Bearer demo-sms-key"}
MESSAGE = {"to": "0912345678", "text": "Mã đăng nhập của bạn là 482913", "idempotency_key": "code-1"}


def test_a_message_is_taken_once_per_key(sandbox):
    one = sandbox.http.post("/sms/messages", json=MESSAGE, headers=KEY)
    two = sandbox.http.post("/sms/messages", json=MESSAGE, headers=KEY)
    assert one.status_code == 200 and one.json() == two.json()
    changed = sandbox.http.post("/sms/messages", json=MESSAGE | {"text": "khác"}, headers=KEY)
    assert changed.status_code == 409
    assert len(sandbox.http.get("/sms/api/messages").json()["messages"]) == 1


def test_without_a_key_each_message_is_its_own(sandbox):
    body = {"to": "0912345678", "text": "chào"}
    ids = {sandbox.http.post("/sms/messages", json=body, headers=KEY).json()["id"] for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": "demo-sms-key"}])
def test_strangers_send_nothing(sandbox, headers):
    assert sandbox.http.post("/sms/messages", json=MESSAGE, headers=headers).status_code == 401
    assert sandbox.http.get("/sms/api/messages").json() == {"messages": []}


@pytest.mark.parametrize(
    "change", [{"to": "An"}, {"to": 912}, {"text": ""}, {"text": None}, {"text": "x" * 1001}, {"idempotency_key": 1}]
)
def test_wrong_messages_are_refused(sandbox, change):
    assert sandbox.http.post("/sms/messages", json=MESSAGE | change, headers=KEY).status_code == 422


def test_newest_first_and_by_number_however_it_is_written(sandbox):
    for to, text in [("+84912345678", "một"), ("0987000111", "hai"), ("0912345678", "ba")]:
        sandbox.http.post("/sms/messages", json={"to": to, "text": text}, headers=KEY)
    everyone = sandbox.http.get("/sms/api/messages").json()["messages"]
    assert [message["text"] for message in everyone] == ["ba", "hai", "một"]
    for spelling in ("0912345678", "84912345678", "+84 912 345 678"):
        mine = sandbox.http.get("/sms/api/messages", params={"to": spelling}).json()["messages"]
        assert [message["text"] for message in mine] == ["ba", "một"]


def test_the_page_shows_the_code_large_and_reloads_itself(sandbox):
    sandbox.http.post("/sms/messages", json=MESSAGE, headers=KEY)
    page = sandbox.http.get("/tin-nhan").text
    assert '<strong class="code">482913</strong>' in page
    assert '<meta http-equiv="refresh"' in page
    assert "482913" not in sandbox.http.get("/tin-nhan", params={"to": "0900000000"}).text


def test_only_short_runs_of_digits_are_codes_and_markup_is_text():
    assert highlight_code("<b>1234</b> 123 123456789") == (
        '&lt;b&gt;<strong class="code">1234</strong>&lt;/b&gt; 123 123456789'
    )
