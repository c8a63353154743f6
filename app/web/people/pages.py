"""Officers' pages of who works here: list, one person, giving and ending roles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.actor import EVERYWHERE
from app.core.clock import SYSTEM_CLOCK, VIETNAM
from app.core.database import current_actor
from app.core.errors import AppError, BadInput, NotFound
from app.households.areas import queries as areas
from app.identity.access import requires
from app.identity.operations import NewGrant
from app.identity.people import queries, services
from app.identity.people.queries import Filter, Person
from app.identity.roles import Role

from . import words

bp = Blueprint("people", __name__, template_folder="templates", url_prefix="/dieu-hanh/nguoi-lam")
OFFICE = (Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)
PROVINCE = "19"
PAGE_SIZE = 30


@bp.get("")
@requires(*OFFICE)
def overview() -> str:
    """People in my reach, newest first, and the form to bring somebody in."""
    role = request.args.get("viec", "")
    area = request.args.get("xa", "")
    return _overview(Filter(Role(role) if role in words.roles() else None, area[:10] or None))


@bp.post("/tim")
@requires(*OFFICE)
def search() -> str:
    """Find somebody by a part of the name or by the whole number; by POST, so that no number stands in an address."""
    return _overview(Filter(text=request.form.get("q", "")[:80]))


def _overview(chosen: Filter) -> str:
    actor = current_actor()
    page = queries.listing(actor, chosen, at=SYSTEM_CLOCK.now(), cursor=request.args.get("trang"), limit=PAGE_SIZE)
    more = page.next_cursor if not chosen.text else None
    return render_template(
        "people/overview.html",
        people=page.items,
        chosen=chosen,
        roles=words.roles(),
        names=_area_names(page.items),
        now=SYSTEM_CLOCK.now(),
        next_url=url_for(".overview", viec=chosen.role, xa=chosen.area, trang=more) if more else None,
        first_url=url_for(".overview", viec=chosen.role, xa=chosen.area) if request.args.get("trang") else None,
    )


@bp.get("/giao-viec")
@requires(*OFFICE)
def new() -> str:
    """The form that gives a role by phone number."""
    return _new({})


def _new(errors: dict[str, str]) -> str:
    return render_template("people/new.html", errors=errors, form=request.form, **_choices())


@bp.post("")
@requires(*OFFICE)
def bring_in() -> Response | tuple[str, int]:
    """Give a role to somebody by phone number."""
    try:
        user = services.bring_in(
            actor=current_actor(),
            phone=request.form.get("phone", ""),
            name=request.form.get("name", ""),
            grant=_grant(),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _new(_sentences(error)), error.status
    flash(_("Đã giao việc và nhắn tin cho người này."), "success")
    return redirect(url_for(".person", user_id=user.id), 303)


@bp.get("/<uuid:user_id>")
@requires(*OFFICE)
def person(user_id: UUID) -> str:
    """One person: what they hold and held, with buttons."""
    return _person(user_id)


def _person(user_id: UUID, errors: dict[str, str] | None = None) -> str:
    found = queries.find(current_actor(), user_id)
    now = SYSTEM_CLOCK.now()
    return render_template(
        "people/person.html",
        person=found,
        held=found.in_force(now),
        ended=[grant for grant in found.grants if grant not in found.in_force(now)],
        roles=words.roles(),
        names=_area_names([found]),
        errors=errors or {},
        form=request.form,
        is_me=user_id == current_actor().user_id,
        is_province=current_actor().has_role(Role.PROVINCE_OPERATOR),
        **_choices(),
    )


@bp.post("/<uuid:user_id>/giao")
@requires(*OFFICE)
def give(user_id: UUID) -> Response | tuple[str, int]:
    """Give one more role."""
    return _act(
        user_id,
        lambda: services.give(actor=current_actor(), user_id=user_id, grant=_grant(), clock=SYSTEM_CLOCK),
        _("Đã giao thêm việc."),
    )


@bp.get("/<uuid:user_id>/thoi/<uuid:grant_id>")
@requires(*OFFICE)
def ending(user_id: UUID, grant_id: UUID) -> str:
    """Ask for the reason before a role ends."""
    return _ending(user_id, grant_id, {})


def _ending(user_id: UUID, grant_id: UUID, errors: dict[str, str]) -> str:
    found = queries.find(current_actor(), user_id)
    grant = next((one for one in found.in_force(SYSTEM_CLOCK.now()) if one.id == grant_id), None)
    if grant is None:
        raise NotFound(_("Việc này đã thôi rồi."))
    return render_template(
        "people/ending.html", person=found, grant=grant, roles=words.roles(), names=_area_names([found]),
        errors=errors, form=request.form,
    )  # fmt: skip


@bp.post("/<uuid:user_id>/thoi/<uuid:grant_id>")
@requires(*OFFICE)
def end(user_id: UUID, grant_id: UUID) -> Response | tuple[str, int]:
    """End a role now."""
    return _act(
        user_id,
        lambda: services.end(
            actor=current_actor(), grant_id=grant_id, reason=request.form.get("reason", ""), clock=SYSTEM_CLOCK
        ),
        _("Đã kết thúc. Từ giờ người này không vào việc ấy được nữa."),
        lambda errors: _ending(user_id, grant_id, errors),
    )


@bp.get("/<uuid:user_id>/khoa")
@requires(Role.PROVINCE_OPERATOR)
def switching_off(user_id: UUID) -> str:
    """Ask for the reason before a person is switched off."""
    return _switching_off(user_id, {})


def _switching_off(user_id: UUID, errors: dict[str, str]) -> str:
    found = queries.find(current_actor(), user_id)
    return render_template("people/switching_off.html", person=found, errors=errors, form=request.form)


@bp.post("/<uuid:user_id>/khoa")
@requires(Role.PROVINCE_OPERATOR)
def switch_off(user_id: UUID) -> Response | tuple[str, int]:
    """Switch a person off."""
    return _act(
        user_id,
        lambda: services.switch_off(
            actor=current_actor(), user_id=user_id, reason=request.form.get("reason", ""), clock=SYSTEM_CLOCK
        ),
        _("Đã khóa. Mọi máy đang đăng nhập bị thoát ngay."),
        lambda errors: _switching_off(user_id, errors),
    )


@bp.post("/<uuid:user_id>/mo")
@requires(Role.PROVINCE_OPERATOR)
def switch_on(user_id: UUID) -> Response | tuple[str, int]:
    """Take a switching off back."""
    return _act(
        user_id,
        lambda: services.switch_on(actor=current_actor(), user_id=user_id, clock=SYSTEM_CLOCK),
        _("Đã mở lại."),
    )


def _act(
    user_id: UUID, act: Callable[[], object], done: str, again: Callable[[dict[str, str]], str] | None = None
) -> Response | tuple[str, int]:
    """Act and go to the person; refused for what was typed, the form comes `again`, else the person's page says why."""
    try:
        act()
    except AppError as error:
        if error.status == 404:
            raise
        mistyped = again is not None and "reason" in (error.details.get("errors") or {})
        return (again if again and mistyped else partial(_person, user_id))(_sentences(error)), error.status
    flash(done, "success")
    return redirect(url_for(".person", user_id=user_id), 303)


def _grant() -> NewGrant:
    """What the form says. An end day is the last day on which the role is held."""
    role, area = request.form.get("role", ""), request.form.get("area", "").strip()
    if role not in words.roles():
        raise BadInput(_("Chọn việc giao."), errors={"role": [_("Chọn việc giao.")]})
    if role in (Role.FINANCE, Role.AUDITOR, Role.PROVINCE_OPERATOR):
        area = EVERYWHERE
    kind = getattr(areas.get(area), "kind", "")
    fits = area == EVERYWHERE or kind == "commune" or (kind == "hamlet" and role == Role.TEAM_MEMBER)
    if not fits or (area == EVERYWHERE and role in queries.OF_A_COMMUNE):
        raise BadInput(_("Chọn nơi làm việc."), errors={"area": [_("Chọn nơi làm việc.")]})
    return NewGrant(Role(role), area, valid_to=_end_of(request.form.get("until", "")))


def _end_of(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=1), datetime.min.time(), tzinfo=VIETNAM)
    except (ValueError, OverflowError):
        sentence = _("Ngày chưa đúng; chọn lại giúp nhé.")
        raise BadInput(sentence, errors={"until": [sentence]}) from None


def _choices() -> dict[str, object]:
    """Roles and places that the actor may give: a commune's officer gives teams of that commune."""
    actor = current_actor()
    if actor.has_role(Role.PROVINCE_OPERATOR) and EVERYWHERE in actor.areas:
        places = [(unit.code, unit.name) for unit in areas.children(PROVINCE)]
        return {"may_give": list(words.roles().items()), "places": [(EVERYWHERE, _("Toàn tỉnh")), *places]}
    communes = sorted(area for area in actor.areas if "-" not in area)
    names = areas.names(communes)
    hamlets = sorted(areas.hamlets_of(communes).items())
    places = [(code, names.get(code, code)) for code in communes]
    places += [(code, f"{name}, {names.get(code.split('-')[0], '')}") for code, name in hamlets]
    return {"may_give": [(Role.TEAM_MEMBER, words.roles()[Role.TEAM_MEMBER])], "places": places}


def _area_names(people: Iterable[Person]) -> dict[str, str]:
    codes = {grant.area_code for one in people for grant in one.grants if grant.area_code}
    whole = {code.split("-")[0] for code in codes} | codes
    names = areas.names(whole) | {EVERYWHERE: _("Toàn tỉnh")}
    return {
        code: f"{names.get(code, code)}, {names.get(code.split('-')[0], '')}" if "-" in code else names.get(code, code)
        for code in codes
    }


def _sentences(error: AppError) -> dict[str, str]:
    errors: dict[str, list[str]] = error.details.get("errors") or {"form": [error.message]}
    return {name: " ".join(sentences) for name, sentences in errors.items()}
