"""In production a missing or default secret stops the start with one line that names it."""

from __future__ import annotations

import base64
import os

import pytest

from app.config import DEMO_SECRETS, ConfigError, database_url, libpq_url, load

KEYS = ("FIELD_KEY", "BLIND_INDEX_KEY", "LOG_SIGNING_KEY")
PLAIN = ("DATABASE_URL", "LOG_ORIGIN", "SMS_URL", "PUBLIC_URL", "MEDIA_DIR", "RATE_LIMIT_STORAGE")


def production() -> dict[str, str]:
    """A complete set of own values."""
    own = {name: f"own-{name.lower()}" for name in DEMO_SECRETS}
    own |= {name: base64.b64encode(os.urandom(32)).decode() for name in KEYS}
    return own | {name: f"https://own.example/{name.lower()}" for name in PLAIN} | {"APP_ENV": "production"}


def test_own_values_start() -> None:
    config = load(production())
    assert config.is_production
    assert config.stripe_api_base == "https://api.stripe.com"
    assert config.sandbox_url == ""


@pytest.mark.parametrize("name", [*DEMO_SECRETS, *PLAIN])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_value_stops_the_start_by_name(name: str, value: str | None) -> None:
    env = production()
    del env[name]
    if value is not None:
        env[name] = value
    with pytest.raises(ConfigError) as stopped:
        load(env)
    assert str(stopped.value).startswith(f"{name} ")
    assert "\n" not in str(stopped.value)


@pytest.mark.parametrize("name", DEMO_SECRETS)
def test_a_demo_value_stops_the_start_by_name_and_is_not_shown(name: str) -> None:
    with pytest.raises(ConfigError) as stopped:
        load(production() | {name: DEMO_SECRETS[name]})
    assert str(stopped.value).startswith(f"{name} ")
    assert DEMO_SECRETS[name] not in str(stopped.value)


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("value", ["not base64!", base64.b64encode(b"short").decode()])
def test_a_key_that_is_not_32_bytes_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} must be"):
        load(production() | {name: value})


def test_forgetting_the_environment_means_production() -> None:
    with pytest.raises(ConfigError):
        load({})
    with pytest.raises(ConfigError, match="APP_ENV"):
        load({"APP_ENV": "prod"})


def test_printing_the_settings_shows_no_value() -> None:
    env = production()
    shown = repr(load(env))
    assert not any(value in shown for name, value in env.items() if name != "APP_ENV")


@pytest.mark.parametrize("url", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"])
def test_any_spelling_of_the_database_is_understood(url: str) -> None:
    assert database_url(url) == "postgresql+psycopg://u@h/d"
    assert libpq_url(url) == "postgresql://u@h/d"
