"""Pages for buyers: the market, a product, a shop."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.paging import Page
from app.core.routes import open_to_all
from app.households.areas import queries as areas

from . import filtering, queries, views
from .cards import ProductCard
from .filtering import Asked
from .finding.looking import look_for
from .finding.queries import Found, best
from .seller_pages import bp as seller

bp = Blueprint("catalogue", __name__, template_folder="templates")
bp.register_blueprint(seller)

_SUGGESTIONS = 4


@bp.get("/cho")
@open_to_all
def market() -> str:
    """What is on sale, with search and filters."""
    asked = Asked.read(request.args)
    cursor = request.args.get("cursor", "")[:500]
    looked = look_for(asked.wanted(SYSTEM_CLOCK.now()), cursor=cursor or None)
    nothing = not looked.found.items and not cursor
    return render_template(
        "catalogue/market.html",
        asked=asked,
        looked=looked,
        communes=queries.communes_with_goods(),
        commune_name=areas.names([asked.commune]).get(asked.commune, "") if asked.commune else "",
        narrower=filtering.narrower(asked, looked.found.facets),
        chosen=filtering.chosen(asked),
        prices=filtering.prices(),
        suggestions=best(_SUGGESTIONS) if nothing else (),
        next_url=_next_url(looked.found, **asked.arguments()),
        first_url=filtering.url_of(asked) if cursor else None,
    )


@bp.get("/san-pham/<code>")
@open_to_all
def product(code: str) -> str:
    """One product; it keeps its page while it is sold out or its shop is closed, since links to it travel far."""
    found = queries.by_code(normalise(code))
    commune = areas.names([found.commune_code]).get(found.commune_code, "")
    card = views.present(found, commune_name=commune)
    public_url = current_app.config["CHOPHIEN"].public_url
    return render_template(
        "catalogue/product.html",
        product=found,
        card=card,
        public_url=public_url.rstrip("/"),
        linked=views.linked_data(found, card, public_url=public_url),
    )


@bp.get("/gian-hang/<code>")
@open_to_all
def shop(code: str) -> str:
    """A shop with what it sells."""
    found = queries.shop_by_code(normalise(code))
    cursor = request.args.get("cursor", "")[:500]
    page = queries.on_display(found.id, cursor=cursor or None)
    return render_template(
        "catalogue/shop.html",
        shop=found,
        commune_name=areas.names([found.commune_code]).get(found.commune_code, ""),
        products=page.items,
        next_url=_next_url(page, code=found.code),
        first_url=url_for(".shop", code=found.code) if cursor else None,
    )


def _next_url(page: Page[ProductCard] | Found, **arguments: Any) -> str | None:
    return url_for(request.endpoint or "", cursor=page.next_cursor, **arguments) if page.next_cursor else None
