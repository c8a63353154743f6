"""The three notice formats: proof on the raw bytes, then reading. Sources: the providers' SDKs and docs, DOMAIN §3.

All times in them carry no zone and mean UTC+07:00.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from werkzeug.datastructures import Headers

from app.core.clock import VIETNAM
from app.payments.bank.errors import BadSignature, UnreadableNotice
from app.payments.bank.models import Wire

WINDOW = timedelta(minutes=5)
MAX_AMOUNT_VND = 10**13
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=VIETNAM), datetime(2200, 1, 1, tzinfo=VIETNAM)


@dataclass(frozen=True)
class Notice:
    """A notice as read: `direction` is in, out or none (no money moved); `accounts` are the numbers it may be for."""

    external_id: str
    direction: str
    amount_vnd: int
    accounts: tuple[str, ...]
    memo: str
    reference: str
    event_at: datetime


def read_sepay(raw: bytes, headers: Headers, *, secret: str, now: datetime) -> Notice:
    """SePay: `X-SePay-Signature: sha256=hex(HMAC-SHA256(secret, "{ts}.{raw}"))`, or `Authorization: Apikey secret`.

    Raises:
        BadSignature, UnreadableNotice.
    """
    signature = headers.get("X-SePay-Signature")
    if signature is not None:
        stamp = headers.get("X-SePay-Timestamp", "")
        _demand_fresh(stamp, unit_s=1.0, now=now)
        _demand_equal(signature, "sha256=" + _hex(secret, stamp.encode() + b"." + raw, "sha256"))
    else:
        _demand_equal(headers.get("Authorization", ""), f"Apikey {secret}")
    body = _object(raw)
    moved = {"in": "in", "out": "out"}.get(str(body.get("transferType")))
    if moved is None:
        raise UnreadableNotice("transferType")
    accounts = (_text(body, "accountNumber"), _text(body, "subAccount", needed=False))
    return Notice(
        external_id=_text(body, "id"),
        direction=moved,
        amount_vnd=_amount(body, "transferAmount"),
        accounts=_present(*accounts),
        memo=" ".join(_present(_text(body, "code", needed=False), _text(body, "content", needed=False))),
        reference=_text(body, "referenceCode", needed=False),
        event_at=_moment(_text(body, "transactionDate")),
    )


def read_payos(raw: bytes, _headers: Headers, *, secret: str, now: datetime) -> Notice:
    """payOS: `signature` = hex HMAC-SHA256 over `k=v&…` of `data`, keys sorted. No timestamp: it may be replayed.

    Raises:
        BadSignature, UnreadableNotice.
    """
    body = _object(raw)
    data = body.get("data")
    if not isinstance(data, dict):
        raise BadSignature("no data")
    signed = "&".join(f"{key}={_payos_value(data[key])}" for key in sorted(data))
    _demand_equal(str(body.get("signature", "")), _hex(secret, signed.encode(), "sha256"))
    succeeded = body.get("success") is not False and str(data.get("code", "00")) == "00"
    return Notice(
        external_id=f"{_text(data, 'orderCode', needed=False)}:{_text(data, 'reference')}",
        direction="in" if succeeded else "none",
        amount_vnd=_amount(data, "amount"),
        accounts=_present(_text(data, "accountNumber"), _text(data, "virtualAccountNumber", needed=False)),
        memo=_text(data, "description", needed=False),
        reference=_text(data, "reference"),
        event_at=_moment(_text(data, "transactionDateTime")),
    )


def read_casso(raw: bytes, headers: Headers, *, secret: str, now: datetime) -> Notice:
    """Casso v2: `X-Casso-Signature: t=<ms>,v1=<hex>`, HMAC-SHA512 over "{t}." + compact JSON, keys sorted deeply.

    Raises:
        BadSignature, UnreadableNotice.
    """
    parts = dict(part.strip().split("=", 1) for part in headers.get("X-Casso-Signature", "").split(",") if "=" in part)
    stamp = parts.get("t", "")
    _demand_fresh(stamp, unit_s=0.001, now=now)
    body = _object(raw)
    canonical = json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    _demand_equal(parts.get("v1", ""), _hex(secret, f"{stamp}.{canonical}".encode(), "sha512"))
    data = body.get("data")
    if not isinstance(data, dict):
        raise UnreadableNotice("data")
    amount = _whole(data.get("amount"), "amount")
    moved = "none" if body.get("error") not in (0, None, "0") or amount == 0 else "in" if amount > 0 else "out"
    return Notice(
        external_id=_text(data, "id"),
        direction=moved,
        amount_vnd=abs(amount),
        accounts=_present(_text(data, "accountNumber"), _text(data, "virtualAccountNumber", needed=False)),
        memo=_text(data, "description", needed=False),
        reference=_text(data, "reference", needed=False),
        event_at=_moment(_text(data, "transactionDateTime")),
    )


READERS = {Wire.SEPAY: read_sepay, Wire.PAYOS: read_payos, Wire.CASSO: read_casso}


def _hex(key: str, message: bytes, algorithm: str) -> str:
    return hmac.new(key.encode(), message, getattr(hashlib, algorithm)).hexdigest()


def _demand_equal(given: str, expected: str) -> None:
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise BadSignature("signature")


def _demand_fresh(stamp: str, *, unit_s: float, now: datetime) -> None:
    """The stamp lies within the window, on both sides of now."""
    if not re.fullmatch(r"[0-9]{1,16}", stamp):
        raise BadSignature("timestamp")
    if abs(int(stamp) * unit_s - now.timestamp()) > WINDOW.total_seconds():
        raise BadSignature("timestamp outside the window")


def _object(raw: bytes) -> dict[str, Any]:
    """The body as an object. Half a surrogate pair (`"\\ud800"`) is no text: neither signed over nor stored."""
    try:
        body = json.loads(raw)
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise UnreadableNotice("not JSON") from None
    if not isinstance(body, dict):
        raise UnreadableNotice("not an object")
    return body


def _payos_value(value: Any) -> str:
    if value is None or value in ("null", "undefined"):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return str(value)


def _text(body: Mapping[str, Any], field: str, *, needed: bool = True) -> str:
    value = body.get(field)
    if isinstance(value, int | str) and not isinstance(value, bool) and str(value).strip():
        return str(value).strip()[:500]
    if needed:
        raise UnreadableNotice(field)
    return ""


def _whole(value: Any, field: str) -> int:
    """Whole đồng. JSON numbers such as 50000.0 count when they are whole."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnreadableNotice(field)
    if not abs(value) <= MAX_AMOUNT_VND or value != int(value):  # NaN is not <= anything
        raise UnreadableNotice(field)
    return int(value)


def _amount(body: Mapping[str, Any], field: str) -> int:
    amount = _whole(body.get(field), field)
    if amount <= 0:
        raise UnreadableNotice(field)
    return amount


def _moment(text: str) -> datetime:
    """The moment, of this age: years at the ends of the calendar cannot be read back from the database."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UnreadableNotice("time") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)
    if not EARLIEST <= moment < LATEST:
        raise UnreadableNotice("time")
    return moment


def _present(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
