"""Pages for buyers: the cart, ordering, the order."""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import is_valid, normalise
from app.core.database import current_actor
from app.core.errors import AppError
from app.core.routes import open_to_all
from app.market.catalogue import queries as catalogue

from . import cart, contacts, forms, queries, services, views, words
from .models import MAX_QUANTITY
from .seller_pages import bp as seller

bp = Blueprint("orders", __name__, template_folder="templates")
bp.register_blueprint(seller)
Answer = str | Response | tuple[str, int]

_MINE = "my_orders"
_MINE_KEPT = 20


@bp.get("/gio-hang")
@open_to_all
def show_cart() -> Answer:
    """What was chosen, shop by shop."""
    return render_template("orders/cart.html", cart=cart.show(session))


@bp.post("/gio-hang")
@open_to_all
def change_cart() -> Answer:
    """Put a product in, or with `set` change how much of it; a quantity of 0 takes it out."""
    code = normalise(request.form.get("product_code", "")[:40])
    quantity = _quantity(request.form.get("quantity", "1"))
    if quantity is None:
        flash(_("Ghi số lượng bằng chữ số, từ 1 đến %(max)d.", max=MAX_QUANTITY), "error")
    elif not is_valid(code) or code not in catalogue.by_codes([code]):
        flash(_("Không tìm thấy món hàng này. Có thể người bán đã cất đi."), "error")
    elif not cart.has_room(session, code):
        flash(_("Giỏ đã đầy. Bà con đặt những món này trước nhé."), "error")
    else:
        on_top = "set" not in request.form
        left = cart.put(session, code, quantity, on_top=on_top)
        flash(_("Đã cho vào giỏ.") if left and on_top else _("Đã sửa giỏ hàng."), "success")
    return redirect(url_for(".show_cart"), 303)


@bp.get("/dat-hang")
@open_to_all
def order_form() -> Answer:
    """Who gets it, where, and how it is paid."""
    if not cart.read(session):
        return redirect(url_for(".show_cart"))
    return _order_form({**forms.typed({}), "key": uuid4().hex, "method": "vietqr"}, {})


@bp.post("/dat-hang")
@open_to_all
def place_order() -> Answer:
    """Order what is in the cart. The form's key makes a second press find the order of the first."""
    values = forms.typed(request.form)
    key = f"page|{values['key']}"
    earlier = queries.by_key(key)
    if earlier is not None:
        return redirect(url_for(".show_order", code=earlier.code), 303)
    if not cart.read(session):
        return redirect(url_for(".show_cart"), 303)
    forms.choose_commune(values)
    return _order_form(values, {}) if "tim" in request.form else _place(values, key)


def _place(values: dict[str, str], key: str) -> Answer:
    if len(values["key"]) != 32:
        values["key"] = uuid4().hex
        return _order_form(values, {}, _("Trang đã mở quá lâu. Bà con xem lại rồi bấm đặt lần nữa nhé.")), 422
    try:
        wanted = forms.read(values, cart.read(session))
        checkout = services.place_order(
            buyer=current_actor(),
            contact=wanted.contact,
            delivery_address=wanted.delivery_address,
            lines=wanted.lines,
            method=wanted.method,
            idempotency_key=key,
            clock=SYSTEM_CLOCK,
        )
    except forms.FormError as wrong:
        return _order_form(values, wrong.errors), 422
    except AppError as error:
        errors = forms.refused(error)
        return _order_form(values, errors, "" if errors else error.message), error.status
    cart.clear(session)
    session[_MINE] = [checkout.code, *_my_orders()][:_MINE_KEPT]
    return redirect(url_for(".show_order", code=checkout.code), 303)


@bp.get("/don-hang/<code>")
@open_to_all
def show_order(code: str) -> Answer:
    """An order for whoever knows its code; an order's own code leads its buyer back to the whole checkout."""
    found = queries.by_code(normalise(code))
    if not found.whole and found.checkout.code in _my_orders():
        return redirect(url_for(".show_order", code=found.checkout.code))
    return render_template(
        "orders/order.html",
        found=found,
        shown=views.present(found),
        recipient=contacts.masked(found.checkout),
        state_words=words.state_words,
    )


@bp.post("/don-hang/<code>/huy")
@open_to_all
def cancel_order(code: str) -> Answer:
    """Think better of it, while nothing is paid."""
    checkout = services.cancel_order(code=normalise(code), clock=SYSTEM_CLOCK)
    flash(_("Đã hủy đơn chưa trả tiền."), "success")
    return redirect(url_for(".show_order", code=checkout.code), 303)


def _order_form(values: dict[str, str], errors: dict[str, str], problem: str = "") -> str:
    return render_template(
        "orders/checkout.html",
        values=values,
        errors=errors,
        problem=problem,
        cart=cart.show(session),
        communes=forms.communes(values["commune_text"], values["commune_code"]),
    )


def _my_orders() -> list[str]:
    kept = session.get(_MINE)
    return [code for code in kept if isinstance(code, str)] if isinstance(kept, list) else []


def _quantity(text: str) -> int | None:
    digits = text.strip().replace(".", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 6):
        return None
    return int(digits) if int(digits) <= MAX_QUANTITY else None
