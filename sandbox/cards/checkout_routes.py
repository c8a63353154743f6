"""Checkout sessions over HTTP: Stripe's addresses, and the page on which a buyer pays."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.cards import api, forms, sessions
from sandbox.cards.errors import GatewayError
from sandbox.cards.objects import load
from sandbox.context import here

blueprint = Blueprint("cards_checkout", __name__, url_prefix="/stripe")
TRIAL = (
    ("pm_card_visa", "Trả được"),
    ("pm_card_chargeDeclined", "Bị từ chối"),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", "Không đủ tiền"),
    ("pm_card_authenticationRequired", "Cần xác nhận (3-D Secure)"),
)


@api.blueprint.post("/v1/checkout/sessions")
def create_session() -> ResponseReturnValue:
    """Open a page on which something can be paid."""
    api.authenticate()
    params, origin, base = api.given(), api.cause(), api.base_url()
    return api.perform(lambda db: sessions.create(db, params, origin, base))


@api.blueprint.get("/v1/checkout/sessions")
def list_sessions() -> ResponseReturnValue:
    """Newest first."""
    api.authenticate()
    params = api.given()
    return api.reading(lambda db: sessions.listed(db, params))


@api.blueprint.get("/v1/checkout/sessions/<session_id>")
def get_session(session_id: str) -> ResponseReturnValue:
    """One session; `expand[]=payment_intent` shows its intent in place, with the charge."""
    api.authenticate()
    wanted = forms.listed(api.given().get("expand"))
    with_intent = any(name.startswith("payment_intent") for name in wanted)
    return api.reading(lambda db: sessions.find(db, session_id, with_intent=with_intent))


@api.blueprint.post("/v1/checkout/sessions/<session_id>/expire")
def expire_session(session_id: str) -> ResponseReturnValue:
    """Close the page."""
    api.authenticate()
    origin = api.cause()
    return api.perform(lambda db: sessions.expire(db, session_id, origin))


@blueprint.get("/checkout/<session_id>")
def page(session_id: str) -> ResponseReturnValue:
    """Where the buyer pays."""
    return _page(session_id)


@blueprint.post("/checkout/<session_id>")
def pay(session_id: str) -> ResponseReturnValue:
    """A test card from the buttons, or one that was typed."""
    form = request.form
    month, _slash, year = form.get("expiry", "").partition("/")
    card = {"number": form.get("number", ""), "exp_month": month.strip(), "exp_year": year.strip()}
    typed: dict[str, Any] = {"payment_method_data": {"card": card | {"cvc": form.get("cvc", "")}}}
    params = {"payment_method": form["the"]} if form.get("the") else typed
    try:
        with here().store.write() as db:
            status, body = sessions.pay(db, session_id, params, api.base_url())
    except GatewayError as error:
        return _page(session_id, error.body["error"]["message"], error.status)
    here().outbox.wake()
    if status != 200:
        return _page(session_id, body["error"]["message"], status)
    if body["status"] == "requires_action":
        return redirect(body["next_action"]["redirect_to_url"]["url"], 303)
    return _on(session_id)


@blueprint.get("/checkout/<session_id>/xong")
def after_question(session_id: str) -> ResponseReturnValue:
    """Back from the card holder's bank."""
    return _on(session_id, "Bước xác nhận với ngân hàng chưa xong.")


def _on(session_id: str, otherwise: str = "") -> ResponseReturnValue:
    with here().store.read() as db:
        session = load(db, sessions.KIND, session_id)
    if session["status"] == "complete":
        return redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id), 303)
    return _page(session_id, otherwise, 402)


def _page(session_id: str, problem: str = "", status: int = 200) -> ResponseReturnValue:
    try:
        with here().store.read() as db:
            session = sessions.shown(load(db, sessions.KIND, session_id))
            description = load(db, sessions.KIND, session_id)[sessions.INNER]["description"]
    except GatewayError:
        return render_template("sandbox/error.html", message="Không có trang thanh toán này."), 404
    shown = render_template(
        "sandbox/checkout.html", session=session, description=description, problem=problem, trial=TRIAL
    )
    return shown, status
