"""The page where a card is typed (into the gateway's own frame; we never see it), and the one it comes back to."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, flash, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.http import allow_sources
from app.core.routes import open_to_all
from app.payments.cards import gateway, queries, services
from app.payments.cards.states import OVER, SET_ASIDE, State
from app.payments.cards.words import decline_words
from app.payments.requests import queries as requests
from app.payments.requests.models import Method, PaymentRequest
from app.payments.requests.purposes import handler_of
from app.payments.requests.states import OPEN

bp = Blueprint("cards", __name__, template_folder="templates")


@bp.get("/tra-tien/<code>/the")
@open_to_all
def pay(code: str) -> Response | str:
    """Type a card for this request."""
    asked = requests.by_code(normalise(code))
    if not _takes_cards(asked):
        return _to_pay_page(asked)
    secret = services.ensure_intent(asked.id, gateway=gateway.current(), clock=SYSTEM_CLOCK)
    asked = requests.get(asked.id)
    if not _takes_cards(asked):
        return _to_pay_page(asked)
    payment = queries.for_request(asked.id)
    config = current_app.config["CHOPHIEN"]
    if secret:
        _let_in(config.stripe_js_url, config.stripe_api_base)
    allow_sources("form-action", _page_origin(config.stripe_api_base))
    return render_template(
        "cards/pay.html",
        asked=asked,
        view=handler_of(asked).describe(asked),
        secret=secret,
        over=payment is not None and State(payment.status) in OVER,
        held_until=queries.held_until(asked.id),
        declined=decline_words(payment.decline_code) if payment and payment.status == State.FAILED else None,
        publishable_key=config.stripe_publishable_key,
        script_url=config.stripe_js_url,
        return_url=url_for("cards.back", code=asked.code, _external=True),
    )


@bp.post("/tra-tien/<code>/the/trang-cong-the")
@open_to_all
def go_to_gateway(code: str) -> Response:
    """Pay on the gateway's own page instead: it needs no script here."""
    asked = requests.by_code(normalise(code))
    if not _takes_cards(asked):
        return _to_pay_page(asked)
    # The page is opened once for all who come, so not at the host that one of them asked with.
    here = current_app.config["CHOPHIEN"].public_url.rstrip("/")
    ways_back = services.WaysBack(
        done_url=here + url_for("cards.back", code=asked.code), back_url=here + url_for("cards.pay", code=asked.code)
    )
    locale = "en" if str(get_locale()) == "en" else "vi"
    url = services.ensure_page(
        asked.id, ways_back=ways_back, locale=locale, gateway=gateway.current(), clock=SYSTEM_CLOCK
    )
    if url is None:
        flash(_("Chưa mở được trang của cổng thẻ. Bạn thử lại sau một chút nhé."), "warning")
        return redirect(url_for(".pay", code=asked.code), 303)  # type: ignore[return-value]
    return redirect(url, 303)  # type: ignore[return-value]


@bp.get("/tra-tien/<code>/the/xong")
@open_to_all
def back(code: str) -> Response | str:
    """Where the gateway sends the payer after the card: ask how it went, whatever the address claims."""
    asked = requests.by_code(normalise(code))
    if _takes_cards(asked):
        services.catch_up_request(asked.id, gateway=gateway.current(), clock=SYSTEM_CLOCK)
        asked = requests.get(asked.id)
    if not _takes_cards(asked):
        return _to_pay_page(asked)
    payments = queries.all_for_request(asked.id)
    if all(payment.status == State.FAILED for payment in payments) or any(
        payment.status in SET_ASIDE for payment in payments
    ):
        return redirect(url_for("cards.pay", code=asked.code))  # type: ignore[return-value]
    return render_template("cards/back.html", asked=asked, view=handler_of(asked).describe(asked))


def _takes_cards(asked: PaymentRequest) -> bool:
    return asked.method == Method.CARD and asked.status in OPEN


def _to_pay_page(asked: PaymentRequest) -> Response:
    return redirect(url_for("requests.pay", code=asked.code))  # type: ignore[return-value]


def _let_in(script_url: str, api_base: str) -> None:
    """Let this page, and no other, load the gateway's script and frames and speak to it.

    Source: Stripe's guide to content security policies; its 3-D Secure frames come from hooks.stripe.com.
    """
    script, api = _origin(script_url), _origin(api_base)
    frames = [script, "https://hooks.stripe.com"] if script == "https://js.stripe.com" else [script]
    allow_sources("script-src", script)
    allow_sources("connect-src", *dict.fromkeys((api, script)))
    allow_sources("frame-src", *frames)


def _page_origin(api_base: str) -> str:
    """Where the gateway's own pages are. Source: Stripe's guide to content security policies."""
    return "https://checkout.stripe.com" if api_base == "https://api.stripe.com" else _origin(api_base)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
