"""Changes that wait for an officer, field by field."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.households.registry import amendments as registry_amendments
from app.households.registry import queries as registry
from app.households.registry.amendments import AmendmentStatus
from app.households.registry.models import Household, HouseholdAmendment
from app.households.registry.people import masked
from app.identity import queries as people
from app.identity.access import requires
from app.identity.roles import Role

from . import differences, queries, services, words
from .blueprint import OFFICE, PAGE_SIZE, bp, sentences
from .differences import Difference
from .errors import NoSuchAmendment


@bp.get("/dieu-hanh/sua-doi")
@requires(*OFFICE)
def amendments() -> str:
    """All changes that wait in my area, the oldest first."""
    found = queries.amendments(current_actor(), cursor=request.args.get("trang"), limit=PAGE_SIZE)
    return render_template(
        "office/amendments.html",
        rows=[(asked, masked(home), _changes(asked, home)) for asked, home in found.items],
        clock=SYSTEM_CLOCK,
        words=words,
        next_url=url_for(".amendments", trang=found.next_cursor) if found.next_cursor else None,
    )


@bp.get("/dieu-hanh/sua-doi/<uuid:amendment_id>")
@requires(*OFFICE)
def amendment(amendment_id: UUID) -> str:
    """One change, masked."""
    return _show(amendment_id)


@bp.post("/dieu-hanh/sua-doi/<uuid:amendment_id>/nhan")
@requires(Role.COMMUNE_OFFICER)
def accept(amendment_id: UUID) -> Response | tuple[str, int]:
    """Say yes."""
    seen = request.form.get("version", "")
    try:
        services.accept_amendment(
            actor=current_actor(),
            amendment_id=amendment_id,
            seen_version=int(seen) if seen.isdigit() and len(seen) < 9 else 0,
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _show(amendment_id, errors=sentences(error)), error.status
    return _done(amendment_id, _("Đã nhận đề nghị sửa. Hồ sơ của hộ đã đổi."))


@bp.post("/dieu-hanh/sua-doi/<uuid:amendment_id>/khong-nhan")
@requires(Role.COMMUNE_OFFICER)
def refuse(amendment_id: UUID) -> Response | tuple[str, int]:
    """Say no."""
    reason = request.form.get("reason", "")
    try:
        services.refuse_amendment(actor=current_actor(), amendment_id=amendment_id, reason=reason, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _show(amendment_id, errors=sentences(error)), error.status
    return _done(amendment_id, _("Đã ghi là không nhận. Hồ sơ của hộ giữ nguyên."))


@bp.post("/dieu-hanh/sua-doi/<uuid:amendment_id>/rut-lai")
@requires(Role.COMMUNE_OFFICER)
def take_back(amendment_id: UUID) -> Response | tuple[str, int]:
    """Take a decision back."""
    reason = request.form.get("reason", "")
    try:
        services.take_back_decision(actor=current_actor(), amendment_id=amendment_id, reason=reason, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _show(amendment_id, errors=sentences(error)), error.status
    return _done(amendment_id, _("Đã rút lại quyết định. Đề nghị lại chờ xét."))


@bp.post("/dieu-hanh/sua-doi/<uuid:amendment_id>/xem")
@requires(Role.COMMUNE_OFFICER)
def unmask(amendment_id: UUID) -> str | tuple[str, int]:
    """Show the change in full, this once; the look is written down."""
    reason = request.form.get("look_reason", "")
    try:
        old, new = services.open_amendment(
            actor=current_actor(), amendment_id=amendment_id, reason=reason, clock=SYSTEM_CLOCK
        )
    except AppError as error:
        found = sentences(error)
        return _show(amendment_id, errors={"look_reason": found.get("reason", error.message)}), error.status
    return _show(amendment_id, opened=differences.between(old, new, full=True))


def _show(amendment_id: UUID, *, errors: dict[str, str] | None = None, opened: list[Difference] | None = None) -> str:
    asked, home = _found(amendment_id)
    actor = current_actor()
    return render_template(
        "office/amendment.html",
        asked=asked,
        household=home,
        seen=masked(home),
        changes=opened or _changes(asked, home),
        opened=opened is not None,
        moved=asked.status == AmendmentStatus.WAITING and asked.base_version != home.version,
        names=people.display_names({one for one in (asked.proposed_by, asked.decided_by) if one}),
        own=asked.proposed_by == actor.user_id,
        may_act=actor.has_role(Role.COMMUNE_OFFICER),
        errors=errors or {},
        values=request.form,
        words=words,
    )


def _found(amendment_id: UUID) -> tuple[HouseholdAmendment, Household]:
    asked = registry_amendments.by_id(amendment_id)
    if asked is None:
        raise NoSuchAmendment
    return asked, registry.find(asked.household_id, actor=current_actor())


def _changes(asked: HouseholdAmendment, home: Household) -> list[Difference]:
    """What an amendment would change now; of an accepted one what it did change."""
    wanted = registry_amendments.wanted(home, asked)
    return differences.between(registry_amendments.replaced(home, asked) or differences.opened(home, wanted), wanted)


def _done(amendment_id: UUID, sentence: str) -> Response:
    flash(sentence, "success")
    return redirect(url_for(".amendment", amendment_id=amendment_id))
