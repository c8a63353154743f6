"""Payouts over HTTP: Stripe's addresses, the control endpoint for tests, and the page with the daily button."""

from __future__ import annotations

from flask import Blueprint, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.cards import api, balance
from sandbox.cards.errors import GatewayError
from sandbox.cards.events import Origin
from sandbox.cards.objects import load
from sandbox.context import here

blueprint = Blueprint("cards_payouts", __name__, url_prefix="/stripe")
SHOWN = 50


@api.blueprint.post("/v1/payouts")
def create_payout() -> ResponseReturnValue:
    """Ask for a manual payout."""
    api.authenticate()
    params, origin = api.given(), api.cause()
    return api.perform(lambda db: balance.create(db, params, origin))


@api.blueprint.get("/v1/balance_transactions")
def list_transactions() -> ResponseReturnValue:
    """What moved the balance, newest first; with `payout`, what that payout is made of."""
    api.authenticate()
    params = api.given()
    return api.reading(lambda db: balance.transactions(db, params))


@api.blueprint.get("/v1/balance_transactions/<txn_id>")
def get_transaction(txn_id: str) -> ResponseReturnValue:
    """One movement of the balance."""
    api.authenticate()
    return api.reading(lambda db: load(db, balance.KIND, txn_id))


@blueprint.post("/control/payouts")
def control_pay_out() -> ResponseReturnValue:
    """Make the daily payout: JSON `{amount_off?: đồng, adjustment?: đồng}`; answers the payout."""
    data = request.get_json(silent=True) or {}
    amount_off, adjustment = data.get("amount_off", 0), data.get("adjustment", 0)
    if not isinstance(amount_off, int) or not isinstance(adjustment, int):
        return jsonify(error="invalid_amount"), 422
    try:
        with here().store.write() as db:
            if adjustment:
                balance.note_adjustment(db, adjustment)
            payout = balance.pay_out_daily(db, Origin(), amount_off=amount_off)
    except GatewayError as error:
        return jsonify(error.body), error.status
    here().outbox.wake()
    return jsonify(payout)


@blueprint.post("/control/payouts/<payout_id>/<any(paid, failed):outcome>")
def control_finish(payout_id: str, outcome: str) -> ResponseReturnValue:
    """Say what the bank did with a payout."""
    try:
        with here().store.write() as db:
            payout = balance.finish(db, payout_id, outcome, Origin())
    except GatewayError as error:
        return jsonify(error.body), error.status
    here().outbox.wake()
    return jsonify(payout)


@blueprint.get("/chi-tra")
def overview() -> ResponseReturnValue:
    """What waits, every payout, and the buttons that move them."""
    with here().store.read() as db:
        return render_template(
            "sandbox/payouts.html", payouts=balance.payouts(db, SHOWN), waiting_vnd=balance.waiting_vnd(db)
        )


@blueprint.post("/chi-tra")
def pay_out() -> ResponseReturnValue:
    """Make the daily payout now."""
    try:
        with here().store.write() as db:
            balance.pay_out_daily(db, Origin())
    except GatewayError:
        return render_template("sandbox/error.html", message="Chưa có đồng nào để chi trả."), 400
    here().outbox.wake()
    return redirect("/stripe/chi-tra", 303)


@blueprint.post("/chi-tra/<payout_id>/<any(paid, failed):outcome>")
def finish(payout_id: str, outcome: str) -> ResponseReturnValue:
    """Let the bank take it, or send it back."""
    try:
        with here().store.write() as db:
            balance.finish(db, payout_id, outcome, Origin())
    except GatewayError as error:
        return render_template("sandbox/error.html", message="Đợt này không đổi được nữa."), error.status
    here().outbox.wake()
    return redirect("/stripe/chi-tra", 303)
