"""The whole platform as people meet it: gunicorn, job worker and sandbox on free ports, and a real browser."""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from app import create_app
from app.config import load
from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db
from app.households.areas.services import add_hamlet, load_reference
from app.identity import services as identity
from app.identity.operations import NewGrant
from app.identity.roles import Role
from local.children import Child
from local.postgres import LocalPostgres
from tests.conftest import TEMPLATE
from tests.journeys.post import Post

ROOT = Path(__file__).parent.parent.parent
PASSWORD = "mat-khau-cua-ba-con"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
COMMUNE = "05503"
HAMLET = "05503-01"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@dataclass(frozen=True)
class Stand:
    """Where everything answers."""

    url: str
    sandbox: str
    database_url: str
    environment: dict[str, str]
    folder: Path  # with each program's log


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Start it all on a database of its own; stop it all afterwards."""
    folder = tmp_path_factory.mktemp("stand")
    server = LocalPostgres(Path(os.environ["CHOPHIEN_TEST_PG"]))
    name = "chophien_journeys"
    server.clone_database(TEMPLATE, name)
    port, sandbox_port = _free_port(), _free_port()
    environment = dict(os.environ) | {
        "APP_ENV": "demo",
        "DATABASE_URL": server.url(name, "app"),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "PLATFORM_URL": f"http://127.0.0.1:{port}",
        "SANDBOX_STATE": str(folder / "sandbox.sqlite3"),
        "MEDIA_DIR": str(folder / "media"),
        "LOG_LEVEL": "INFO",
    }
    _people(environment)
    gunicorn = [
        sys.executable,
        "-m",
        "gunicorn",
        "--no-control-socket",
        "--worker-class",
        "gthread",
        "--threads",
        "8",
        "-b",
    ]
    children = [
        Child(name, command, environment, folder / f"{name}.log")
        for name, command in (
            ("sandbox", [*gunicorn, f"127.0.0.1:{sandbox_port}", "sandbox.wsgi:app"]),
            ("web", [*gunicorn, f"127.0.0.1:{port}", "--access-logfile", "-", "wsgi:app"]),
            ("worker", [sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "work"]),
        )
    ]
    try:
        children[0].wait_until_answers(f"http://127.0.0.1:{sandbox_port}/healthz")
        children[1].wait_until_answers(f"http://127.0.0.1:{port}/readyz")
        database_url = environment["DATABASE_URL"]
        yield Stand(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}", database_url, environment, folder)
    finally:
        for child in reversed(children):
            child.stop()


def _people(environment: dict[str, str]) -> None:
    """A team member of one hamlet, two officers of its commune, a finance person."""
    app = create_app(load(environment))
    with app.app_context(), acting_as(SYSTEM):
        load_reference()
        add_hamlet(code=HAMLET, name="Xóm Mẫu Một", commune_code=COMMUNE)
        everyone = (
            ("0900000101", Role.TEAM_MEMBER, HAMLET, None),
            ("0900000102", Role.COMMUNE_OFFICER, COMMUNE, TOTP_SECRET),
            ("0900000103", Role.COMMUNE_OFFICER, COMMUNE, TOTP_SECRET),
            ("0900000104", Role.FINANCE, "*", TOTP_SECRET),
        )
        for phone, role, area, secret in everyone:
            identity.create_user(
                phone=phone,
                display_name=f"Người mẫu {phone[-3:]}",
                grants=[NewGrant(role=role, area_code=area)],
                password=PASSWORD,
                totp_secret=secret,
                clock=SYSTEM_CLOCK,
            )
        db.session.remove()
        db.engine.dispose()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """After a failed step, leave pictures of every open page in var/journeys/."""
    report = yield
    if report.when == "call" and report.failed:
        folder = ROOT / "var" / "journeys"
        folder.mkdir(parents=True, exist_ok=True)
        browser = item.funcargs.get("chromium")  # type: ignore[attr-defined]
        contexts = browser.contexts if browser else ()
        for number, page in enumerate(page for context in contexts for page in context.pages):
            page.screenshot(path=folder / f"{item.name}-{number}.png")
    return report


@pytest.fixture
def phone(chromium: Browser, stand: Stand) -> Iterator[BrowserContext]:
    """A small phone's browser."""
    context = chromium.new_context(
        viewport={"width": 360, "height": 740}, locale="vi-VN", base_url=stand.url, reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def other_phone(chromium: Browser, stand: Stand) -> Iterator[BrowserContext]:
    """Somebody else's phone."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, locale="vi-VN", base_url=stand.url)
    context.set_default_timeout(15_000)
    yield context
    context.close()


def sms_code(stand: Stand, phone: str) -> str:
    """The latest six digits sent to the phone, waiting a little for the worker."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        messages = httpx.get(f"{stand.sandbox}/sms/api/messages", params={"to": "+84" + phone[1:]}).json()
        items = messages["messages"] if isinstance(messages, dict) else messages
        for message in items:
            found = re.search(r"\b(\d{6})\b", message["text"])
            if found:
                return found[1]
        time.sleep(0.3)
    raise AssertionError(f"no code came for {phone}")


def sign_in_with_password(page: Page, phone: str, *, totp: bool = False) -> None:
    """As a person does it on the pages."""
    page.goto("/dang-nhap")
    page.get_by_label("Số điện thoại").fill(phone)
    page.get_by_role("button", name="Dùng mật khẩu").click()
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    inside = re.compile(r"/(to-cong-nghe|dieu-hanh|ban-hang)")
    if totp:
        _show_code(page, inside)
    page.wait_for_url(inside)


def _show_code(page: Page, inside: re.Pattern[str]) -> None:
    """Show the code of now; a code counts once, so whoever signed in a moment ago waits for the next one."""
    for _try in range(3):
        page.get_by_label("Mã 6 số trong ứng dụng").fill(totp_now())
        page.get_by_role("button", name="Xác nhận").click()
        page.wait_for_load_state()
        if inside.search(page.url):
            return
        page.wait_for_timeout((30 - time.time() % 30) * 1_000 + 500)


def totp_now() -> str:
    """RFC 6238, 30 seconds, SHA-1, six digits: what the officer's app shows."""
    import base64
    import hashlib
    import hmac
    import struct

    digest = hmac.new(base64.b32decode(TOTP_SECRET), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    start = digest[-1] & 0xF
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    folder = tmp_path_factory.mktemp("doorstep")
    server = LocalPostgres(Path(os.environ["CHOPHIEN_TEST_PG"]))
    server.clone_database(TEMPLATE, "chophien_doorstep")
    port = _free_port()
    environment = dict(os.environ) | {
        "APP_ENV": "demo",
        "DATABASE_URL": server.url("chophien_doorstep", "app"),
        "PORT": str(port),
        "PLATFORM_URL": f"http://127.0.0.1:{port}",
        "MEDIA_DIR": str(folder / "media"),
        "LOG_LEVEL": "WARNING",
    }
    _people(environment)
    made = Post(port, environment, server.url("chophien_doorstep", "postgres"), folder / "web.log")
    made.start()
    try:
        yield made
    finally:
        if made.child:
            made.child.stop()


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, so that it stays large when it is made small and goes up in several parts."""
    path = tmp_path_factory.mktemp("pictures") / "nha.jpg"
    Image.effect_noise((1800, 1350), 90).convert("RGB").save(path, "JPEG", quality=92)
    return path


@pytest.fixture
def open_phone(request: pytest.FixtureRequest, playwright: Playwright, post: Post, tmp_path: Path) -> Any:
    """Open the same small phone again and again: what it keeps on its disk stays."""

    @contextmanager
    def opened(*, offline: bool = False, script: str = "", **more: Any) -> Iterator[BrowserContext]:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "phone", executable_path=which("chromium"),
            args=[*FLAGS, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"],
            viewport={"width": 360, "height": 640}, locale="vi-VN", base_url=post.url, reduced_motion="reduce", **more,
        )  # fmt: skip
        context.set_default_timeout(15_000)
        if script:
            context.add_init_script(script)
        context.set_offline(offline)
        try:
            yield context
        except BaseException:
            for number, page in enumerate(context.pages):
                page.screenshot(path=ROOT / "var" / "journeys" / f"{request.node.name}-{number}.png")
            raise
        finally:
            context.close()

    return opened
