"""The gateway's HTTP face under /stripe/v1: keys, idempotency, CORS, faults; and the control endpoint."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable
from typing import Any, cast

from flask import Blueprint, Response, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.cards import forms, intents, refunds
from sandbox.cards.errors import GatewayError
from sandbox.cards.events import Origin
from sandbox.cards.faults import FaultSwitch, hang_up
from sandbox.cards.objects import list_page, load, new_id
from sandbox.context import here
from sandbox.signing import compact_json

blueprint = Blueprint("cards_api", __name__, url_prefix="/stripe")
FAULTS = "sandbox_card_faults"
Work = Callable[[sqlite3.Connection], intents.Answer]


def _faults() -> FaultSwitch:
    return cast(FaultSwitch, current_app.extensions[FAULTS])


def base_url() -> str:
    """This gateway's own address as the caller reached it."""
    return f"{request.host_url.rstrip('/')}/stripe"


def _given_key() -> str:
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return request.values.get("key", "")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def authenticate(*, intent_id: str | None = None, client_secret: str | None = None) -> bool:
    """True for the secret key; False for the publishable key with the client secret of this very intent.

    Raises:
        GatewayError: 401 for any other key, 404 when the client secret is not this intent's.
    """
    key, settings = _given_key(), here().settings
    if _same(key, settings.stripe_secret_key):
        return True
    if not _same(key, settings.stripe_publishable_key):
        shown = f"{key[:7]}***" if key else "(none)"
        raise GatewayError(f"Invalid API Key provided: {shown}", status=401)
    if intent_id is None:
        raise GatewayError(
            "This API call cannot be made with a publishable API key. Please use a secret API key.",
            status=401,
            code="secret_key_required",
        )
    with here().store.read() as db:
        intent = load(db, "payment_intent", intent_id)
    if not _same(client_secret or "", intent["client_secret"]):
        raise GatewayError("The client_secret does not match this PaymentIntent.", status=404, code="resource_missing")
    return False


def given() -> dict[str, Any]:
    """The parameters of this request."""
    source = request.args if request.method == "GET" else request.form
    return forms.nested((name, value) for name, value in source.items(multi=True) if name != "key")


def cause() -> Origin:
    """What this request's events are caused by."""
    return Origin(request_id=g.request_id, idempotency_key=request.headers.get("Idempotency-Key"))


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(compact_json(body), status=status, mimetype="application/json")


def _fingerprint() -> str:
    pairs = sorted(request.form.items(multi=True))
    return hashlib.sha256(compact_json([request.method, request.path, pairs]).encode()).hexdigest()


def _replayed(db: sqlite3.Connection, key: str) -> intents.Answer | None:
    row = db.execute("SELECT * FROM card_idempotency WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != _fingerprint():
        raise GatewayError(
            "Keys for idempotent requests can only be used with the same parameters they were first used with."
            f" Try using a key other than '{key}' if you meant to execute a different request.",
            kind="idempotency_error",
        )
    return row["status"], json.loads(row["body"])


def perform(work: Work, *, seen_by: Callable[[dict[str, Any]], dict[str, Any]] = lambda body: body) -> Response:
    """Run `work` once per Idempotency-Key, keeping its answer in the same transaction as its effects.

    An answer of 2xx or a declined card (402) is kept; a request refused for its parameters is not, as at Stripe.
    """
    faults = _faults()
    if faults.fires("fail_5xx", request):
        faults.wait(request)
        raise GatewayError("An unknown error occurred.", status=500, kind="api_error")
    key = request.headers.get("Idempotency-Key")
    with here().store.write() as db:
        earlier = _replayed(db, key) if key else None
        status, body = earlier or work(db)
        if key and earlier is None:
            db.execute(
                "INSERT INTO card_idempotency (key, fingerprint, status, body) VALUES (?, ?, ?, ?)",
                (key, _fingerprint(), status, compact_json(body)),
            )
    here().outbox.wake()
    response = _json(status, seen_by(body))
    if earlier is not None:
        response.headers["Idempotent-Replayed"] = "true"
    lost = status < 300 and faults.fires("timeout_after_success", request)
    faults.wait(request)
    if lost:
        hang_up(request.environ)
    return response


def reading(work: Callable[[sqlite3.Connection], dict[str, Any]]) -> Response:
    """Answer what `work` reads, unless a fault is switched on."""
    faults = _faults()
    failed = faults.fires("fail_5xx", request)
    faults.wait(request)
    if failed:
        raise GatewayError("An unknown error occurred.", status=500, kind="api_error")
    with here().store.read() as db:
        return _json(200, work(db))


def _for_browser(body: dict[str, Any]) -> dict[str, Any]:
    """What a publishable key may see: no metadata."""
    if "error" in body:
        inner = body["error"] | {"payment_intent": _for_browser(body["error"].get("payment_intent", {}))}
        return {"error": inner}
    return {key: value for key, value in body.items() if key != "metadata"}


@blueprint.before_request
def _number_the_request() -> None:
    g.request_id = new_id("req")


@blueprint.after_request
def _stripe_headers(response: Response) -> Response:
    response.headers["Request-Id"] = g.get("request_id", "")
    origin = request.headers.get("Origin")
    if origin and origin in here().settings.platform_origins and request.path.startswith("/stripe/v1/"):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = (
            "Authorization, Content-Type, Idempotency-Key, Stripe-Version"
        )
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Expose-Headers"] = "Request-Id"
    response.headers.add("Vary", "Origin")
    return response


@blueprint.errorhandler(GatewayError)
def _refused(error: GatewayError) -> ResponseReturnValue:
    return _json(error.status, error.body)


@blueprint.post("/v1/payment_intents")
def create_intent() -> ResponseReturnValue:
    """Ask for a card payment."""
    authenticate()
    params, origin, base = given(), cause(), base_url()
    return perform(lambda db: intents.create(db, params, origin, base))


@blueprint.get("/v1/payment_intents/<intent_id>")
def get_intent(intent_id: str) -> ResponseReturnValue:
    """One payment intent; `expand[]=latest_charge` shows its charge in place."""
    params = given()
    trusted = authenticate(intent_id=intent_id, client_secret=params.get("client_secret"))

    def work(db: sqlite3.Connection) -> dict[str, Any]:
        intent = load(db, "payment_intent", intent_id)
        if not trusted:
            return _for_browser(intent)
        if "latest_charge" in forms.listed(params.get("expand")) and intent["latest_charge"]:
            intent["latest_charge"] = load(db, "charge", intent["latest_charge"])
        return intent

    return reading(work)


@blueprint.post("/v1/payment_intents/<intent_id>/confirm")
def confirm_intent(intent_id: str) -> ResponseReturnValue:
    """Charge it: by the secret key, or by a buyer's browser holding the client secret."""
    params, origin, base = given(), cause(), base_url()
    trusted = authenticate(intent_id=intent_id, client_secret=params.get("client_secret"))
    return perform(
        lambda db: intents.confirm(db, intent_id, params, origin, base),
        seen_by=(lambda body: body) if trusted else _for_browser,
    )


@blueprint.post("/v1/payment_intents/<intent_id>/cancel")
def cancel_intent(intent_id: str) -> ResponseReturnValue:
    """Give it up."""
    authenticate()
    params, origin = given(), cause()
    return perform(lambda db: intents.cancel(db, intent_id, params, origin))


@blueprint.post("/v1/payment_intents/<intent_id>/capture")
def capture_intent(intent_id: str) -> ResponseReturnValue:
    """Take what is held."""
    authenticate()
    params, origin = given(), cause()
    return perform(lambda db: intents.capture(db, intent_id, params, origin))


@blueprint.post("/v1/refunds")
def create_refund() -> ResponseReturnValue:
    """Give money back."""
    authenticate()
    params, origin = given(), cause()
    return perform(lambda db: refunds.create(db, params, origin))


LISTS = {
    "payouts": ("payout", ("status",)),
    "payment_intents": ("payment_intent", ()),
    "charges": ("charge", ("payment_intent",)),
    "refunds": ("refund", ("payment_intent", "charge")),
    "events": ("event", ("type",)),
}


@blueprint.get("/v1/<any(payment_intents, charges, refunds, events, payouts):name>")
def list_objects(name: str) -> ResponseReturnValue:
    """Newest first, in Stripe's list object."""
    authenticate()
    params = given()
    kind, filters = LISTS[name]
    equal = {field: forms.listed(params.get(field)) for field in filters}
    if name == "events":
        equal["type"] += forms.listed(params.get("types"))
    return reading(lambda db: list_page(db, kind, params, url=f"/v1/{name}", equal=equal))


@blueprint.get("/v1/<any(charges, refunds, events, payouts):name>/<object_id>")
def get_object(name: str, object_id: str) -> ResponseReturnValue:
    """One charge, refund, event or payout."""
    authenticate()
    return reading(lambda db: load(db, LISTS[name][0], object_id))


@blueprint.route("/v1/<path:rest>", methods=["GET", "POST", "DELETE"])
def unknown(rest: str) -> ResponseReturnValue:
    """Anything Stripe has and this gateway does not."""
    authenticate()
    raise GatewayError(f"Unrecognized request URL ({request.method}: /v1/{rest}).", status=404)


@blueprint.route("/control", methods=["GET", "POST"])
def control() -> ResponseReturnValue:
    """Switch faults: JSON `{timeout_after_success?: n, fail_5xx?: n, delay_s?: s}`; answers what is switched on."""
    faults = _faults()
    if request.method == "GET":
        return jsonify(faults.current())
    data = request.get_json(silent=True)
    if not isinstance(data, dict):
        return jsonify(error="invalid_json"), 422
    try:
        return jsonify(faults.set(data))
    except ValueError as error:
        return jsonify(error=f"invalid_{error}"), 422
