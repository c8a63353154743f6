"""Money whose webhook got lost is found by asking; asking twice, or being cut in the middle, changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.identity.roles import Role
from app.payments.bank import services as bank
from app.payments.bank.models import BankNotice
from app.payments.requests import queries as requests
from app.payments.statements import feed, queries, services, tasks
from app.payments.statements.errors import FeedUnavailable
from sandbox import create_app
from sandbox.bank.wires import Transfer, notice_body
from sandbox.settings import Settings
from sandbox.signing import headers_for
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import make_user, sign_in
from tests.fakes.stripe_gateway import served

pytestmark = pytest.mark.usefixtures("app")
KEY = "demo-feed-key"


class Bank:
    """The play bank on the loopback."""

    def __init__(self, url: str) -> None:
        self.url = url

    def pay(self, account: str, amount_vnd: int, memo: str, *, wire: str = "sepay") -> dict[str, Any]:
        """Move money and tell nobody."""
        order = {"bin": "970403", "account": account, "amount_vnd": amount_vnd, "memo": memo, "wire": wire}
        answer = httpx.post(f"{self.url}/bank/api/pay", json={**order, "deliveries": 0})
        assert answer.status_code == 200, answer.text
        (moved,) = answer.json()["transfers"]
        return dict(moved)

    def feed(self) -> feed.HttpFeed:
        return feed.HttpFeed(f"{self.url}/bank/api/feed", KEY)


def late_webhook(client: FlaskClient, moved: dict[str, Any]) -> TestResponse:
    """The notice of a transfer in the play bank's own bytes."""
    at = datetime.fromisoformat(moved["transferred_at"])
    shown = {name: moved[name] for name in ("id", "reference", "wire", "bin", "account", "amount_vnd", "memo")}
    payer = {f"payer_{name}": moved["payer"][name] for name in ("name", "account", "bin")}
    body = notice_body(Transfer(**shown, **payer, balance_after_vnd=0, transferred_at=at), Settings())
    return client.post(
        f"/webhooks/bank/{moved['wire']}", data=body, headers=headers_for(moved["wire"], body, Settings())
    )


def status(code: str) -> str:
    db.session.rollback()
    return requests.by_code(code).status


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Bank]:
    settings = Settings(state_path=tmp_path / "sandbox.sqlite3", platform_url="http://127.0.0.1:9")
    with served(create_app(settings, with_worker=False)) as url:
        yield Bank(url)


@pytest.fixture
def number() -> str:
    make_purpose()
    return make_payee()[1]


def poll(of: feed.Feed) -> int:
    return services.poll(of, name="bank", clock=SYSTEM_CLOCK)


def amounts() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(BankNotice.amount_vnd).order_by(BankNotice.amount_vnd)))


def since() -> int:
    db.session.rollback()
    row = queries.checkpoint("bank")
    return row.since if row else 0


@pytest.mark.parametrize("wire", ["sepay", "payos", "casso"])
def test_a_lost_webhook_is_found_and_a_late_one_counts_once(client, there, wire):
    make_purpose()
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    moved = there.pay(number, 50_000, f"{request.code} CHO PHIEN", wire=wire)
    assert poll(there.feed()) == 1
    assert status(request.code) == "paid"
    assert late_webhook(client, moved).status_code == 200
    assert poll(there.feed()) == 0
    assert amounts() == [50_000]


@pytest.mark.parametrize("wire", ["sepay", "payos", "casso"])
def test_what_a_webhook_told_is_not_taken_from_the_feed_again(client, there, number, wire):
    moved = there.pay(number, 50_000, "khong ma", wire=wire)
    assert late_webhook(client, moved).status_code == 200
    assert poll(there.feed()) == 0
    assert amounts() == [50_000]


def test_polling_twice_changes_nothing_and_only_news_is_taken(there, number):
    for amount in (1_000, 2_000):
        there.pay(number, amount, "x")
    assert poll(there.feed()) == 2
    reached = since()
    assert poll(there.feed()) == 0
    assert since() == reached > 0
    there.pay(number, 3_000, "x")
    assert poll(there.feed()) == 1
    assert amounts() == [1_000, 2_000, 3_000]


def test_a_cut_in_the_middle_loses_and_repeats_nothing(there, number, monkeypatch):
    for amount in range(1, 8):
        there.pay(number, amount * 1_000, "x")
    take_in, handed = bank.take_in, list[Any]()

    def cut(*given: Any, **more: Any) -> Any:
        if len(handed) == 3:
            raise ConnectionError("cut")
        handed.append(given)
        return take_in(*given, **more)

    monkeypatch.setattr(bank, "take_in", cut)
    with pytest.raises(ConnectionError):
        poll(there.feed())
    monkeypatch.undo()
    assert since() == 0
    assert poll(there.feed()) == 4
    assert amounts() == [amount * 1_000 for amount in range(1, 8)]


def test_many_pages_are_read_in_one_go(there, number, monkeypatch):
    monkeypatch.setattr(feed, "PAGE", 2)
    for amount in range(1, 8):
        there.pay(number, amount * 1_000, "x")
    assert poll(there.feed()) == 7


def page(*told: feed.Told, upto: int, newest: int | None = None, unread: Sequence[int] = ()) -> feed.FeedPage:
    bad = [feed.Unread(seq, json.dumps(item(seq=seq, amount_vnd="1.5")).encode(), "not_whole_dong") for seq in unread]
    return feed.FeedPage(told, bad, upto, upto if newest is None else newest, False)


class Scripted:
    """A feed that answers as told; what it was asked is kept."""

    def __init__(self, *pages: feed.FeedPage) -> None:
        self.pages, self.asked = list(pages), list[int]()

    def after(self, since: int) -> feed.FeedPage:
        self.asked.append(since)
        return self.pages.pop(0)


def test_it_asks_from_a_little_before_the_checkpoint():
    assert poll(Scripted(page(upto=500))) == 0
    asked = Scripted(page(upto=500))
    poll(asked)
    assert (asked.asked, since()) == ([500 - services.OVERLAP], 500)


def test_what_could_not_be_read_is_kept_once_and_stepped_over():
    poll(Scripted(page(upto=500)))
    for _again in range(2):
        poll(Scripted(page(upto=520, unread=[510, 512])))
    assert since() == 520
    shown, count = queries.unseen_faults(limit=1)
    assert [(fault.seq, fault.reason, fault.said) for fault in shown] == [
        (510, "not_whole_dong", "FT7 · 1.5 · x · 2026-11-23T02:30:00+00:00")
    ]
    assert count == 2


def test_finance_sees_what_could_not_be_read_and_settles_it(client):
    poll(Scripted(page(upto=520, unread=[510])))
    (fault,), _count = queries.unseen_faults(limit=5)
    path = f"/dieu-hanh/sao-ke/tin-loi/{fault.id}/da-xem"
    auditor = client.application.test_client()
    sign_in(auditor, make_user(role=Role.AUDITOR))
    shown = auditor.get("/dieu-hanh/sao-ke").text
    assert "Tin ngân hàng chưa đọc được" in shown and "Đã xem</button>" not in shown and "0011012345678" not in shown
    assert auditor.post(path).status_code in (400, 403)
    officer = make_user(role=Role.FINANCE)
    sign_in(client, officer)
    token = client.get("/dieu-hanh/sao-ke").text.split('name="csrf_token" value="')[1].split('"')[0]
    for _twice in range(2):
        assert client.post(path, data={"csrf_token": token}).status_code == 303
    assert client.post(path.replace(str(fault.id), str(UUID(int=1))), data={"csrf_token": token}).status_code == 404
    assert "Tin ngân hàng chưa đọc được" not in client.get("/dieu-hanh/sao-ke").text
    (act,) = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "feed_fault_seen"))
    assert (act.actor_id, act.subject_id) == (officer.id, fault.id)


def test_a_feed_that_was_begun_anew_is_read_from_its_beginning():
    poll(Scripted(page(upto=500)))
    anew = Scripted(page(upto=400, newest=3), page(upto=3))
    poll(anew)
    assert (anew.asked, since()) == ([400, 0], 3)


def test_a_bank_that_does_not_answer_is_asked_another_time(there, number):
    there.pay(number, 1_000, "x")
    assert poll(feed.HttpFeed("http://127.0.0.1:9/bank/api/feed", KEY)) == 0
    assert poll(feed.HttpFeed(f"{there.url}/bank/api/feed", "wrong")) == 0
    assert since() == 0
    assert poll(there.feed()) == 1


def item(**changed: Any) -> dict[str, Any]:
    whole = {"seq": 1, "id": 7, "reference": "FT7", "wire": "sepay", "account": "0011012345678", "amount_vnd": 1_000,
             "memo": "x", "transferred_at": "2026-11-23T02:30:00+00:00"}  # fmt: skip
    return {**whole, **changed}


@pytest.mark.parametrize(
    "changed",
    [{"wire": "statement"}, {"wire": "x"}, {"id": ""}, {"amount_vnd": 0}, {"amount_vnd": "1.5"}, {"account": ""},
     {"transferred_at": "hom qua"}, {"transferred_at": None}, {"amount_vnd": None}],
)  # fmt: skip
def test_an_item_that_makes_no_sense_is_named_and_the_others_are_read(changed):
    read = answered({"items": [item(**changed), item(seq=2, id=8)], "next_since": 2, "newest": 2, "has_more": False})
    assert [unread.seq for unread in read.unread] == [1]
    assert json.loads(read.unread[0].raw) == item(**changed)
    assert [told.notice.external_id for told in read.told] == ["8"]


@pytest.mark.parametrize(
    "body",
    [[], {}, {"items": 1}, {"items": [1], "next_since": 1, "newest": 1, "has_more": False},
     {"items": [item(seq=2), item(seq=1)], "next_since": 2, "newest": 2, "has_more": False},
     {"items": [item()], "next_since": 0, "newest": 1, "has_more": False},
     {"items": [], "next_since": 0, "newest": 9, "has_more": True}],
)  # fmt: skip
def test_an_answer_that_is_not_as_agreed_is_no_answer(body):
    with pytest.raises(FeedUnavailable):
        answered(body)


def answered(body: object) -> feed.FeedPage:
    app = Flask("bank")
    app.add_url_rule("/feed", view_func=lambda: app.response_class(json.dumps(body), content_type="application/json"))
    with served(app) as url:
        return feed.HttpFeed(f"{url}/feed", KEY).after(0)


def test_the_job_asks_the_feed_this_process_has(there, number, monkeypatch):
    there.pay(number, 1_000, "x")
    monkeypatch.setattr(feed, "_current", None)
    tasks.poll(timestamp=0)
    assert amounts() == []
    monkeypatch.setattr(feed, "_current", there.feed())
    tasks.poll(timestamp=0)
    assert amounts() == [1_000]
