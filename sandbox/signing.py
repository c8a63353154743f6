"""How each provider proves that a notice is its own. Signed at the moment of sending, so timestamps are fresh."""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

from sandbox.settings import Settings


def compact_json(value: Any) -> str:
    """JSON without spaces and with letters left as they are, like JavaScript's `JSON.stringify`."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _hex(key: str, message: bytes, algorithm: str) -> str:
    return hmac.new(key.encode(), message, algorithm).hexdigest()


def payos_signature(data: dict[str, Any], checksum_key: str) -> str:
    """payOS: HMAC-SHA256 over `k=v&…` of `data`, keys sorted; null, "null" and "undefined" count as empty."""
    pairs = []
    for key in sorted(data):
        value = data[key]
        if value is None or value in ("null", "undefined"):
            value = ""
        pairs.append(f"{key}={value}")
    return _hex(checksum_key, "&".join(pairs).encode(), "sha256")


def sepay_headers(body: bytes, settings: Settings, now_s: float) -> dict[str, str]:
    """SePay: `X-SePay-Signature` over "{ts}.{raw body}", or the older `Authorization: Apikey …`."""
    if settings.sepay_auth == "apikey":
        return {"Authorization": f"Apikey {settings.sepay_secret}"}
    stamp = str(int(now_s))
    signature = _hex(settings.sepay_secret, stamp.encode() + b"." + body, "sha256")
    return {"X-SePay-Timestamp": stamp, "X-SePay-Signature": f"sha256={signature}"}


def _sorted_deep(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted_deep(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted_deep(item) for item in value]
    return value


def casso_headers(body: bytes, settings: Settings, now_s: float) -> dict[str, str]:
    """Casso v2: HMAC-SHA512 over "{t in ms}." + compact JSON with keys sorted at every depth."""
    stamp = str(int(now_s * 1000))
    canonical = compact_json(_sorted_deep(json.loads(body)))
    return {"X-Casso-Signature": f"t={stamp},v1={_hex(settings.casso_key, f'{stamp}.{canonical}'.encode(), 'sha512')}"}


def stripe_headers(body: bytes, settings: Settings, now_s: float) -> dict[str, str]:
    """Stripe: `Stripe-Signature: t=…,v1=HMAC-SHA256(secret, "{t}.{raw body}")`."""
    stamp = str(int(now_s))
    signature = _hex(settings.stripe_webhook_secret, stamp.encode() + b"." + body, "sha256")
    return {"Stripe-Signature": f"t={stamp},v1={signature}"}


def headers_for(wire: str, body: bytes, settings: Settings) -> dict[str, str]:
    """Headers that carry the proof for `body` on `wire`; payOS carries its proof inside the body."""
    base = {"Content-Type": "application/json", "User-Agent": f"sandbox-{wire}"}
    now_s = time.time()
    match wire:
        case "sepay":
            return base | sepay_headers(body, settings, now_s)
        case "casso":
            return base | casso_headers(body, settings, now_s)
        case "stripe":
            return base | stripe_headers(body, settings, now_s)
        case "payos":
            return base
        case _:
            raise ValueError(f"unknown wire {wire!r}")
