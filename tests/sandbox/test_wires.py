"""What the play bank sends is what SePay, payOS and Casso send; signatures are checked by code written apart."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections import OrderedDict

from tests.sandbox.conftest import QR_180000, Heard


def hexmac(key: str, text: bytes, algorithm: str) -> str:
    return hmac.digest(key.encode(), text, algorithm).hex()


def sepay_is_genuine(heard: Heard, secret: str = "demo-sepay-secret") -> bool:
    stamp = heard.headers["X-SePay-Timestamp"]
    expected = hexmac(secret, b"%s.%s" % (stamp.encode(), heard.body), "sha256")
    return abs(time.time() - int(stamp)) < 300 and heard.headers["X-SePay-Signature"] == "sha256=" + expected


def payos_is_genuine(heard: Heard, key: str = "demo-payos-checksum-key") -> bool:
    message = ""
    for name, value in sorted(heard.json["data"].items()):
        text = "" if value in (None, "null", "undefined") else str(value)
        message += f"&{name}={text}"
    return bool(heard.json["signature"] == hexmac(key, message[1:].encode(), "sha256"))


def _deep(value):
    if isinstance(value, dict):
        return OrderedDict((name, _deep(inner)) for name, inner in sorted(value.items()))
    return value


def casso_is_genuine(heard: Heard, key: str = "demo-casso-key") -> bool:
    parts = dict(part.split("=") for part in heard.headers["X-Casso-Signature"].split(","))
    canonical = json.dumps(_deep(heard.json), separators=(",", ":"), ensure_ascii=False)
    fresh = abs(time.time() * 1000 - int(parts["t"])) < 300_000
    return fresh and parts["v1"] == hexmac(key, f"{parts['t']}.{canonical}".encode(), "sha512")


def test_sepay_notice(sandbox, platform):
    [transfer] = sandbox.pay(qr=QR_180000, wire="sepay", transferred_at="2026-11-24T01:02:03Z")
    [heard] = platform.heard
    assert heard.path == "/webhooks/bank/sepay"
    assert heard.headers["Content-Type"] == "application/json"
    assert sepay_is_genuine(heard)
    assert not sepay_is_genuine(heard, "another-secret")
    body = heard.json
    assert set(body) == {
        "id", "gateway", "transactionDate", "accountNumber", "subAccount", "code", "content", "transferType",
        "description", "transferAmount", "accumulated", "referenceCode",
    }  # fmt: skip
    assert body["id"] == transfer["id"] and body["referenceCode"] == transfer["reference"]
    assert body["transactionDate"] == "2026-11-24 08:02:03", "zone-less, +07:00"
    assert (body["transferAmount"], body["accountNumber"], body["content"]) == (
        180000, "0011012345678", "thanh toan don hang",
    )  # fmt: skip
    assert (body["gateway"], body["transferType"], body["code"]) == ("Sacombank", "in", None)
    assert transfer["notices"][0]["http_status"] == 200


def test_sepay_with_an_api_key_instead(start, settings, platform):
    from dataclasses import replace

    start(replace(settings, sepay_auth="apikey")).pay(qr=QR_180000, wire="sepay")
    assert platform.heard[0].headers["Authorization"] == "Apikey demo-sepay-secret"


def test_payos_notice(sandbox, platform):
    [transfer] = sandbox.pay(
        qr=QR_180000, wire="payos", payer={"name": "TRẦN THỊ BÌNH", "account": "111222333", "bin": "970405"}
    )
    [heard] = platform.heard
    assert heard.path == "/webhooks/bank/payos"
    assert payos_is_genuine(heard) and not payos_is_genuine(heard, "another-key")
    body = heard.json
    assert (body["code"], body["success"]) == ("00", True)
    data = body["data"]
    assert data["reference"] == transfer["reference"] and isinstance(data["orderCode"], int)
    assert (data["amount"], data["description"], data["currency"]) == (180000, "thanh toan don hang", "VND")
    assert (data["counterAccountName"], data["counterAccountBankName"]) == ("TRẦN THỊ BÌNH", "Agribank")
    assert data["orderCode"] < 2**53, "JavaScript on the way must not round it"


def test_casso_notice(sandbox, platform):
    [transfer] = sandbox.pay(qr=QR_180000, wire="casso", payer={"name": "NGUYỄN ĐỨC Ý"})
    [heard] = platform.heard
    assert heard.path == "/webhooks/bank/casso"
    assert casso_is_genuine(heard) and not casso_is_genuine(heard, "another-key")
    data = heard.json["data"]
    assert heard.json["error"] == 0
    assert (data["id"], data["reference"]) == (transfer["id"], transfer["reference"])
    assert (data["amount"], data["description"], data["accountNumber"]) == (
        180000, "thanh toan don hang", "0011012345678",
    )  # fmt: skip
    assert data["counterAccountName"] == "NGUYỄN ĐỨC Ý"


def test_balances_add_up_per_account(sandbox, platform):
    sandbox.pay(qr=QR_180000, wire="sepay", times=2)
    sandbox.pay(bin="970405", account="555", memo="x", amount_vnd=7, wire="casso")
    assert [one.json["accumulated"] for one in platform.heard[:2]] == [180000, 360000]
    assert platform.heard[2].json["data"]["runningBalance"] == 7


def test_redeliveries_carry_the_same_bytes_and_a_fresh_signature(sandbox, platform):
    [transfer] = sandbox.pay(qr=QR_180000, wire="sepay", deliveries=3)
    assert [notice["delivery"] for notice in transfer["notices"]] == [1, 2, 3]
    assert len({heard.body for heard in platform.heard}) == 1
    assert all(sepay_is_genuine(heard) for heard in platform.heard)


def test_paying_twice_makes_two_transfers_with_their_own_ids(sandbox, platform):
    one, two = sandbox.pay(qr=QR_180000, wire="payos", times=2)
    assert one["id"] != two["id"] and one["reference"] != two["reference"]
    assert len({heard.json["data"]["reference"] for heard in platform.heard}) == 2


def test_the_official_hash_of_sepay_is_plain_hmac(sandbox, platform):
    sandbox.pay(qr=QR_180000, wire="sepay")
    [heard] = platform.heard
    signed = heard.headers["X-SePay-Timestamp"].encode() + b"." + heard.body
    slow = hashlib.sha256(
        bytes(b ^ 0x5C for b in b"demo-sepay-secret".ljust(64, b"\0"))
        + hashlib.sha256(bytes(b ^ 0x36 for b in b"demo-sepay-secret".ljust(64, b"\0")) + signed).digest()
    ).hexdigest()
    assert heard.headers["X-SePay-Signature"] == f"sha256={slow}"
