"""The sandbox talks to this machine and to nobody else."""

from __future__ import annotations

import pytest

from sandbox import create_app
from sandbox.settings import NotLoopbackError, from_environment, is_loopback_url


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:8000/x", "https://127.9.9.9/", "http://[::1]:8000"]
)
def test_loopback_addresses_are_accepted(url):
    assert is_loopback_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://10.0.0.1:8000",
        "http://0.0.0.0:8000",
        "http://127.0.0.1@example.com/",
        "http://localhost.example.com/",
        "http://127.0.0.1:8000\\@example.com",
        "http://[::1",
        "http://127.0.0.1:nan",
        "javascript:alert(1)//127.0.0.1",
        "//127.0.0.1/",
        "",
    ],
)
def test_everything_else_is_not_loopback(url):
    assert not is_loopback_url(url)


def test_a_platform_elsewhere_stops_the_start(tmp_path):
    env = {"PLATFORM_URL": "http://cho.example.com", "SANDBOX_STATE": str(tmp_path / "s.sqlite3")}
    with pytest.raises(NotLoopbackError):
        create_app(from_environment(env))
    assert not (tmp_path / "s.sqlite3").exists()


def test_the_environment_decides_and_the_demo_defaults_fill_in(tmp_path):
    settings = from_environment({"BANK_CASSO_KEY": "another", "STRIPE_SECRET_KEY": "", "SANDBOX_PORT": "9001"})
    assert (settings.casso_key, settings.stripe_secret_key, settings.port) == ("another", "sk_test_demo", 9001)
    assert settings.webhook_url("payos") == "http://127.0.0.1:8000/webhooks/bank/payos"
    assert settings.webhook_url("stripe") == "http://127.0.0.1:8000/webhooks/stripe"
