"""A gift from a phone to a welfare account, and its receipt proven without a network."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, expect

from app import create_app
from app.config import load
from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db
from app.households.welfare.queries import public_list
from tests.factories.households import with_welfare_account
from tests.journeys.conftest import HAMLET, ROOT, Stand

pytestmark = pytest.mark.journey


@contextmanager
def on(stand: Stand) -> Iterator[Flask]:
    """The application on the stand's database, for setting the scene."""
    app = create_app(load(stand.environment))
    with app.app_context(), acting_as(SYSTEM):
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def in_need(stand: Stand) -> str:
    """The giving code of a poor household that consented to gifts straight into its account."""
    with on(stand):
        with_welfare_account(clock=SYSTEM_CLOCK, hamlet_code=HAMLET)
        return public_list(commune=None, cursor=None, limit=1, clock=SYSTEM_CLOCK).items[0].code


def test_a_gift_arrives_and_its_receipt_proves_itself_offline(
    phone: BrowserContext, stand: Stand, in_need: str, tmp_path: Path
):
    giver = phone.new_page()
    giver.goto("/ung-ho")
    giver.get_by_text(in_need[2:6]).first.click()
    giver.wait_for_url(re.compile(in_need))
    giver.get_by_label("200.000").check()
    giver.get_by_label("Tên người ủng hộ").fill("Người cho mẫu")
    giver.get_by_label("Quét mã, vào thẳng hộ").check()
    giver.get_by_role("button", name="Ủng hộ", exact=True).click()
    giver.wait_for_url(re.compile(r"/tra-tien/CP"))
    code = giver.url.rsplit("/", 1)[1]
    assert "Nguyễn" not in giver.content()
    giver.get_by_role("link", name="Mở ngân hàng chạy thử").click()
    giver.get_by_role("button", name=re.compile("Chuyển|Trả")).first.click()
    giver.goto(f"/tra-tien/{code}")
    expect(giver.get_by_text("Đã nhận đủ").first).to_be_visible()
    giver.get_by_role("link", name="Xem tiếp").click()
    giver.wait_for_url(re.compile(r"/ung-ho/bien-nhan/UH"))
    gift_code = re.search(r"UH[2-9A-HJ-NP-Z]{8}", giver.url)[0]  # type: ignore[index]

    answer = _logged_gift(stand, gift_code)
    assert answer["status"] == "received"
    receipt, key = tmp_path / "bien-nhan.json", tmp_path / "khoa.txt"
    receipt.write_text(json.dumps(answer))
    key.write_text(httpx.get(f"{stand.url}/log/key").text)
    assert _verify(receipt, key).returncode == 0

    answer["receipt"]["proof"] = ["00" * 32, *answer["receipt"]["proof"][1:]]
    answer["amount_vnd"] = 2_000_000
    receipt.write_text(json.dumps(answer))
    assert _verify(receipt, key).returncode == 1

    giver.goto("/so-cong-khai")
    expect(giver.get_by_text("200.000").first).to_be_visible()
    assert "Người cho mẫu" not in giver.content()


def _logged_gift(stand: Stand, code: str) -> dict[str, Any]:
    """The gift once the sequencer has given its leaf a place (within a minute)."""
    import time

    deadline = time.monotonic() + 70
    while time.monotonic() < deadline:
        answer: dict[str, Any] = httpx.get(f"{stand.url}/api/v1/gifts/{code}").json()
        if answer.get("receipt"):
            return answer
        time.sleep(0.5)
    raise AssertionError("the gift was not logged")


def _verify(receipt: Path, key: Path) -> subprocess.CompletedProcess[str]:
    """Without a network: the file, the key, nothing else."""
    command = [sys.executable, str(ROOT / "tools" / "verify_receipt.py"), str(receipt), "--key", str(key)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
