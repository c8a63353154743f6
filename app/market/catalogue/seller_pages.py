"""Pages for sellers: their shop, a new product, a change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import AppError, BadInput, Forbidden
from app.core.media import store
from app.core.money import format_vnd
from app.core.routes import open_to_all
from app.households.registry import people
from app.households.registry import queries as registry
from app.households.registry.models import Household
from app.households.registry.people import SalesAccount
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.vietqr.banks import payee_banks

from . import forms, photos, ports, queries, services
from .categories import CATEGORIES, GROUPS, group_of
from .errors import ProductChanged
from .forms import FormError
from .models import Product, Shop
from .photos import StoredPhoto
from .schemas import NewProductSchema, NewShopSchema, ProductEditSchema, ShopNameSchema

bp = Blueprint("seller", __name__, url_prefix="/ban-hang")
Answer = str | Response | tuple[str, int]

UNITS = ("kg", "gói", "hộp", "túi", "lạng", "lít", "chai", "con", "bó", "chục")


class Sent(NamedTuple):
    """A form that came in: what it says of the product, what is wrong, and the photo, kept even when the rest fails."""

    data: Any
    errors: dict[str, str]
    photo: StoredPhoto | None


@bp.get("")
@open_to_all
def home() -> Answer:
    """The seller's own shop; for others, how to get one."""
    actor = current_actor()
    if not actor.has_role(Role.HOUSEHOLD) or actor.household_id is None:
        return render_template("catalogue/seller/welcome.html", signed_in=actor.user_id is not None)
    shop = queries.shop_of(actor.household_id)
    if shop is None:
        return redirect(url_for(".open_shop"))
    page = queries.products_of(shop.id, cursor=request.args.get("cursor", "")[:500] or None)
    next_url = url_for(".home", cursor=page.next_cursor) if page.next_cursor else None
    return render_template(
        "catalogue/seller/home.html",
        shop=shop,
        products=page.items,
        next_url=next_url,
        waiting=ports.waiting(actor.household_id, clock=SYSTEM_CLOCK),
    )


@bp.route("/mo-gian-hang", methods=["GET", "POST"])
@requires(Role.HOUSEHOLD, Role.TEAM_MEMBER, Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)
def open_shop() -> Answer:
    """Open a shop: one's own, or as a helper the one of the household named by `ho`."""
    household = _household()
    if queries.shop_of(household.id):
        return redirect(url_for(".home"))
    if request.method == "GET":
        return _shop_form(household, {}, {})
    known = people.sales_account(household)
    values = forms.typed(request.form, ("name",) if known else forms.SHOP_FIELDS)
    try:
        wanted = forms.read(values, ShopNameSchema() if known else NewShopSchema())
        account = None if known else SalesAccount(wanted["bin"], wanted["number"], wanted["holder"])
        shop = services.open_shop(
            actor=current_actor(), household_id=household.id, name=wanted["name"], account=account, clock=SYSTEM_CLOCK
        )
    except FormError as wrong:
        return _shop_form(household, values, wrong.errors), 422
    except AppError as error:
        return _shop_form(household, values, forms.refused(error), error.message), error.status
    flash(_("Đã mở gian hàng. Giờ bày món đầu tiên nhé."), "success")
    if current_actor().household_id == household.id:
        return redirect(url_for(".add_product"))
    return redirect(url_for("catalogue.shop", code=shop.code))


@bp.post("/trang-thai")
@requires(Role.HOUSEHOLD)
def set_open() -> Answer:
    """Close the shop for a while, or open it again."""
    is_open = request.form.get("mo") == "1"
    services.set_shop_open(actor=current_actor(), shop_id=_shop().id, is_open=is_open, clock=SYSTEM_CLOCK)
    flash(_("Gian hàng đã mở lại.") if is_open else _("Đã tạm nghỉ bán. Khách chưa đặt được hàng."), "success")
    return redirect(url_for(".home"))


@bp.route("/san-pham/moi", methods=["GET", "POST"])
@requires(Role.HOUSEHOLD)
def add_product() -> Answer:
    """Offer a product."""
    actor = current_actor()
    shop = queries.shop_of(actor.household_id)
    if shop is None:
        return redirect(url_for(".open_shop"))
    if request.method == "GET":
        return _product_form({"key": uuid4().hex}, {})
    sent = _read_sent(NewProductSchema())
    if sent.errors:
        return _product_form(_again(sent), sent.errors), 422
    services.add_product(
        actor=actor,
        shop_id=shop.id,
        data=sent.data,
        photo=sent.photo,
        idempotency_key=f"page|{_form_key()}",
        clock=SYSTEM_CLOCK,
    )
    flash(_("Đã bày hàng lên chợ."), "success")
    return redirect(url_for(".home"))


@bp.route("/san-pham/<code>", methods=["GET", "POST"])
@requires(Role.HOUSEHOLD, Role.PROVINCE_OPERATOR)
def edit_product(code: str) -> Answer:
    """Change a product."""
    actor = current_actor()
    product = queries.by_code(normalise(code))
    services.demand_own(actor, product.shop)
    if request.method == "GET":
        return _product_form(_shown(product), {}, product)
    sent = _read_sent(ProductEditSchema(), extra=("stock_seen", "version"))
    if sent.errors:
        return _product_form(_again(sent), sent.errors, product), 422
    try:
        services.edit_product(actor=actor, code=product.code, data=sent.data, photo=sent.photo, clock=SYSTEM_CLOCK)
    except BadInput as error:
        return _product_form(_again(sent), forms.refused(error), product), error.status
    except ProductChanged as error:
        latest = queries.by_code(product.code)
        values = {**_again(sent), "version": latest.version, "stock_seen": latest.stock}
        return _product_form(values, {}, latest, error.message), error.status
    flash(_("Đã lưu."), "success")
    return redirect(url_for(".home"))


@bp.post("/san-pham/<code>/het-hang")
@requires(Role.HOUSEHOLD, Role.PROVINCE_OPERATOR)
def sold_out(code: str) -> Answer:
    """The "sold out" switch."""
    paused = request.form.get("het") == "1"
    product = services.set_paused(actor=current_actor(), code=normalise(code), paused=paused, clock=SYSTEM_CLOCK)
    words = _("Đã báo hết: %(name)s.") if paused else _("Đã bán lại: %(name)s.")
    flash(words % {"name": product.name}, "success")
    return redirect(url_for(".home"))


def _household() -> Household:
    """The household a shop is to be opened for: the helper's choice, else one's own."""
    actor = current_actor()
    code = request.values.get("ho", "")
    if code and actor.has_role(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR):
        return registry.by_code(code, actor=actor)
    if actor.household_id is None:
        raise Forbidden(_("Chọn một hộ trong danh sách của tổ rồi mở gian hàng giúp hộ ấy."))
    return registry.get(actor.household_id)


def _shop() -> Shop:
    shop = queries.shop_of(current_actor().household_id)
    if shop is None:
        raise Forbidden(_("Bà con chưa mở gian hàng."))
    return shop


def _shop_form(household: Household, values: Mapping[str, str], errors: Mapping[str, str], problem: str = "") -> str:
    return render_template(
        "catalogue/seller/open_shop.html",
        values=values,
        errors=errors,
        problem=problem,
        account_known=household.sales_account_enc is not None,
        banks=[(bank.bin, bank.short_name) for bank in payee_banks()],
        household_code=household.code if current_actor().household_id != household.id else "",
    )


def _product_form(
    values: Mapping[str, Any], errors: Mapping[str, str], product: Product | None = None, problem: str = ""
) -> str:
    return render_template(
        "catalogue/seller/product_form.html",
        values=values,
        errors=errors,
        product=product,
        problem=problem,
        units=UNITS,
        kinds=[
            (str(GROUPS[group]), [(code, label) for code, label in CATEGORIES.items() if group_of(code) == group])
            for group in GROUPS
        ],
    )


def _read_sent(schema: NewProductSchema, *, extra: tuple[str, ...] = ()) -> Sent:
    errors: dict[str, str] = {}
    photo, data = None, None
    try:
        data = forms.read_product(request.form, schema, extra=extra)
    except FormError as wrong:
        errors = wrong.errors
    try:
        photo = _sent_photo()
    except BadInput as error:
        errors = {**forms.refused(error), **errors}
    return Sent(data, errors, photo)


def _sent_photo() -> StoredPhoto | None:
    """The photo just chosen, else the one an earlier try had brought."""
    upload = request.files.get("photo")
    raw = upload.stream.read(photos.MAX_BYTES + 1) if upload else b""
    return photos.take(store(), raw) if raw else photos.kept(store(), request.form.get("photo_key", ""))


def _again(sent: Sent) -> dict[str, Any]:
    """The form as it was typed."""
    names = (*forms.PRODUCT_FIELDS, "stock_seen", "version")
    return {**forms.typed(request.form, names), "key": _form_key(), "photo_key": sent.photo.key if sent.photo else ""}


def _shown(product: Product) -> dict[str, Any]:
    return {
        "name": product.name,
        "unit": product.unit,
        "price_vnd": format_vnd(product.price_vnd).split("\N{NO-BREAK SPACE}", maxsplit=1)[0],
        "stock": product.stock,
        "stock_seen": product.stock,
        "version": product.version,
        "description": product.description,
        "category": product.category,
        "season_from_month": str(product.season_from_month or ""),
        "season_to_month": str(product.season_to_month or ""),
    }


def _form_key() -> str:
    """The key the form was made with, so that a double tap adds one product."""
    try:
        return UUID(request.form.get("key", "")).hex
    except ValueError:
        return uuid4().hex
