"""Pages for buyers: the market, a product, a shop."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for

from app.core.codes import normalise
from app.core.paging import Page
from app.core.routes import open_to_all
from app.core.texts import tidy
from app.households.areas import queries as areas

from . import queries, views
from .queries import ProductCard
from .seller_pages import bp as seller

bp = Blueprint("catalogue", __name__, template_folder="templates")
bp.register_blueprint(seller)

_MAX_TYPED = 100
_SUGGESTIONS = 4


@bp.get("/cho")
@open_to_all
def market() -> str:
    """What is on sale, with search and a commune filter."""
    q = tidy(request.args.get("q", ""))[:_MAX_TYPED]
    commune = request.args.get("commune", "")[:20]
    cursor = request.args.get("cursor", "")[:500]
    page = queries.list_products(q=q, commune=commune or None, cursor=cursor or None, limit=20)
    nothing = not page.items and not cursor
    return render_template(
        "catalogue/market.html",
        q=q,
        commune=commune,
        communes=queries.communes_with_goods(),
        commune_name=areas.names([commune]).get(commune, "") if commune else "",
        products=page.items,
        suggestions=queries.list_products(limit=_SUGGESTIONS).items if nothing else (),
        next_url=_next_url(page, q=q or None, commune=commune or None),
        first_url=url_for(".market", q=q or None, commune=commune or None) if cursor else None,
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
    page = queries.list_products(shop_id=found.id, cursor=cursor or None, limit=20)
    return render_template(
        "catalogue/shop.html",
        shop=found,
        commune_name=areas.names([found.commune_code]).get(found.commune_code, ""),
        products=page.items,
        next_url=_next_url(page, code=found.code),
        first_url=url_for(".shop", code=found.code) if cursor else None,
    )


def _next_url(page: Page[ProductCard], **arguments: Any) -> str | None:
    return url_for(request.endpoint or "", cursor=page.next_cursor, **arguments) if page.next_cursor else None
