"""The pay page: a QR to scan, or the way to pay by card, and what became of it."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import uuid4

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response as Redirect

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import AppError
from app.core.money import format_vnd
from app.core.routes import open_to_all
from app.payments.requests import again, credits, panels, queries, services, views
from app.payments.requests.models import Method
from app.payments.requests.purposes import handler_of
from app.payments.requests.states import OPEN
from app.payments.vietqr import pictures

bp = Blueprint("requests", __name__, template_folder="templates")


@bp.get("/tra-tien")
@open_to_all
def find() -> Response | str:
    """Type a payment code to come back to its page."""
    typed = request.args.get("ma", "")
    if typed and queries.find(normalise(typed)):
        return redirect(url_for("requests.pay", code=normalise(typed)))  # type: ignore[return-value]
    return render_template("requests/find.html", typed=typed)


@bp.get("/tra-tien/<code>")
@open_to_all
def pay(code: str) -> str:
    """One payment request, for the payer."""
    return _page(code)


@bp.post("/tra-tien/<code>/them-gio")
@open_to_all
def extend(code: str) -> Redirect | tuple[str, int]:
    """More time, asked for by whoever may see the page. The form says how many extensions that page knew of."""
    try:
        services.extend(
            normalise(code), seen=_whole(request.form.get("seen")), actor=current_actor(), clock=SYSTEM_CLOCK
        )
    except AppError as error:
        return _page(code, error.message), error.status
    flash(_("Đã thêm giờ. Bà con cứ thong thả trả nhé."), "success")
    return redirect(url_for(".pay", code=normalise(code)), 303)


@bp.post("/tra-tien/<code>/dung-tien-gui")
@open_to_all
def use_credit(code: str) -> Redirect | tuple[str, int]:
    """Pay out of what the signed-in person left with this payee."""
    key = request.form.get("key", "")
    if len(key) != 32 or not key.isalnum():
        return _page(code, _("Trang đã mở quá lâu. Tải lại trang rồi gửi lại nhé.")), 422
    try:
        used = services.use_credit(
            normalise(code),
            amount_vnd=_whole(request.form.get("amount_vnd")),
            idempotency_key=f"page|{key}",
            actor=current_actor(),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _page(code, error.message), error.status
    flash(_("Đã dùng %(amount)s tiền gửi cho khoản này.", amount=format_vnd(used.amount_vnd)), "success")
    return redirect(url_for(".pay", code=normalise(code)), 303)


def _whole(text: str | None) -> int:
    """A hidden field's number; what is none never fits."""
    digits = text or ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 13 else 0


def _page(code: str, problem: str = "") -> str:
    asked = queries.by_code(normalise(code))
    text = views.vietqr_text(asked)
    sandbox = current_app.config["CHOPHIEN"].sandbox_url
    here = url_for("requests.pay", code=asked.code, _external=True)
    may_extend = again.may_extend(asked, clock=SYSTEM_CLOCK)
    return render_template(
        "requests/pay.html",
        asked=asked,
        view=handler_of(asked).describe(asked),
        shown=views.present(asked),
        memo=views.transfer_memo(asked.code),
        svg=Markup(pictures.svg(text, title=asked.code)) if text else None,
        by_card=asked.method == Method.CARD,
        play_bank_url=f"{sandbox}/ngan-hang?{urlencode({'qr': text, 'back': here})}" if sandbox and text else None,
        problem=problem,
        may_extend=may_extend,
        extensions_left=again.MAX_EXTENSIONS - asked.extensions if may_extend else 0,
        over=asked.status in OPEN and SYSTEM_CLOCK.now() > asked.expires_at,
        stopped=asked.status in OPEN and views.is_stopped(asked),
        is_kept_part=again.is_kept_part(asked),
        credit_vnd=credits.offered_vnd(asked, current_actor().user_id, clock=SYSTEM_CLOCK),
        key=uuid4().hex,
        before=panels.drawn(panels.Place.BEFORE, asked),
        after=panels.drawn(panels.Place.AFTER, asked),
    )


@bp.get("/tra-tien/<code>/qr.png")
@open_to_all
def picture(code: str) -> Response:
    """The QR as a picture to save and pick in a bank's app."""
    text = views.vietqr_text(queries.by_code(normalise(code)))
    if text is None:
        return Response(status=410)
    answer = Response(pictures.png(text, scale=8), content_type="image/png")
    answer.headers["Cache-Control"] = "private, max-age=60"
    return answer
