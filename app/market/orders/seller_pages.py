"""Pages for sellers: who ordered, what to send where."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.codes import normalise
from app.core.database import current_actor
from app.identity.access import requires
from app.identity.roles import Role
from app.market.catalogue import queries as catalogue

from . import contacts, queries, views, words

bp = Blueprint("seller_orders", __name__, url_prefix="/ban-hang/don-hang")
Answer = str | Response


@bp.get("")
@requires(Role.HOUSEHOLD)
def listing() -> Answer:
    """The shop's orders, newest first; those that came to nothing are left out."""
    shop = catalogue.shop_of(current_actor().household_id)
    if shop is None:
        return redirect("/ban-hang")
    page = queries.of_shop(shop.id, cursor=request.args.get("cursor", "")[:500] or None)
    return render_template(
        "orders/seller/list.html",
        orders=page.items,
        state_words=words.state_words,
        next_url=url_for(".listing", cursor=page.next_cursor) if page.next_cursor else None,
    )


@bp.get("/<code>")
@requires(Role.HOUSEHOLD)
def detail(code: str) -> Answer:
    """One order of one's own shop; the buyer's number and address once it is paid."""
    shop = catalogue.shop_of(current_actor().household_id)
    if shop is None:
        return redirect("/ban-hang")
    order = queries.in_shop(shop.id, normalise(code))
    return render_template(
        "orders/seller/order.html",
        order=order,
        refunded_vnd=views.refunded_vnd(order),
        recipient=contacts.for_seller(order),
        state_words=words.state_words,
    )
