"""The sandbox as a running server on loopback, and a pretend platform that hears its webhooks. No database."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import stripe
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox import create_app
from sandbox.context import EXTENSION, Sandbox
from sandbox.settings import Settings

# DOMAIN §2 vectors: with an amount and a purpose, and without either.
QR_180000 = (
    "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA"
    "530370454061800005802VN62340107NPS68690819thanh toan don hang63042E2E"
)
QR_STATIC = "00020101021138570010A00000072701270006970403011300110123456780208QRIBFTTA53037045802VN63049E6F"


@dataclass(frozen=True)
class Heard:
    """One webhook as it came over the wire."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Platform:
    """Answers webhooks with the scripted (status, body) pairs first, then with success."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    script: list[tuple[int, str]] = field(default_factory=list)

    def wait_for(self, count: int, *, path: str = "", timeout_s: float = 5.0) -> list[Heard]:
        """The webhooks to `path`, once there are at least `count`."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            found = [one for one in self.heard if one.path.startswith(path)]
            if len(found) >= count:
                return found
            time.sleep(0.01)
        raise AssertionError(f"heard only {[one.path for one in self.heard]}")


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A loopback server in the platform's place."""
    state = Platform()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = state.script.pop(0) if state.script else (200, '{"success": true}')
            state.heard.append(Heard(self.path, dict(self.headers.items()), body))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


class Quiet(WSGIRequestHandler):
    """A request handler that does not print."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@dataclass
class Running:
    """A sandbox that is being served."""

    url: str
    box: Sandbox
    http: httpx.Client
    server: BaseWSGIServer
    thread: threading.Thread

    def pay(self, **order: Any) -> list[dict[str, Any]]:
        """`POST /bank/api/pay`, which must be taken."""
        response = self.http.post("/bank/api/pay", json=order)
        assert response.status_code == 200, response.text
        transfers: list[dict[str, Any]] = response.json()["transfers"]
        return transfers

    def stop(self) -> None:
        self.http.close()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.box.outbox.stop()


@pytest.fixture
def settings(platform: Platform, tmp_path: Path) -> Settings:
    """The demo's secrets, retries in hundredths of a second."""
    return Settings(
        state_path=tmp_path / "sandbox.sqlite3",
        platform_url=platform.url,
        retry_base_s=0.02,
        max_attempts=4,
        send_timeout_s=3,
    )


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Starts sandboxes; each is stopped at the end unless the test stopped it."""
    started: list[Running] = []

    def run(settings: Settings, *, with_worker: bool = True) -> Running:
        app = create_app(settings, with_worker=with_worker)
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        running = Running(url, app.extensions[EXTENSION], httpx.Client(base_url=url, trust_env=False), server, thread)
        started.append(running)
        return running

    yield run
    for running in started:
        if running.thread.is_alive():
            running.stop()


@pytest.fixture
def sandbox(start: Callable[..., Running], settings: Settings) -> Running:
    """A running sandbox whose webhooks go to `platform`."""
    return start(settings)


@pytest.fixture
def sdk(sandbox: Running) -> Iterator[Callable[[str], stripe.StripeClient]]:
    """The official SDK with a given key, pointed at the sandbox, without retries or proxies of its own."""
    session = requests.Session()
    session.trust_env = False

    def with_key(key: str) -> stripe.StripeClient:
        return stripe.StripeClient(
            key,
            base_addresses={"api": f"{sandbox.url}/stripe"},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=5, session=session),
        )

    yield with_key
    session.close()


@pytest.fixture
def gateway(sdk: Callable[[str], stripe.StripeClient]) -> stripe.StripeClient:
    """The official SDK with the right key."""
    return sdk("sk_test_demo")
