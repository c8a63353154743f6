"""Paying at the play bank: amounts, memos, lateness, retries and what is refused."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from sandbox.bank.mangle import mangle
from tests.sandbox.conftest import QR_180000, QR_STATIC

BY_HAND = {"bin": "970405", "account": "8888000123456", "memo": "CPAB12CD34 cho phien", "amount_vnd": 50000}


def test_another_amount_and_another_account_win_over_the_code(sandbox, platform):
    sandbox.pay(qr=QR_180000, wire="sepay", amount_vnd=179999, account_override="999")
    body = platform.heard[0].json
    assert (body["transferAmount"], body["accountNumber"]) == (179999, "999")


def test_a_code_without_an_amount_needs_one(sandbox, platform):
    refused = sandbox.http.post("/bank/api/pay", json={"qr": QR_STATIC, "wire": "sepay"})
    assert refused.status_code == 422 and refused.json()["error"] == "invalid_amount_vnd"
    sandbox.pay(qr=QR_STATIC, wire="sepay", amount_vnd=30000)
    assert platform.heard[0].json["transferAmount"] == 30000


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount_vnd": 0}, "invalid_amount_vnd"),
        ({"amount_vnd": -5}, "invalid_amount_vnd"),
        ({"amount_vnd": 1.5}, "invalid_amount_vnd"),
        ({"amount_vnd": True}, "invalid_amount_vnd"),
        ({"amount_vnd": 10**13}, "invalid_amount_vnd"),
        ({"wire": "swift"}, "invalid_wire"),
        ({"times": 0}, "invalid_times"),
        ({"deliveries": 21}, "invalid_deliveries"),
        ({"delay_s": -1}, "invalid_delay_s"),
        ({"delay_s": "nan"}, "invalid_delay_s"),
        ({"mangle": "burn"}, "invalid_mangle"),
        ({"bin": "97040"}, "invalid_bin"),
        ({"account": "12 34"}, "invalid_account"),
        ({"memo": "a\u0000b"}, "invalid_memo"),
        ({"payer": "An"}, "invalid_payer"),
        ({"transferred_at": "hôm qua"}, "invalid_transferred_at"),
        ({"transferred_at": 5}, "invalid_transferred_at"),
        ({"qr": "000201"}, "unreadable_qr"),
    ],
)
def test_a_wrong_order_moves_no_money(sandbox, platform, change, code):
    response = sandbox.http.post("/bank/api/pay", json=BY_HAND | change)
    assert (response.status_code, response.json()["error"]) == (422, code)
    assert sandbox.http.get("/bank/api/transfers").json() == {"transfers": []}
    assert platform.heard == []


def test_a_body_that_is_not_an_object_is_refused(sandbox):
    assert sandbox.http.post("/bank/api/pay", content=b"[1]").status_code == 422


@pytest.mark.parametrize(
    ("how", "arrives"),
    [
        (None, "CPAB12CD34 cho phien"),
        ("lower", "cpab12cd34 cho phien"),
        ("prefix", "MBVCB.123456789.CPAB12CD34 cho phien"),
        ("separators", "CPA B12.CD3-4 cho phien"),
        ("truncate", "CPAB12CD34 cho p"),
        ("typo", "CPAB17CD34 cho phien"),
        ("destroy", "CHUYEN TIEN"),
    ],
)
def test_memos_arrive_as_banks_leave_them(sandbox, platform, how, arrives):
    sandbox.pay(**BY_HAND, wire="casso", mangle=how)
    assert platform.heard[0].json["data"]["description"] == arrives


@pytest.mark.parametrize("how", ["lower", "prefix", "separators", "truncate", "typo", "destroy"])
def test_an_empty_memo_can_be_mangled_too(how):
    assert isinstance(mangle("", how), str)


def test_a_late_notice_comes_late(sandbox, platform):
    began = time.monotonic()
    [transfer] = sandbox.pay(qr=QR_180000, wire="sepay", delay_s=0.4)
    assert [(notice["state"], notice["http_status"]) for notice in transfer["notices"]] == [("waiting", None)]
    assert platform.heard == []
    platform.wait_for(1)
    assert time.monotonic() - began >= 0.4


def test_a_refused_notice_is_sent_again_until_taken(sandbox, platform):
    platform.script = [(500, "ouch"), (200, '{"success": false}'), (200, "no json")]
    [transfer] = sandbox.pay(qr=QR_180000, wire="sepay")
    assert (transfer["notices"][0]["http_status"], transfer["notices"][0]["body"]) == (500, "ouch")
    platform.wait_for(4)
    time.sleep(0.2)
    [notice] = sandbox.http.get("/bank/api/transfers").json()["transfers"][0]["notices"]
    assert (notice["state"], notice["attempts"], len(platform.heard)) == ("delivered", 4, 4)


def test_a_platform_that_never_listens_is_given_up_but_can_be_told_again(sandbox, platform):
    platform.script = [(503, "closed")] * 4
    [transfer] = sandbox.pay(qr=QR_180000, wire="payos")
    platform.wait_for(4)
    time.sleep(0.3)
    [notice] = sandbox.http.get("/bank/api/transfers").json()["transfers"][0]["notices"]
    assert (notice["state"], notice["attempts"], len(platform.heard)) == ("gave_up", 4, 4)

    again = sandbox.http.post(f"/bank/api/notices/{notice['notice_id']}/again")
    assert again.status_code == 200
    assert len({heard.body for heard in platform.heard}) == 1
    notices = sandbox.http.get("/bank/api/transfers").json()["transfers"][0]["notices"]
    assert [(one["delivery"], one["state"]) for one in notices] == [(1, "gave_up"), (2, "delivered")]
    assert sandbox.http.post("/bank/api/notices/999/again").status_code == 404
    assert transfer["id"] == sandbox.http.get("/bank/api/transfers").json()["transfers"][0]["id"]


def test_a_restart_sends_what_was_still_waiting(start, settings, platform):
    first = start(settings, with_worker=False)
    first.pay(qr=QR_180000, wire="casso", delay_s=0.05)
    first.stop()
    time.sleep(0.1)
    assert platform.heard == []
    start(settings)
    [heard] = platform.wait_for(1)
    assert heard.path == "/webhooks/bank/casso"


def test_a_platform_that_is_down_is_told_when_it_is_back(start, settings, platform):
    away = replace(settings, platform_url="http://127.0.0.1:9", retry_base_s=60)
    first = start(away)
    [transfer] = first.pay(qr=QR_180000, wire="payos")
    assert transfer["notices"][0]["http_status"] is None and transfer["notices"][0]["state"] == "waiting"
    first.stop()
    with first.box.store.write() as db:
        db.execute("UPDATE notices SET next_at = 0")
    start(settings)
    assert platform.wait_for(1)[0].json["data"]["reference"] == transfer["reference"]


def test_redirects_are_not_followed(sandbox, platform):
    platform.script = [(302, "")] * 4
    [transfer] = sandbox.pay(qr=QR_180000, wire="payos")
    assert transfer["notices"][0]["http_status"] == 302


def test_money_can_move_without_any_word_and_still_shows_in_the_feed(sandbox, platform):
    [silent] = sandbox.pay(qr=QR_180000, wire="sepay", deliveries=0)
    [told] = sandbox.pay(qr=QR_180000, wire="sepay")
    assert silent["notices"] == [] and len(platform.heard) == 1
    sandbox.http.headers["Authorization"] = "Bearer demo-feed-key"
    feed = sandbox.http.get("/bank/api/feed").json()
    assert [item["id"] for item in feed["items"]] == [silent["id"], told["id"]]
    rest = sandbox.http.get("/bank/api/feed", params={"since": feed["items"][0]["seq"]}).json()
    assert [item["id"] for item in rest["items"]] == [told["id"]]
    empty = sandbox.http.get("/bank/api/feed", params={"since": rest["next_since"]}).json()
    newest = rest["next_since"]
    assert empty == {"items": [], "next_since": newest, "newest": newest, "has_more": False}


def test_the_feed_comes_in_pages_and_to_its_key_holder_only(sandbox, platform):
    moved = [sandbox.pay(qr=QR_180000, wire="sepay", deliveries=0)[0] for _number in range(3)]
    assert sandbox.http.get("/bank/api/feed").status_code == 401
    sandbox.http.headers["Authorization"] = "Bearer demo-feed-key"
    seen, since, more = [], 0, True
    while more:
        page = sandbox.http.get("/bank/api/feed", params={"since": since, "limit": 2}).json()
        seen += [item["id"] for item in page["items"]]
        since, more = page["next_since"], page["has_more"]
    assert seen == [transfer["id"] for transfer in moved]


def test_ids_never_come_back_after_the_state_is_thrown_away(start, settings, tmp_path):
    [one] = start(settings).pay(qr=QR_180000, wire="sepay")
    [two] = start(replace(settings, state_path=tmp_path / "fresh" / "s.sqlite3")).pay(qr=QR_180000, wire="sepay")
    assert two["id"] > one["id"] and two["reference"] != one["reference"]
