"""The community team's pages: my hamlets and registrations, the form on the doorstep."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.households.areas import queries as areas
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.vietqr.banks import payee_banks

from . import desk, forms, queries, services, words
from .blueprint import PAGE_SIZE, bp
from .models import Household, Status
from .people import masked
from .queries import Filter


@bp.get("/to-cong-nghe")
@requires(Role.TEAM_MEMBER)
def team() -> str:
    """My hamlets, how far I have come, and what I registered."""
    step = _step(request.args.get("buoc"))
    chosen = Filter(status=step, registered_by=current_actor().user_id)
    return _team(chosen, cursor=request.args.get("trang"))


@bp.post("/to-cong-nghe/tim")
@requires(Role.TEAM_MEMBER)
def search() -> str:
    """Find a household of my hamlets. By POST, so that a phone or citizen's number never stands in an address."""
    return _team(Filter(text=request.form.get("q", "")[:80]), cursor=None)


def _team(chosen: Filter, *, cursor: str | None) -> str:
    actor = current_actor()
    found = queries.listing(actor, chosen, cursor=cursor, limit=PAGE_SIZE)
    more = bool(found.next_cursor and not chosen.text)
    return render_template(
        "registry/team.html",
        hamlets=_my_hamlets(queries.hamlet_counts(actor)),
        counts=queries.counts(actor, registered_by=actor.user_id),
        rows=desk.rows(found.items),
        text=chosen.text,
        step=chosen.status,
        words=words,
        next_url=url_for(".team", buoc=chosen.status, trang=found.next_cursor) if more else None,
    )


@bp.get("/to-cong-nghe/dang-ky")
@requires(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER)
def blank_form() -> str:
    """A fresh registration."""
    hamlets = _my_hamlets({})
    only = hamlets[0][0] if len(hamlets) == 1 else ""
    return _form(forms.empty(request.args.get("xom", only)), {})


@bp.post("/to-cong-nghe/dang-ky")
@requires(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER)
def send_form() -> Response | tuple[str, int]:
    """Register, or show the form again with everything that was typed."""
    values = forms.sent(request.form)
    try:
        household = services.register_household(actor=current_actor(), data=forms.read(values), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _form(values, _sentences(error)), error.status
    return _thank(household)


@bp.get("/to-cong-nghe/ho/<code>")
@requires(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER)
def team_household(code: str) -> str:
    """One household of my hamlets, masked, with what is to be done."""
    household = queries.by_code(code, actor=current_actor())
    return render_template(
        "registry/team_household.html",
        household=household,
        seen=masked(household),
        place=desk.place(household),
        consents=queries.consents(household.id),
        words=words,
    )


@bp.get("/to-cong-nghe/ho/<code>/sua")
@requires(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER)
def correction_form(code: str) -> str:
    """The returned registration in full, for the one who made it."""
    actor = current_actor()
    household = queries.by_code(code, actor=actor)
    data = services.open_for_correction(actor=actor, household_id=household.id, clock=SYSTEM_CLOCK)
    return _form(forms.from_data(data), {}, household)


@bp.post("/to-cong-nghe/ho/<code>/sua")
@requires(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER)
def send_correction(code: str) -> Response | tuple[str, int]:
    """Send the corrected registration for approval."""
    actor = current_actor()
    household = queries.by_code(code, actor=actor)
    values = forms.sent(request.form)
    try:
        services.resubmit(actor=actor, household_id=household.id, data=forms.read(values), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _form(values, _sentences(error), household), error.status
    return _thank(household)


def _form(values: dict[str, str], errors: dict[str, str], household: Household | None = None) -> str:
    return render_template(
        "registry/register.html",
        values=values,
        errors=errors,
        household=household,
        held=[purpose for purpose, word in queries.consents(household.id).items() if word.given] if household else [],
        hamlets=[(code, name) for code, name, _count in _my_hamlets({})],
        banks=[(bank.bin, bank.short_name) for bank in payee_banks()],
        words=words,
    )


def _thank(household: Household) -> Response:
    flash(_("Đã gửi hồ sơ. Cán bộ xã sẽ duyệt, xong có tin nhắn báo cho bà con."), "success")
    return redirect(url_for(".team_household", code=household.code))


def _sentences(error: AppError) -> dict[str, str]:
    """One sentence for each field; what belongs to no field stands on its own."""
    errors: dict[str, Any] = error.details.get("errors") or {"form": [error.message]}
    return {name: " ".join(sentences) for name, sentences in errors.items()}


def _my_hamlets(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """(code, name with commune, households) of each hamlet in my scope."""
    reached = current_actor().areas
    communes = {code for code in reached if "-" not in code and code != "*"}
    hamlets = {area.code: area.name for commune in communes for area in areas.children(commune)}
    hamlets |= areas.names(code for code in reached if "-" in code)
    names = areas.names(code.split("-")[0] for code in hamlets)
    return [
        (code, f"{name}, {names.get(code.split('-')[0], '')}", counts.get(code, 0))
        for code, name in sorted(hamlets.items())
    ]


def _step(text: str | None) -> Status | None:
    return Status(text) if text in list(Status) else None
