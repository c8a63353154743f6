"""Pages: a member writes goods down for a household; the household answers, by code or signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import AppError, BadInput
from app.core.media import store
from app.core.routes import open_to_all
from app.households.registry import queries as registry
from app.households.registry.models import Household
from app.households.registry.people import masked
from app.identity.access import requires
from app.identity.limits import CHECKING, limiter
from app.identity.roles import Role
from app.market.catalogue import forms, photos
from app.market.catalogue.forms import FormError
from app.market.catalogue.photos import StoredPhoto
from app.market.catalogue.schemas import NewProductSchema
from app.market.catalogue.seller_pages import UNITS

from . import queries, services, words
from .queries import Seen
from .services import Decision

bp = Blueprint("assisted", __name__, template_folder="templates")
Answer = str | Response | tuple[str, int]
_PAGE = 10


@bp.get("/to-cong-nghe/ho/<code>/dang-giup")
@requires(Role.TEAM_MEMBER)
def household(code: str) -> Answer:
    """Three small questions, and what was written down for this household before."""
    return _form(registry.by_code(code, actor=current_actor()), {"key": uuid4().hex}, {})


@bp.post("/to-cong-nghe/ho/<code>/dang-giup")
@requires(Role.TEAM_MEMBER)
def write_down(code: str) -> Answer:
    """Keep it and ask the household, or show the form again with everything that was typed."""
    home = registry.by_code(code, actor=current_actor())
    errors: dict[str, str] = {}
    data, photo = None, None
    try:
        data = forms.read_product(request.form, NewProductSchema())
    except FormError as wrong:
        errors = wrong.errors
    try:
        photo = _sent_photo()
    except BadInput as error:
        errors = {**forms.refused(error), **errors}
    if errors or data is None:
        return _form(home, _again(photo), errors), 422
    try:
        services.write_down(
            actor=current_actor(),
            household_id=home.id,
            data=data,
            photo=photo,
            idempotency_key=f"page|{_form_key()}",
            base_url=_base_url(),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _form(home, _again(photo), forms.refused(error), error.message), error.status
    flash(_("Đã ghi và nhắn tin cho nhà. Nhà đồng ý thì món mới lên chợ."), "success")
    return redirect(url_for(".household", code=home.code), 303)


@bp.post("/to-cong-nghe/dang-giup/<code>/gui-lai")
@requires(Role.TEAM_MEMBER)
def send_again(code: str) -> Answer:
    """Text new digits."""
    back = _household_of(code)
    try:
        services.send_again(actor=current_actor(), code=code, base_url=_base_url(), clock=SYSTEM_CLOCK)
    except AppError as error:
        flash(error.message, "error")
    else:
        flash(_("Đã gửi mã mới. Mã cũ không dùng được nữa."), "success")
    return redirect(back, 303)


@bp.post("/to-cong-nghe/dang-giup/<code>/rut")
@requires(Role.TEAM_MEMBER)
def take_back(code: str) -> Answer:
    """Take back what waits."""
    back = _household_of(code)
    try:
        services.take_back(actor=current_actor(), code=code, clock=SYSTEM_CLOCK)
    except AppError as error:
        flash(error.message, "error")
    else:
        flash(_("Đã rút lại. Món này không lên chợ."), "success")
    return redirect(back, 303)


@bp.get("/ban-hang/nho-dang/<code>")
@open_to_all
def answer_page(code: str) -> Answer:
    """Ask for the digits; whoever is signed in for the household sees it at once. Opening changes nothing."""
    actor = current_actor()
    if services.owns(actor, code):
        return _shown(code, services.look(actor=actor, code=code, clock=SYSTEM_CLOCK))
    return _ask(code)


@bp.post("/ban-hang/nho-dang/<code>")
@open_to_all
@limiter.limit(CHECKING)
def send_answer(code: str) -> Answer:
    """Look by the digits, or answer."""
    actor, digits = current_actor(), request.form.get("ma", "")[:20]
    wanted = request.form.get("lam", "")
    try:
        if wanted not in list(Decision):
            return _shown(code, services.look(actor=actor, code=code, digits=digits, clock=SYSTEM_CLOCK), digits)
        seen = services.answer(actor=actor, code=code, digits=digits, decision=Decision(wanted), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _refused(code, digits, error)
    return _shown(code, seen, digits)


def _refused(code: str, digits: str, error: AppError) -> Answer:
    """The page again with what is wrong: with the listing when it is only the answer that can't be."""
    if "ma" in error.details.get("errors", {}):
        return _ask(code, error.message), error.status
    try:
        seen = services.look(actor=current_actor(), code=code, digits=digits, clock=SYSTEM_CLOCK)
    except AppError as other:
        return _ask(code, other.message), other.status
    return _shown(code, seen, digits, error.message), error.status


def _ask(code: str, problem: str = "") -> str:
    return render_template("assisted/ask.html", code=normalise(code)[:20], problem=problem)


def _shown(code: str, seen: Seen, digits: str = "", problem: str = "") -> str:
    return render_template(
        "assisted/answer.html",
        code=normalise(code),
        seen=seen,
        digits=digits,
        problem=problem,
        signed_in=services.owns(current_actor(), code),
    )


def _form(home: Household, values: Mapping[str, Any], errors: Mapping[str, str], problem: str = "") -> str:
    cursor = request.args.get("trang", "")[:500] or None
    page = queries.of_household(home.id, clock=SYSTEM_CLOCK, cursor=cursor, limit=_PAGE)
    return render_template(
        "assisted/household.html",
        household=home,
        seen=masked(home),
        obstacle=services.obstacle(actor=current_actor(), household=home),
        values=values,
        errors=errors,
        problem=problem,
        listings=page.items,
        words=words,
        units=UNITS,
        next_url=url_for(".household", code=home.code, trang=page.next_cursor) if page.next_cursor else None,
        first_url=url_for(".household", code=home.code) if cursor else None,
    )


def _household_of(code: str) -> str:
    """The page of the household a listing is for, in the member's reach."""
    home = registry.find(queries.get(code).household_id, actor=current_actor())
    return url_for(".household", code=home.code)


def _sent_photo() -> StoredPhoto | None:
    """The photo just chosen, else the one an earlier try had brought."""
    upload = request.files.get("photo")
    raw = upload.stream.read(photos.MAX_BYTES + 1) if upload else b""
    return photos.take(store(), raw) if raw else photos.kept(store(), request.form.get("photo_key", ""))


def _again(photo: StoredPhoto | None) -> dict[str, Any]:
    typed = forms.typed(request.form, forms.PRODUCT_FIELDS)
    return {**typed, "key": _form_key(), "photo_key": photo.key if photo else ""}


def _form_key() -> str:
    """The key the form was made with, so that a double tap writes one down."""
    try:
        return UUID(request.form.get("key", "")).hex
    except ValueError:
        return uuid4().hex


def _base_url() -> str:
    return str(current_app.config["CHOPHIEN"].public_url).rstrip("/")
