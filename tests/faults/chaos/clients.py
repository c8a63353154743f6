"""The outside world: sellers and banks, card payers, officers. Each repeats until answered, and keeps the answer."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from app.config import DEMO_SECRETS
from tests.fakes.banks import WIRES, message, transfer
from tests.faults.chaos.record import Record

VISA = "pm_card_visa"
JSON = {"Content-Type": "application/json"}
BUYER = {
    "contact": {"name": "Trần Thị Mua", "phone": "0912345678"},
    "delivery_address": {"line": "Số 1", "commune_code": "05503"},
}
PAIN002 = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"


class Over(Exception):
    """The time is up: what was not answered by now was not acknowledged."""


@dataclass(frozen=True)
class Booth:
    """A seller's stall, account number, product, and token."""

    stall: str
    number: str
    product: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class World:
    """Where the clients go, and who they are. `officers` are tokens of two people."""

    platform: str
    sandbox: str
    booths: list[Booth]
    officers: tuple[str, str]
    record: Record
    over: threading.Event


class Client(threading.Thread):
    """Does its work again and again until the time is up. A bug ends it and is told."""

    def __init__(self, world: World, chance: random.Random, work: Callable[[Client], None]) -> None:
        super().__init__(daemon=True, name=work.__name__)
        self.world, self.chance, self._work = world, chance, work
        self.failure: Exception | None = None
        self.http = httpx.Client(base_url=world.platform, trust_env=False, timeout=8, headers={"Connection": "close"})
        self.gateway = httpx.Client(
            base_url=f"{world.sandbox}/stripe",
            trust_env=False,
            timeout=8,
            headers={"Authorization": f"Bearer {DEMO_SECRETS['STRIPE_SECRET_KEY']}"},
        )

    def run(self) -> None:
        try:
            while not self.world.over.is_set():
                self._work(self)
        except Over:
            pass
        except Exception as error:
            self.failure = error
        finally:
            self.http.close()
            self.gateway.close()

    def insist(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The same request until it is answered: by something better than silence or a fault of the server."""
        return self._insist(self.http, method, path, **more)

    def insist_at_gateway(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._insist(self.gateway, method, path, **more)

    def _insist(self, http: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
        while not self.world.over.is_set():
            try:
                answer = http.request(method, path, **more)
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code < 500 and answer.status_code != 429:
                return answer
            time.sleep(0.1)
        raise Over

    def create(self, path: str, body: dict[str, Any], *, token: str = "", key: str = "") -> httpx.Response:
        """A creating POST, with one key however often it is sent."""
        headers = {"Idempotency-Key": key or uuid4().hex} | ({"Authentication-Token": token} if token else {})
        return self.insist("POST", path, json=body, headers=headers)

    def keep(self, what: str, **told: Any) -> None:
        self.world.record.acknowledged(what, **told)


def sell(client: Client) -> None:
    """A seller types an amount; the buyer pays; the bank tells, sometimes twice."""
    booth = client.chance.choice(client.world.booths)
    amount_vnd = client.chance.randrange(10, 500) * 1_000
    asked = client.create(
        f"/api/v1/stalls/{booth.stall}/payment-requests", {"amount_vnd": amount_vnd}, token=booth.token
    )
    assert asked.status_code == 201, asked.text
    code = asked.json()["code"]
    client.keep("asked", code=code, amount_vnd=amount_vnd)
    moved = transfer(booth.number, amount_vnd, f"{code} CHO PHIEN")
    wire = client.chance.choice(WIRES)
    for _time in range(client.chance.choice((1, 1, 2))):
        body, headers = message(wire, moved)
        answer = client.insist("POST", f"/webhooks/bank/{wire}", content=body, headers={**headers, **JSON})
        assert answer.status_code == 200, answer.text
    client.keep("sale", code=code, amount_vnd=amount_vnd, reference=f"FT{moved['serial']}")


def pay_by_card(client: Client) -> None:
    """Somebody orders and pays by card at the gateway; sometimes an officer gives a part back."""
    booth = client.chance.choice(client.world.booths)
    wanted = {"lines": [{"product_code": booth.product, "quantity": 1}], "method": "card", **BUYER}
    ordered = client.create("/api/v1/orders", wanted)
    assert ordered.status_code == 201, ordered.text
    code, amount_vnd = ordered.json()["orders"][0]["payment_request"], ordered.json()["total_vnd"]
    client.keep("asked", code=code, amount_vnd=amount_vnd)
    intent_id = _intent_of(client, code)
    if intent_id is None:
        return
    paid = client.insist_at_gateway("POST", f"/v1/payment_intents/{intent_id}/confirm", data={"payment_method": VISA})
    found = client.insist_at_gateway("GET", f"/v1/payment_intents/{intent_id}").json()
    assert found["status"] == "succeeded", paid.text
    client.keep("charge", code=code, amount_vnd=amount_vnd, intent_id=intent_id)
    back = client.insist("GET", f"/tra-tien/{code}/the/xong")
    if back.status_code == 302 and client.chance.random() < 0.7:
        refund(client, code, amount_vnd)


def _intent_of(client: Client, code: str) -> str | None:
    """Open the card form until the gateway was ready."""
    for _try in range(20):
        client.insist("GET", f"/tra-tien/{code}/the")
        for found in client.insist_at_gateway("GET", "/v1/payment_intents", params={"limit": 100}).json()["data"]:
            if found["metadata"].get("request") == code:
                return str(found["id"])
    return None


def refund(client: Client, code: str, amount_vnd: int) -> None:
    """An officer's program gives a fifth back to the card."""
    part_vnd = amount_vnd // 5
    made = client.create(
        f"/api/v1/payments/{code}/refunds",
        {"amount_vnd": part_vnd, "reason": "Hàng bị dập"},
        token=client.world.officers[0],
    )
    if made.status_code == 409:  # not in the books yet: the gateway's event is still on its way
        return
    assert made.status_code == 201, made.text
    client.keep("refund", id=made.json()["id"], code=code, amount_vnd=part_vnd)


def pay_out(client: Client) -> None:
    """Two officers pay the sellers: a batch, its approval, its file, the bank's answer."""
    time.sleep(0.3)
    maker, approver = client.world.officers
    made = client.create("/api/v1/payouts/batches", {}, token=maker)
    if made.status_code == 409:  # nothing to pay
        time.sleep(0.5)
        return
    assert made.status_code == 201, made.text
    batch_id = made.json()["id"]
    client.keep("batch", id=batch_id)
    approved = client.create(f"/api/v1/payouts/batches/{batch_id}/approval", {}, token=approver)
    if approved.status_code == 409 or approved.json()["status"] == "cancelled":  # its money went elsewhere meanwhile
        return
    assert approved.status_code == 200, approved.text
    client.keep("approval", id=batch_id)
    page = f"/dieu-hanh/chi-tra/{batch_id}"
    file = _press(client, maker, page, f"{page}/tep-xml")
    codes = sorted(set(re.findall(r"PT[2-9A-Z]{8}", file.text)))
    assert file.status_code == 200 and codes, file.text
    shown = client.insist("GET", f"/api/v1/payouts/batches/{batch_id}", headers=_token(maker)).json()
    report = _report(shown["code"], codes)
    uploaded = _press(client, maker, page, f"{page}/ket-qua", files={"file": ("ket-qua.xml", report)})
    assert uploaded.status_code == 303, uploaded.text
    applied = _press(client, maker, page, f"{uploaded.headers['Location']}/ghi-so")
    assert applied.status_code == 303, applied.text
    client.keep("payouts", batch_id=batch_id, codes=codes)


def _press(client: Client, token: str, page: str, path: str, **more: Any) -> httpx.Response:
    """A form's button, with the token of the page it is on."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.insist("GET", page, headers=_token(token)).text)
    assert found, f"{page} has no form"
    return client.insist("POST", path, data={"csrf_token": found[1]}, headers=_token(token), **more)


def _token(token: str) -> dict[str, str]:
    return {"Authentication-Token": token}


def _report(batch_code: str, codes: list[str]) -> bytes:
    """The bank paid them all."""
    rows = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{code}</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>" for code in codes
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{PAIN002}"><CstmrPmtStsRpt><GrpHdr><MsgId>1</MsgId>'
        "<CreDtTm>2026-11-24T09:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts>"
        f"<OrgnlMsgId>{batch_code}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{batch_code}</OrgnlPmtInfId>{rows}</OrgnlPmtInfAndSts>"
        "</CstmrPmtStsRpt></Document>"
    ).encode()


def spoil_gateway(sandbox: str) -> None:
    """The card gateway does the next thing and says nothing."""
    httpx.post(
        f"{sandbox}/stripe/control",
        content=json.dumps({"timeout_after_success": 1}),
        headers={**JSON, "Authorization": f"Bearer {DEMO_SECRETS['STRIPE_SECRET_KEY']}"},
        trust_env=False,
    )


WORKS = (sell, sell, pay_by_card, pay_by_card, pay_out)
