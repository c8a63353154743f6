"""What the sandbox reads from the environment, with the defaults the demo shares with the platform."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


class NotLoopbackError(ValueError):
    """A target that is not this very machine: the sandbox talks to nobody else."""


def is_loopback_url(url: str) -> bool:
    """Whether `url` is http(s) and names this machine (localhost, 127.0.0.0/8, ::1)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        parts.port  # noqa: B018 - reading it raises on a malformed port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host or "\\" in url or not url.isprintable():
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_loopback(url: str) -> str:
    """Return `url` unchanged.

    Raises:
        NotLoopbackError: it points anywhere but this machine.
    """
    if not is_loopback_url(url):
        raise NotLoopbackError(f"the sandbox only talks to this machine, not to {url!r}")
    return url


def _origin_variants(url: str) -> tuple[str, ...]:
    """The origin of `url` under the names a browser on this machine may use for it."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    hosts = dict.fromkeys((parts.netloc.rsplit(":", 1)[0] if port else parts.netloc, "127.0.0.1", "localhost"))
    return tuple(f"{parts.scheme}://{host}{port}" for host in hosts)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the sandbox needs to know. `retry_base_s` is the first pause between two deliveries, in seconds."""

    state_path: Path = Path("var/sandbox/sandbox.sqlite3")
    port: int = 8001
    platform_url: str = "http://127.0.0.1:8000"
    sepay_secret: str = "demo-sepay-secret"  # noqa: S105 - the demo's shared play secret
    sepay_auth: str = "hmac"
    payos_checksum_key: str = "demo-payos-checksum-key"
    casso_key: str = "demo-casso-key"
    feed_key: str = "demo-feed-key"
    stripe_secret_key: str = "sk_test_demo"  # noqa: S105 - the demo's shared play secret
    stripe_publishable_key: str = "pk_test_demo"
    stripe_webhook_secret: str = "whsec_demo"  # noqa: S105 - the demo's shared play secret
    sms_api_key: str = "demo-sms-key"
    retry_base_s: float = 1.0
    max_attempts: int = 6
    send_timeout_s: float = 10.0

    def __post_init__(self) -> None:
        require_loopback(self.platform_url)
        if self.sepay_auth not in ("hmac", "apikey"):
            raise ValueError("SANDBOX_SEPAY_AUTH must be hmac or apikey")

    @property
    def platform_origins(self) -> tuple[str, ...]:
        """The only origins whose pages may call the card gateway from a browser."""
        return _origin_variants(self.platform_url)

    def webhook_url(self, wire: str) -> str:
        """Where notices of `wire` (sepay, payos, casso, stripe) go."""
        path = "stripe" if wire == "stripe" else f"bank/{wire}"
        return f"{self.platform_url.rstrip('/')}/webhooks/{path}"


def from_environment(env: Mapping[str, str] = os.environ) -> Settings:
    """Settings as the environment gives them; an empty value counts as absent.

    Raises:
        NotLoopbackError: `PLATFORM_URL` is not on this machine.
    """

    def get(name: str, default: str) -> str:
        return env.get(name) or default

    return Settings(
        state_path=Path(get("SANDBOX_STATE", "var/sandbox/sandbox.sqlite3")),
        port=int(get("SANDBOX_PORT", "8001")),
        platform_url=get("PLATFORM_URL", "http://127.0.0.1:8000"),
        sepay_secret=get("BANK_SEPAY_SECRET", "demo-sepay-secret"),
        sepay_auth=get("SANDBOX_SEPAY_AUTH", "hmac"),
        payos_checksum_key=get("BANK_PAYOS_CHECKSUM_KEY", "demo-payos-checksum-key"),
        casso_key=get("BANK_CASSO_KEY", "demo-casso-key"),
        feed_key=get("BANK_FEED_KEY", "demo-feed-key"),
        stripe_secret_key=get("STRIPE_SECRET_KEY", "sk_test_demo"),
        stripe_publishable_key=get("STRIPE_PUBLISHABLE_KEY", "pk_test_demo"),
        stripe_webhook_secret=get("STRIPE_WEBHOOK_SECRET", "whsec_demo"),
        sms_api_key=get("SMS_API_KEY", "demo-sms-key"),
    )
