"""The seller's listening page, in a real browser against a feed under our hand."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, render_template_string
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.journey

SCRIPT = Path(__file__).parents[3] / "app/web/static/js/sound.js"
LISTEN = "window.said = []; document.addEventListener('chophien:spoken', e => said.push(e.detail.words))"


class Feed:
    """A stall's arrivals, served the way the platform serves them."""

    def __init__(self, page: str) -> None:
        self.items: list[dict[str, Any]] = []
        self.silent = False
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                where = urlsplit(self.path)
                if where.path == "/feed":
                    since = int(parse_qs(where.query)["since"][0])
                    fresh = [item for item in feed.items if item["seq"] > since]
                    self._answer(
                        503 if feed.silent else 200,
                        "application/json",
                        json.dumps({"items": fresh, "last_seq": len(feed.items)}),
                    )
                elif where.path == "/sound.js":
                    self._answer(200, "text/javascript", SCRIPT.read_text())
                else:
                    self._answer(200, "text/html; charset=utf-8", page)

            def _answer(self, status: int, kind: str, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the test speaks for itself."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def arrive(self, words: str, *, ago: timedelta = timedelta()) -> None:
        at = (datetime.now(UTC) - ago).isoformat()
        self.items.append(
            {"seq": len(self.items) + 1, "amount_vnd": 50000, "words": words, "label": "Sạp 12", "at": at}
        )

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def feed(app: Flask) -> Iterator[Feed]:
    with app.test_request_context("/"):
        panel = render_template_string('{% import "components.html" as ui %}{{ ui.sound_panel("/feed", "QS1", 0, 0) }}')
    running = Feed(f'<!doctype html><meta charset="utf-8">{panel}<script src="/sound.js"></script>')
    yield running
    running.close()


@pytest.fixture
def phone(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    context.add_init_script(LISTEN)
    yield context
    context.close()


def _open(phone: BrowserContext, feed: Feed) -> Page:
    page = phone.new_page()
    page.goto(feed.url)
    return page


def _said(page: Page, count: int) -> list[str]:
    page.wait_for_function(f"said.length >= {count}", timeout=15_000)
    return list(page.evaluate("said"))


def test_arrivals_are_said_in_order_shown_and_added_up(phone: BrowserContext, feed: Feed):
    page = _open(phone, feed)
    page.get_by_role("button", name="Bật loa").click()
    feed.arrive("năm mươi nghìn đồng")
    feed.arrive("thêm năm mươi nghìn đồng")
    assert _said(page, 2) == ["năm mươi nghìn đồng", "thêm năm mươi nghìn đồng"]
    expect(page.locator("[data-items] li")).to_have_count(2)
    expect(page.locator("[data-total-out]")).to_have_text("100.000\u00a0₫")
    expect(page.locator("[data-light]")).to_have_text("Đang nghe")


def test_nothing_is_said_before_the_seller_turns_the_sound_on(phone: BrowserContext, feed: Feed):
    page = _open(phone, feed)
    feed.arrive("một")
    expect(page.locator("[data-items] li")).to_have_count(1)
    assert page.evaluate("said") == []
    page.get_by_role("button", name="Bật loa").click()
    assert _said(page, 1) == ["một"]


def test_a_reload_goes_on_where_it_stopped_and_repeats_nothing(phone: BrowserContext, feed: Feed):
    page = _open(phone, feed)
    page.get_by_role("button", name="Bật loa").click()
    feed.arrive("một")
    assert _said(page, 1) == ["một"]
    page.goto("about:blank")
    feed.arrive("hai")
    page.goto(feed.url)
    page.get_by_role("button", name="Bật loa").click()
    assert _said(page, 1) == ["hai"]


def test_a_lost_network_is_shown_and_made_up_for(phone: BrowserContext, feed: Feed):
    page = _open(phone, feed)
    page.get_by_role("button", name="Bật loa").click()
    feed.silent = True
    expect(page.locator("[data-light]")).to_have_text("Mất mạng, đang thử lại")
    feed.arrive("một")
    feed.silent = False
    assert _said(page, 1) == ["một"]
    expect(page.locator("[data-light]")).to_have_text("Đang nghe")


def test_what_came_long_ago_is_shown_but_not_called_out(phone: BrowserContext, feed: Feed):
    page = _open(phone, feed)
    page.get_by_role("button", name="Bật loa").click()
    feed.arrive("từ sáng", ago=timedelta(hours=3))
    feed.arrive("vừa xong")
    assert _said(page, 1) == ["vừa xong"]
    expect(page.locator("[data-items] li")).to_have_count(2)


def test_words_from_outside_never_become_markup(phone: BrowserContext, feed: Feed):
    page = _open(phone, feed)
    page.get_by_role("button", name="Bật loa").click()
    feed.arrive("<img src=x>")
    feed.items[0]["label"] = "<b>Sạp</b>"
    _said(page, 1)
    assert page.locator("[data-words] img, [data-items] b").count() == 0
