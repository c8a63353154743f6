"""What a buyer's browser sees: the Stripe.js-shaped script, the card fields' frame, the 3-D Secure page."""

from __future__ import annotations

import json
import sqlite3
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, abort, current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.cards.errors import GatewayError
from sandbox.cards.intents import answer_question, open_question
from sandbox.context import here
from sandbox.outbox import notices_of

blueprint = Blueprint("cards_browser", __name__, url_prefix="/stripe")
SHOWN_PAYMENTS = 100


@blueprint.get("/v3/")
def script() -> Response:
    """The script a checkout page loads instead of https://js.stripe.com/v3/."""
    response = current_app.send_static_file("stripe.js")
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/v3/card")
def card_frame() -> Response:
    """The card fields, framed by a page of the platform (`?parent=` its origin), which never sees a card number."""
    parent = request.args.get("parent", "")
    if parent not in here().settings.platform_origins:
        abort(403)
    response = make_response(render_template("sandbox/card_frame.html", parent=parent))
    response.headers["Content-Security-Policy"] = f"default-src 'self'; img-src data:; frame-ancestors {parent}"
    return response


def with_result(return_url: str, intent: dict[str, Any]) -> str:
    """`return_url` with Stripe's three parameters added."""
    parts = urlsplit(return_url)
    query = [
        *parse_qsl(parts.query, keep_blank_values=True),
        ("payment_intent", intent["id"]),
        ("payment_intent_client_secret", intent["client_secret"]),
        ("redirect_status", "succeeded" if intent["status"] == "succeeded" else "failed"),
    ]
    return urlunsplit(parts._replace(query=urlencode(query)))


@blueprint.get("/3ds/<token>")
def ask_holder(token: str) -> ResponseReturnValue:
    """The card holder's bank asks whether the payment is theirs."""
    try:
        with here().store.read() as db:
            asked, intent, awaited = open_question(db, token)
    except GatewayError:
        return render_template("sandbox/error.html", message="Không tìm thấy yêu cầu xác nhận này."), 404
    way_back = with_result(asked["return_url"], intent)
    return render_template(
        "sandbox/three_d_secure.html", intent=intent, asked=asked, awaited=awaited, way_back=way_back
    )


@blueprint.post("/3ds/<token>")
def holder_answers(token: str) -> ResponseReturnValue:
    """Agree or refuse; then back to the shop."""
    try:
        with here().store.write() as db:
            return_url, intent = answer_question(db, token, agreed=request.form.get("tra_loi") == "dong-y")
    except GatewayError:
        return render_template("sandbox/error.html", message="Không tìm thấy yêu cầu xác nhận này."), 404
    here().outbox.wake()
    return redirect(with_result(return_url, intent), 303)


def _payments(db: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = db.execute(
        "SELECT body FROM card_objects WHERE kind = 'payment_intent' ORDER BY seq DESC LIMIT ?", (SHOWN_PAYMENTS,)
    )
    payments = [json.loads(row["body"]) for row in rows]
    events = [
        json.loads(row["body"])
        for row in db.execute("SELECT body FROM card_objects WHERE kind = 'event' ORDER BY seq DESC LIMIT 1000")
    ]
    notices = notices_of(db, [f"event:{event['id']}" for event in events])
    for payment in payments:
        payment["notices"] = [
            {"type": event["type"]} | notice
            for event in events
            if payment["id"] in (event["data"]["object"]["id"], event["data"]["object"].get("payment_intent"))
            for notice in notices[f"event:{event['id']}"]
        ]
    return payments


@blueprint.get("/lich-su")
def history() -> ResponseReturnValue:
    """Every card payment with the events sent about it."""
    with here().store.read() as db:
        return render_template("sandbox/cards.html", payments=_payments(db))


@blueprint.post("/gui-lai/<int:notice_id>")
def send_again(notice_id: int) -> ResponseReturnValue:
    """Deliver one event again, the same bytes, freshly signed."""
    try:
        here().outbox.send_again(notice_id)
    except LookupError:
        return render_template("sandbox/error.html", message="Không có tin báo này."), 404
    return redirect("/stripe/lich-su", 303)
