"""A bank that signs its notices as the three providers document, written apart from the application's reader."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.config import DEMO_SECRETS

_serial = itertools.count(int(time.time() * 1000))
WIRES = ("sepay", "payos", "casso")


def local_time(moment: datetime | None = None) -> str:
    """As the providers print it: UTC+07:00, no zone."""
    return ((moment or datetime.now(UTC)) + timedelta(hours=7)).strftime("%Y-%m-%d %H:%M:%S")


def transfer(account: str, amount_vnd: int, memo: str, at: datetime | None = None) -> dict[str, Any]:
    """A transfer the bank saw; give the same one to `notify` again and it is the same message again."""
    serial = next(_serial)
    return {"serial": serial, "account": account, "amount": amount_vnd, "memo": memo, "time": local_time(at)}


def notify(client: FlaskClient, wire: str, moved: dict[str, Any], *, now_s: float | None = None) -> TestResponse:
    """Post the transfer's notice on a wire, properly signed."""
    body, headers = message(wire, moved, now_s=now_s)
    return client.post(f"/webhooks/bank/{wire}", data=body, headers=headers, content_type="application/json")


def message(wire: str, moved: dict[str, Any], *, now_s: float | None = None) -> tuple[bytes, dict[str, str]]:
    """The signed body and headers."""
    now_s = time.time() if now_s is None else now_s
    return {"sepay": _sepay, "payos": _payos, "casso": _casso}[wire](moved, now_s)


def _mac(key: str, text: bytes, algorithm: str) -> str:
    return hmac.new(key.encode(), text, getattr(hashlib, algorithm)).hexdigest()


def _sepay(moved: dict[str, Any], now_s: float) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(
        {
            "id": moved["serial"],
            "gateway": "Sacombank",
            "transactionDate": moved["time"],
            "accountNumber": moved["account"],
            "subAccount": None,
            "code": None,
            "content": moved["memo"],
            "transferType": "in",
            "description": "",
            "transferAmount": moved["amount"],
            "accumulated": 0,
            "referenceCode": f"FT{moved['serial']}",
        }
    ).encode()
    stamp = str(int(now_s))
    signature = _mac(DEMO_SECRETS["BANK_SEPAY_SECRET"], stamp.encode() + b"." + body, "sha256")
    return body, {"X-SePay-Timestamp": stamp, "X-SePay-Signature": f"sha256={signature}"}


def _payos(moved: dict[str, Any], _now_s: float) -> tuple[bytes, dict[str, str]]:
    data = {
        "orderCode": moved["serial"] % 100_000,
        "amount": moved["amount"],
        "description": moved["memo"],
        "accountNumber": moved["account"],
        "reference": f"FT{moved['serial']}",
        "transactionDateTime": moved["time"],
        "currency": "VND",
        "paymentLinkId": "",
        "code": "00",
        "desc": "success",
        "counterAccountName": None,
    }
    line = "&".join(f"{key}={'' if data[key] is None else data[key]}" for key in sorted(data))
    signature = _mac(DEMO_SECRETS["BANK_PAYOS_CHECKSUM_KEY"], line.encode(), "sha256")
    body = {"code": "00", "desc": "success", "success": True, "data": data, "signature": signature}
    return json.dumps(body).encode(), {}


def _casso(moved: dict[str, Any], now_s: float) -> tuple[bytes, dict[str, str]]:
    data = {
        "id": moved["serial"],
        "reference": f"FT{moved['serial']}",
        "description": moved["memo"],
        "amount": moved["amount"],
        "runningBalance": 0,
        "transactionDateTime": moved["time"],
        "accountNumber": moved["account"],
        "bankName": "Sacombank",
    }
    body = {"error": 0, "data": data}
    stamp = str(int(now_s * 1000))
    ordered = '{"data":{' + ",".join(f'"{key}":{_compact(data[key])}' for key in sorted(data)) + '},"error":0}'
    signature = _mac(DEMO_SECRETS["BANK_CASSO_KEY"], f"{stamp}.{ordered}".encode(), "sha512")
    return json.dumps(body).encode(), {"X-Casso-Signature": f"t={stamp},v1={signature}"}


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
