"""Settings read from the environment, typed. In production a missing or default secret stops the start."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path


class ConfigError(RuntimeError):
    """A setting is missing or unsafe; the message names it."""


def _demo_key(name: str) -> str:
    """A fixed 32-byte key for demo and tests, so that demo data stays readable after a restart."""
    return base64.b64encode(hashlib.sha256(f"chophien demo {name}".encode()).digest()).decode()


# Written by `make demo` while it runs, so that `flask --app wsgi …` beside it speaks to the same database.
LOCAL_SETTINGS = Path(__file__).parent.parent / "var" / "local.env"

# Every secret with its demo value. None of these may be used in production.
DEMO_SECRETS: Mapping[str, str] = {
    "SECRET_KEY": "demo-secret-key-only-for-a-demo-machine",
    "PASSWORD_SALT": "demo-password-salt",
    "FIELD_KEY": _demo_key("field"),
    "BLIND_INDEX_KEY": _demo_key("index"),
    "LOG_SIGNING_KEY": _demo_key("log"),
    "BANK_SEPAY_SECRET": "demo-sepay-secret",
    "BANK_PAYOS_CHECKSUM_KEY": "demo-payos-checksum-key",
    "BANK_CASSO_KEY": "demo-casso-key",
    "BANK_FEED_KEY": "demo-feed-key",
    "STRIPE_SECRET_KEY": "sk_test_demo",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_demo",
    "STRIPE_WEBHOOK_SECRET": "whsec_demo",
    "SMS_API_KEY": "demo-sms-key",
}


@dataclass(frozen=True)
class Config:
    """What a process needs to know to start. Keys are base64 of 32 bytes where noted.

    `database_connections` is how many a process holds at most.
    """

    app_env: str
    database_url: str
    database_connections: int
    secret_key: str
    password_salt: str
    field_key: bytes
    blind_index_key: bytes
    log_signing_key: bytes
    log_origin: str
    bank_sepay_secret: str
    bank_payos_checksum_key: str
    bank_casso_key: str
    bank_feed_key: str
    bank_feed_url: str
    stripe_secret_key: str
    stripe_publishable_key: str
    stripe_webhook_secret: str
    stripe_api_base: str
    stripe_js_url: str
    sms_api_key: str
    sms_url: str
    public_url: str
    sandbox_url: str
    media_dir: str
    rate_limit_storage: str
    payout_bin: str
    payout_account: str
    payout_holder: str
    payout_sheet_columns: str
    log_level: str

    @property
    def is_production(self) -> bool:
        """Whether demo values are refused and cookies demand HTTPS."""
        return self.app_env == "production"

    def __repr__(self) -> str:
        """Never shows a value: settings hold secrets."""
        return f"Config({', '.join(field.name for field in fields(self))})"


def _environment() -> Mapping[str, str]:
    """The process's environment. Where it names no database, the demo that runs on this machine fills it in."""
    if "DATABASE_URL" in os.environ or "APP_ENV" in os.environ or not LOCAL_SETTINGS.exists():
        return os.environ
    lines = LOCAL_SETTINGS.read_text().splitlines()
    return {**dict(line.split("=", 1) for line in lines if "=" in line), **os.environ}


def load(env: Mapping[str, str] | None = None) -> Config:
    """Read the settings.

    Raises:
        ConfigError: a setting is missing, malformed, or (in production) still has its demo value.
    """
    source = _environment() if env is None else env
    app_env = source.get("APP_ENV", "production")
    if app_env not in ("production", "demo", "test"):
        raise ConfigError(f"APP_ENV must be production, demo or test, not {app_env!r}")
    production = app_env == "production"

    def secret(name: str) -> str:
        value = source.get(name) or ("" if production else DEMO_SECRETS[name])
        if not value:
            raise ConfigError(f"{name} is missing: set it in the environment before starting in production")
        if production and value == DEMO_SECRETS[name]:
            raise ConfigError(f"{name} still has its demo value: set your own before starting in production")
        return value

    def key(name: str) -> bytes:
        try:
            raw = base64.b64decode(secret(name), validate=True)
        except ValueError:
            raw = b""
        if len(raw) != 32:
            raise ConfigError(f"{name} must be the base64 of 32 random bytes")
        return raw

    def plain(name: str, demo: str, *, needed: bool = True) -> str:
        value = source.get(name) or ("" if production and needed else demo)
        if not value and needed:
            raise ConfigError(f"{name} is missing: set it in the environment before starting in production")
        return value

    def whole(name: str, usual: int) -> int:
        text = source.get(name) or str(usual)
        if not text.isdecimal() or int(text) < 1:
            raise ConfigError(f"{name} must be a whole number above zero, not {text!r}")
        return int(text)

    near = f"http://127.0.0.1:{source.get('SANDBOX_PORT', '8001')}"
    sandbox = source.get("SANDBOX_URL") or ("" if production else near)
    return Config(
        app_env=app_env,
        database_url=plain("DATABASE_URL", ""),
        database_connections=whole("DATABASE_CONNECTIONS", 15),
        secret_key=secret("SECRET_KEY"),
        password_salt=secret("PASSWORD_SALT"),
        field_key=key("FIELD_KEY"),
        blind_index_key=key("BLIND_INDEX_KEY"),
        log_signing_key=key("LOG_SIGNING_KEY"),
        log_origin=plain("LOG_ORIGIN", "chophien.example/so-cong-khai"),
        bank_sepay_secret=secret("BANK_SEPAY_SECRET"),
        bank_payos_checksum_key=secret("BANK_PAYOS_CHECKSUM_KEY"),
        bank_casso_key=secret("BANK_CASSO_KEY"),
        bank_feed_key=secret("BANK_FEED_KEY"),
        bank_feed_url=source.get("BANK_FEED_URL") or (f"{sandbox}/bank/api/feed" if sandbox else ""),
        stripe_secret_key=secret("STRIPE_SECRET_KEY"),
        stripe_publishable_key=secret("STRIPE_PUBLISHABLE_KEY"),
        stripe_webhook_secret=secret("STRIPE_WEBHOOK_SECRET"),
        stripe_api_base=source.get("STRIPE_API_BASE") or (f"{sandbox}/stripe" if sandbox else "https://api.stripe.com"),
        stripe_js_url=source.get("STRIPE_JS_URL")
        or (f"{sandbox}/stripe/v3/" if sandbox else "https://js.stripe.com/v3/"),
        sms_api_key=secret("SMS_API_KEY"),
        sms_url=plain("SMS_URL", f"{sandbox}/sms/messages"),
        public_url=plain("PUBLIC_URL", f"http://127.0.0.1:{source.get('PORT', '8000')}"),
        sandbox_url=sandbox,
        media_dir=plain("MEDIA_DIR", "var/media"),
        rate_limit_storage=plain("RATE_LIMIT_STORAGE", "memory://"),
        # Where payouts come from; without them no bank file is made. The sheet's columns: "heading=field;…".
        payout_bin=plain("PAYOUT_BIN", "970422", needed=False),
        payout_account=plain("PAYOUT_ACCOUNT", "0000999900001", needed=False),
        payout_holder=plain("PAYOUT_HOLDER", "CHO PHIEN", needed=False),
        payout_sheet_columns=source.get("PAYOUT_SHEET_COLUMNS", ""),
        log_level=source.get("LOG_LEVEL", "INFO"),
    )


def database_url(url: str) -> str:
    """The URL for SQLAlchemy with psycopg 3, whatever spelling of PostgreSQL it came in."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def libpq_url(url: str) -> str:
    """The same URL for psycopg itself."""
    return "postgresql://" + database_url(url).removeprefix("postgresql+psycopg://")
