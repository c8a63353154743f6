"""The sandbox's card gateway on the loopback, with its webhooks in our hand: a test delivers them, or nobody does."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import TestResponse

from app.config import DEMO_SECRETS
from app.payments.card_payouts.gateway import StripePayouts
from app.payments.cards.gateway import StripeGateway
from sandbox import create_app
from sandbox.context import EXTENSION
from sandbox.settings import Settings

VISA, DECLINED, NO_FUNDS = "pm_card_visa", "pm_card_chargeDeclined", "pm_card_visa_chargeDeclinedInsufficientFunds"


@dataclass
class FakeStripe:
    """A running gateway. `timeout_s` is how long our side waits for it."""

    url: str
    http: httpx.Client

    def gateway(self, *, secret_key: str = DEMO_SECRETS["STRIPE_SECRET_KEY"], timeout_s: float = 5) -> StripeGateway:
        """Our side of the wire, pointed here."""
        return StripeGateway(secret_key=secret_key, api_base=f"{self.url}/stripe", timeout_s=timeout_s)

    def faults(self, **switched: float) -> None:
        """Switch faults: `timeout_after_success=n`, `fail_5xx=n`, `delay_s=s`."""
        assert self.http.post("/stripe/control", json=switched).status_code == 200

    def pay(self, intent_id: str, method: str = VISA) -> int:
        """Put a card to an intent as the payer; the HTTP status (402: declined)."""
        path = f"/stripe/v1/payment_intents/{intent_id}/confirm"
        return self.http.post(path, data={"payment_method": method}).status_code

    def intent(self, intent_id: str) -> dict[str, Any]:
        """One intent as the gateway has it now."""
        return dict(self.http.get(f"/stripe/v1/payment_intents/{intent_id}").json())

    def payouts(self, *, page: int = 100) -> StripePayouts:
        """Our side of the wire of payouts, which reads so many lines at once."""
        return StripePayouts(self.gateway().client, page=page)

    def sessions(self) -> list[dict[str, Any]]:
        """Every checkout session, oldest first."""
        return list(reversed(self.http.get("/stripe/v1/checkout/sessions?limit=100").json()["data"]))

    def pay_out(self, **planted: int) -> dict[str, Any]:
        """Let the gateway make its daily payout; `amount_off` and `adjustment` plant a difference in đồng."""
        answer = self.http.post("/stripe/control/payouts", json=planted)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def finish_payout(self, payout_id: str, outcome: str = "paid") -> None:
        """Let the bank say what became of it: `paid` or `failed`."""
        assert self.http.post(f"/stripe/control/payouts/{payout_id}/{outcome}").status_code == 200

    def intents(self) -> list[dict[str, Any]]:
        """Every intent, oldest first."""
        return list(reversed(self.http.get("/stripe/v1/payment_intents?limit=100").json()["data"]))

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """Every event that Stripe would post, oldest first."""
        found = reversed(self.http.get("/stripe/v1/events?limit=100").json()["data"])
        return [event for event in found if event["type"].startswith(kind or "payment_intent.")]


@contextmanager
def fake_stripe(folder: Path, *, platform_url: str | None = None) -> Iterator[FakeStripe]:
    """Run a gateway for the length of a `with` block; with a `platform_url` it posts its events there by itself."""
    settings = Settings(
        state_path=folder / "sandbox.sqlite3", platform_url=platform_url or "http://127.0.0.1:9", retry_base_s=0.05
    )
    app = create_app(settings, with_worker=platform_url is not None)
    key = {"Authorization": f"Bearer {DEMO_SECRETS['STRIPE_SECRET_KEY']}"}
    with served(app) as url, httpx.Client(base_url=url, headers=key, trust_env=False) as http:
        yield FakeStripe(url, http)
    app.extensions[EXTENSION].outbox.stop()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application on the loopback; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def signed(body: bytes, *, now_s: float | None = None, secret: str = DEMO_SECRETS["STRIPE_WEBHOOK_SECRET"]) -> str:
    """The `Stripe-Signature` header, written apart from the application's reader."""
    stamp = str(int(time.time() if now_s is None else now_s))
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, "sha256").hexdigest()
    return f"t={stamp},v1={mac},v0=ignored"


def deliver(client: FlaskClient, event: dict[str, Any], *, now_s: float | None = None) -> TestResponse:
    """Post an event as Stripe does."""
    body = json.dumps(event).encode()
    return deliver_raw(client, body, signed(body, now_s=now_s))


def deliver_raw(client: FlaskClient, body: bytes, signature: str) -> TestResponse:
    """Post any bytes with any signature."""
    headers = {"Stripe-Signature": signature} if signature else {}
    return client.post("/webhooks/stripe", data=body, headers=headers, content_type="application/json")


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""
