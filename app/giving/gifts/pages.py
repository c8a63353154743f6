"""Pages for givers: who needs help, giving, the receipt."""

from __future__ import annotations

import base64
from uuid import uuid4

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.errors import AppError
from app.core.routes import open_to_all
from app.households.areas import queries as areas
from app.households.registry.words import poverty
from app.households.welfare import queries as welfare
from app.payments.requests.models import Method

from . import donors, forms, queries, services, views
from .errors import GiftNotFound
from .models import Gift

bp = Blueprint("gifts", __name__, template_folder="templates", url_prefix="/ung-ho")
Answer = str | Response | tuple[str, int]

PROVINCE = "19"  # Thái Nguyên
PAGE_HOUSEHOLDS = 20
_MAX_CODE = 60
_MINE = "my_gifts"
_MINE_KEPT = 20


@bp.get("")
@open_to_all
def households() -> Answer:
    """Households that need help, by code; filtered by commune."""
    commune, cursor = request.args.get("commune", "")[:5], request.args.get("cursor", "")
    page = welfare.public_list(
        commune=commune or None, cursor=cursor or None, limit=PAGE_HOUSEHOLDS, clock=SYSTEM_CLOCK
    )
    communes = [(unit.code, unit.name) for unit in areas.children(PROVINCE)]
    return render_template(
        "gifts/households.html",
        households=page.items,
        helped=queries.helped([household.code for household in page.items]),
        not_yet=queries.NOT_YET,
        poverty=poverty,
        commune=commune,
        commune_name=dict(communes).get(commune, ""),
        communes=communes,
        next_url=url_for(".households", commune=commune or None, cursor=page.next_cursor) if page.next_cursor else None,
        first_url=url_for(".households", commune=commune or None) if cursor else None,
    )


@bp.get("/bien-nhan")
@open_to_all
def find_receipt() -> Answer:
    """Type the code of a gift to come back to its receipt."""
    typed = request.args.get("ma", "")[:_MAX_CODE]
    if typed.strip():
        try:
            return redirect(url_for(".receipt", code=queries.by_code(normalise(typed)).code))
        except GiftNotFound:
            return render_template("gifts/find.html", typed=typed), 404
    return render_template("gifts/find.html", typed=typed)


@bp.get("/bien-nhan/<code>")
@open_to_all
def receipt(code: str) -> Answer:
    """A gift's state and receipt for whoever knows its code; the name, and what opens it, on the giver's phone only."""
    gift = queries.by_code(normalise(code))
    shown = views.present(gift)
    found = shown["receipt"]
    return render_template(
        "gifts/receipt.html",
        gift=gift,
        shown=shown,
        commune_name=areas.names([gift.commune_code]).get(gift.commune_code, ""),
        leaf_text=base64.b64decode(found["leaf"]).decode() if found else "",
        donor=donors.open_donor(gift) if gift.code in _my_gifts() else None,
    )


@bp.get("/<code>")
@open_to_all
def household(code: str) -> Answer:
    """One household, and the form to give."""
    values = {**forms.typed({}), "key": uuid4().hex, "choice": str(forms.CHOICES_VND[1])}
    return _household_page(code, values, {})


@bp.post("/<code>")
@open_to_all
def give(code: str) -> Answer:
    """Give. The form's key makes a second press find the gift of the first."""
    values = forms.typed(request.form)
    if len(values["key"]) != 32:
        values["key"] = uuid4().hex
        return _household_page(code, values, {}, _("Trang đã mở quá lâu. Bạn xem lại rồi bấm gửi lần nữa nhé.")), 422
    try:
        wanted = forms.read(code, values)
        gift = services.give(
            household_code=wanted.household_code,
            amount_vnd=wanted.amount_vnd,
            donor_name=wanted.donor.name if wanted.donor else None,
            message=wanted.message,
            method=wanted.method,
            idempotency_key=f"page|{values['key']}",
            clock=SYSTEM_CLOCK,
        )
    except forms.FormError as wrong:
        return _household_page(code, values, wrong.errors), 422
    except AppError as error:
        errors = forms.refused(error)
        return _household_page(code, values, errors, "" if errors else error.message), error.status
    _remember(gift)
    return redirect(url_for("requests.pay", code=views.request_of(gift).code), 303)


def _household_page(code: str, values: dict[str, str], errors: dict[str, str], problem: str = "") -> str:
    found = welfare.public_by_code(code, clock=SYSTEM_CLOCK)
    if not found.direct:
        values["method"] = Method.CARD
    return render_template(
        "gifts/household.html",
        household=found,
        helped=queries.helped([found.code]).get(found.code, queries.NOT_YET),
        poverty=poverty,
        choices_vnd=forms.CHOICES_VND,
        values={**values, "method": values["method"] or Method.VIETQR},
        errors=errors,
        problem=problem,
    )


def _remember(gift: Gift) -> None:
    others = [code for code in _my_gifts() if code != gift.code]
    session[_MINE] = [gift.code, *others][:_MINE_KEPT]


def _my_gifts() -> list[str]:
    kept = session.get(_MINE)
    return [code for code in kept if isinstance(code, str)] if isinstance(kept, list) else []
