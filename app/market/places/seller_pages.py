"""Pages for sellers at the market: their stalls, "enter amount", the poster, the sound page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from flask import Blueprint, Response, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import AppError, BadInput
from app.core.money import AmountError, parse_vnd
from app.identity.access import requires
from app.identity.roles import Role
from app.market.catalogue import queries as catalogue
from app.market.catalogue.errors import ShopMissing
from app.payments.requests import queries as request_queries
from app.payments.requests import views as request_views
from app.payments.requests.models import PaymentRequest
from app.payments.requests.states import OPEN
from app.payments.vietqr import pictures

from . import feed, queries, services, views
from .errors import StallNotFound
from .models import Stall

bp = Blueprint("stalls", __name__, url_prefix="/ban-hang")
Answer = str | BaseResponse | tuple[str, int]

QUICK_VND = (10_000, 20_000, 30_000, 50_000, 100_000, 200_000)
_MAX_SEQ = 2**63 - 1


@bp.get("/sap")
@requires(Role.HOUSEHOLD)
def stalls() -> Answer:
    """My stalls, and a form to take another."""
    if catalogue.shop_of(current_actor().household_id) is None:
        return redirect(url_for("catalogue.seller.open_shop"))
    return _stalls_page({}, {})


@bp.post("/sap")
@requires(Role.HOUSEHOLD)
def open_stall() -> Answer:
    """Take a stall in a market."""
    values = {name: request.form.get(name, "")[:200] for name in ("market", "number", "name")}
    if not values["market"]:
        return _stalls_page(values, {"market": _("Chọn chợ có sạp của bà con.")}), 422
    try:
        stall = services.open_stall(
            actor=current_actor(),
            market_code=normalise(values["market"]),
            number=values["number"],
            name=values["name"],
            clock=SYSTEM_CLOCK,
        )
    except BadInput as error:
        return _stalls_page(values, _refused(error)), error.status
    except ShopMissing:
        return redirect(url_for("catalogue.seller.open_shop"))
    flash(_("Đã mở sạp. In mã QR dán lên sạp, hoặc nhập số tiền cho khách quét."), "success")
    return redirect(url_for(".stall", code=stall.code), 303)


@bp.get("/sap/<code>")
@requires(Role.HOUSEHOLD)
def stall(code: str) -> Answer:
    """One stall: enter an amount, or show the static QR."""
    return _stall_page(_own_stall(code), "", "")


@bp.post("/sap/<code>/thu")
@requires(Role.HOUSEHOLD)
def ask(code: str) -> Answer:
    """Ask the buyer for the amount typed, or the one tapped."""
    found = _own_stall(code)
    typed = request.form.get("quick") or request.form.get("amount_vnd", "")
    try:
        asked = _ask_once(found, parse_vnd(typed))
    except AmountError:
        return _stall_page(found, typed, _("Ghi số tiền bằng chữ số, ví dụ 50.000.")), 422
    except AppError as error:
        return _stall_page(found, typed, error.message), error.status
    return redirect(url_for(".collect", code=found.code, request_code=asked.code), 303)


@bp.get("/sap/<code>/thu/<request_code>")
@requires(Role.HOUSEHOLD)
def collect(code: str, request_code: str) -> Answer:
    """The QR for the buyer to scan, and what became of it."""
    found = _own_stall(code)
    asked = request_queries.by_code(normalise(request_code))
    if queries.stall_of(asked).id != found.id:
        raise StallNotFound()
    text = request_views.vietqr_text(asked)
    return render_template(
        "places/seller/collect.html",
        stall=found,
        asked=asked,
        shown=request_views.present(asked),
        memo=request_views.transfer_memo(asked.code),
        svg=_drawn(text, asked.code),
        play_bank_url=_play_bank(text, url_for(".collect", code=found.code, request_code=asked.code, _external=True)),
    )


@bp.post("/sap/<code>/tra-sap")
@requires(Role.HOUSEHOLD)
def leave_stall(code: str) -> Answer:
    """Give the stall back to the market."""
    found = services.leave_stall(actor=current_actor(), stall_id=_own_stall(code).id, clock=SYSTEM_CLOCK)
    flash(_("Đã trả sạp %(number)s. Bà con gỡ mã QR ở sạp xuống nhé.", number=found.number), "success")
    return redirect(url_for(".stalls"), 303)


@bp.get("/sap/<code>/in")
@requires(Role.HOUSEHOLD)
def poster(code: str) -> Answer:
    """The static QR as a sheet of A6 to print and put up."""
    found = _own_stall(code)
    sticker = views.sticker(found)
    if sticker.vietqr is None:
        return redirect(url_for(".stall", code=found.code))
    return render_template(
        "places/seller/poster.html",
        stall=found,
        sticker=sticker,
        svg=_drawn(sticker.vietqr, found.code),
        check_url=current_app.config["CHOPHIEN"].public_url.rstrip("/") + views.stall_url(found.code),
    )


@bp.get("/loa")
@requires(Role.HOUSEHOLD)
def sound() -> Answer:
    """The sound page: each payment to the shop, orders and stall sales alike, shown and said aloud."""
    try:
        ear = feed.ear_of(current_actor().household_id, clock=SYSTEM_CLOCK)
    except ShopMissing:
        return redirect(url_for("catalogue.seller.open_shop"))
    return render_template("places/seller/sound.html", ear=ear, items=feed.today(ear, clock=SYSTEM_CLOCK))


@bp.get("/loa/moi")
@requires(Role.HOUSEHOLD)
def sound_news() -> Response:
    """What arrived after number `since`, as JSON."""
    typed = request.args.get("since", "0")
    if not (typed.isascii() and typed.isdigit() and len(typed) < 20 and int(typed) <= _MAX_SEQ):
        sentence = _("Số thứ tự không đúng.")
        raise BadInput(sentence, errors={"since": [sentence]})
    ear = feed.ear_of(current_actor().household_id, clock=SYSTEM_CLOCK)
    answer = jsonify(feed.news(ear, int(typed)))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _own_stall(code: str) -> Stall:
    found = queries.stall_by_code(normalise(code))
    services.demand_own(current_actor(), found)
    return found


def _ask_once(found: Stall, amount_vnd: int) -> PaymentRequest:
    """A double tap asks once; but the same form sent again after its request is done (the back button, for the next
    buyer) asks anew."""
    asked = _ask(found, amount_vnd, f"page|{_form_key()}|{amount_vnd}")
    return asked if asked.status in OPEN else _ask(found, amount_vnd, f"page|{uuid4().hex}|{amount_vnd}")


def _ask(found: Stall, amount_vnd: int, key: str) -> PaymentRequest:
    return services.ask_amount(
        actor=current_actor(), stall_id=found.id, amount_vnd=amount_vnd, idempotency_key=key, clock=SYSTEM_CLOCK
    )


def _form_key() -> str:
    try:
        return UUID(request.form.get("key", "")).hex
    except ValueError:
        return uuid4().hex


def _stalls_page(values: dict[str, str], errors: dict[str, str]) -> str:
    shop = catalogue.shop_of(current_actor().household_id)
    return render_template(
        "places/seller/stalls.html",
        stalls=queries.stalls_of_shop(shop.id) if shop else [],
        markets=[
            (market.code, f"{market.name} ({market.commune_name})" if market.commune_name else market.name)
            for market in queries.list_markets()
        ],
        values=values,
        errors=errors,
    )


def _stall_page(found: Stall, typed: str, problem: str) -> str:
    sticker = views.sticker(found)
    return render_template(
        "places/seller/stall.html",
        stall=found,
        sticker=sticker,
        svg=_drawn(sticker.vietqr, found.code),
        typed=typed,
        problem=problem,
        key=uuid4().hex,
        quick=QUICK_VND,
    )


def _drawn(text: str | None, title: str) -> Markup | None:
    return Markup(pictures.svg(text, title=title)) if text else None


def _play_bank(text: str | None, back: str) -> str | None:
    sandbox = current_app.config["CHOPHIEN"].sandbox_url
    return f"{sandbox}/ngan-hang?{urlencode({'qr': text, 'back': back})}" if sandbox and text else None


def _refused(error: AppError) -> dict[str, Any]:
    return {name: str(found[0]) for name, found in error.details.get("errors", {}).items()}
