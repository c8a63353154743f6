"""The pay page: a QR to scan, or the way to pay by card, and what became of it."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from markupsafe import Markup

from app.core.codes import normalise
from app.core.routes import open_to_all
from app.payments.requests import queries, views
from app.payments.requests.models import Method
from app.payments.requests.purposes import handler_of
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
    asked = queries.by_code(normalise(code))
    text = views.vietqr_text(asked)
    sandbox = current_app.config["CHOPHIEN"].sandbox_url
    here = url_for("requests.pay", code=asked.code, _external=True)
    return render_template(
        "requests/pay.html",
        asked=asked,
        view=handler_of(asked).describe(asked),
        shown=views.present(asked),
        memo=views.transfer_memo(asked.code),
        svg=Markup(pictures.svg(text, title=asked.code)) if text else None,
        by_card=asked.method == Method.CARD,
        play_bank_url=f"{sandbox}/ngan-hang?{urlencode({'qr': text, 'back': here})}" if sandbox and text else None,
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
