"""Whose household: choose one of several, and the people of ours."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.identity import session
from app.identity.access import requires
from app.identity.roles import Role

from . import choosing, people, services, words
from .blueprint import bp
from .models import Relation


@bp.get("/nha-minh/chon")
@requires(Role.HOUSEHOLD)
def choose() -> ResponseReturnValue:
    """One phone, several households: for which one now."""
    back = choosing.way_back(request.args.get("ve", ""))
    return render_template("own/choose.html", choices=services.choices(session.households()), back=back)


@bp.post("/nha-minh/chon")
@requires(Role.HOUSEHOLD)
def take_choice() -> ResponseReturnValue:
    """Speak for this one on this browser."""
    try:
        chosen = session.choose_household(UUID(request.form.get("household", "")))
    except ValueError:
        chosen = False
    back = choosing.way_back(request.form.get("ve", ""))
    if not chosen:
        return redirect(url_for(".choose", ve=back))
    return redirect(back or url_for(".home"))


@bp.get("/nha-minh/nguoi")
@requires(Role.HOUSEHOLD)
def members() -> ResponseReturnValue:
    """The people of the household, and a form to add one."""
    return _members({}, {})


@bp.post("/nha-minh/nguoi")
@requires(Role.HOUSEHOLD)
def add_member() -> ResponseReturnValue:
    """Add a person; one with a phone signs in from now on."""
    form = {name: text[:100] for name, text in request.form.items()}
    try:
        services.add_member(actor=current_actor(), clock=SYSTEM_CLOCK, **read_member(form))
    except AppError as error:
        return _members(form, sentences(error)), error.status
    flash(_("Đã thêm. Ai có số điện thoại thì đăng nhập được bằng số đó ngay."), "success")
    return redirect(url_for(".members"))


@bp.post("/nha-minh/nguoi/<uuid:member_id>/bo")
@requires(Role.HOUSEHOLD)
def remove_member(member_id: UUID) -> ResponseReturnValue:
    """Take a person off; their way in ends at once."""
    try:
        services.remove_member(actor=current_actor(), member_id=member_id, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _members({}, {"form": error.message}), error.status
    flash(_("Đã bỏ. Người này không vào được nhà mình nữa."), "success")
    return redirect(url_for(".members"))


def read_member(form: dict[str, str]) -> dict[str, Any]:
    """A member as a form tells of them; whether they can be is checked by the service."""
    year = form.get("birth_year", "").strip()
    relation = form.get("relation", "")
    return {
        "name": form.get("name", ""),
        "relation": Relation(relation) if relation in list(Relation) else Relation.OTHER,
        "birth_year": (int(year) if year.isascii() and year.isdigit() and len(year) < 9 else 0) if year else None,
        "phone": form.get("phone", ""),
    }


def sentences(error: AppError) -> dict[str, str]:
    """What is wrong, by field."""
    told = error.details.get("errors") or {"form": [error.message]}
    return {name: " ".join(said) for name, said in told.items()}


def _members(values: dict[str, str], errors: dict[str, str]) -> str:
    household = services.own(current_actor())
    relation = people.relation_of(current_actor(), household)
    return render_template(
        "own/members.html",
        members=people.shown(household, masked=relation is Relation.CONTACT),
        may_change=relation is Relation.HEAD,
        relations=words.relations(may_be_contact=True),
        remove_url=lambda member_id: url_for(".remove_member", member_id=member_id),
        words=words,
        values=values,
        errors=errors,
    )
