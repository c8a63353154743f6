"""Pages for everybody: cashless markets, their stalls, and what the sticker at a stall must say."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, current_app, render_template, request, url_for
from markupsafe import Markup

from app.core.codes import normalise
from app.core.routes import open_to_all
from app.households.areas import queries as areas
from app.payments.vietqr import pictures

from . import queries, views
from .seller_pages import bp as seller

bp = Blueprint("places", __name__, template_folder="templates")
bp.register_blueprint(seller)


@bp.get("/cho-phien")
@open_to_all
def markets() -> str:
    """The cashless markets, and when they meet."""
    return render_template("places/markets.html", markets=queries.list_markets())


@bp.get("/cho-phien/<code>")
@open_to_all
def market(code: str) -> str:
    """A market with its stalls."""
    found = queries.market_by_code(normalise(code))
    cursor = request.args.get("cursor", "")[:500]
    page = queries.stalls_of_market(found.id, cursor=cursor or None)
    return render_template(
        "places/market.html",
        market=found,
        commune_name=areas.names([found.commune_code]).get(found.commune_code, ""),
        stalls=page.items,
        next_url=url_for(".market", code=found.code, cursor=page.next_cursor) if page.next_cursor else None,
        first_url=url_for(".market", code=found.code) if cursor else None,
    )


@bp.get("/sap/<code>")
@open_to_all
def stall(code: str) -> str:
    """A stall: its QR, and how to tell the right sticker from one pasted over it."""
    found = queries.stall_by_code(normalise(code))
    sticker = views.sticker(found)
    sandbox = current_app.config["CHOPHIEN"].sandbox_url
    here = url_for(".stall", code=found.code, _external=True)
    play = f"{sandbox}/ngan-hang?{urlencode({'qr': sticker.vietqr, 'back': here})}"
    return render_template(
        "places/stall.html",
        stall=found,
        sticker=sticker,
        svg=Markup(pictures.svg(sticker.vietqr, title=found.code)) if sticker.vietqr else None,
        play_bank_url=play if sandbox and sticker.vietqr else None,
    )
