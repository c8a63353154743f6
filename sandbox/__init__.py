"""The other side of every wire, as one separate program: a play bank, a card gateway, an SMS gateway.

It shares no code with the platform and talks to it only over loopback HTTP.
"""

from __future__ import annotations

from datetime import datetime

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from sandbox.bank import api as bank_api
from sandbox.bank import pages as bank_pages
from sandbox.bank.pictures import MAX_BYTES
from sandbox.bank.wires import HANOI
from sandbox.cards import api as cards_api
from sandbox.cards import browser as cards_browser
from sandbox.cards import checkout_routes as cards_checkout
from sandbox.cards import payout_routes as cards_payouts
from sandbox.cards.faults import FaultSwitch
from sandbox.context import EXTENSION, Sandbox, here
from sandbox.outbox import Outbox
from sandbox.settings import Settings, from_environment
from sandbox.sms import routes as sms_routes
from sandbox.store import Store

FORM_SLACK_BYTES = 64 * 1024
PLAIN_CSP = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"


def money(amount_vnd: int) -> str:
    """1234567 as "1.234.567 đ"."""
    return f"{amount_vnd:,}".replace(",", ".") + " đ"


def local_time(moment: str) -> str:
    """An ISO time as people in Vietnam read it."""
    return datetime.fromisoformat(moment).astimezone(HANOI).strftime("%H:%M:%S %d/%m/%Y")


def _home() -> str:
    return render_template("sandbox/home.html", platform_url=here().settings.platform_url)


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", PLAIN_CSP)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response


def _error_page(error: HTTPException) -> ResponseReturnValue:
    words = {
        404: "Không có trang này.",
        413: "Ảnh quá nặng (trên 8 MB). Bạn chụp lại ảnh nhỏ hơn nhé.",
    }
    if request.path.startswith(("/bank/api/", "/sms/", "/stripe/v1/", "/stripe/control")):
        return jsonify(error={"type": "invalid_request_error", "message": error.description}), error.code or 500
    return render_template("sandbox/error.html", message=words.get(error.code or 0, "Có lỗi, bạn thử lại nhé.")), (
        error.code or 500
    )


def create_app(settings: Settings | None = None, *, with_worker: bool = True) -> Flask:
    """Wire the sandbox together.

    `with_worker=False` leaves the outbox's background thread out: late notices and retries then wait.

    Raises:
        NotLoopbackError: `PLATFORM_URL` is not on this machine.
    """
    settings = settings or from_environment()
    store = Store(settings.state_path)
    outbox = Outbox(store, settings)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES + FORM_SLACK_BYTES
    app.extensions[EXTENSION] = Sandbox(settings=settings, store=store, outbox=outbox)
    app.extensions[cards_api.FAULTS] = FaultSwitch()
    app.jinja_env.filters["money"] = money
    app.jinja_env.filters["local_time"] = local_time
    for module in (bank_api, bank_pages, cards_api, cards_browser, cards_checkout, cards_payouts, sms_routes):
        app.register_blueprint(module.blueprint)
    app.add_url_rule("/", "home", _home)
    app.add_url_rule("/healthz", "healthz", lambda: jsonify(status="ok"))
    app.register_error_handler(HTTPException, _error_page)
    app.after_request(_headers)
    if with_worker:
        outbox.ensure_running()
        app.before_request(outbox.ensure_running)
    return app
