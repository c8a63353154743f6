"""A decision about one household on the household's own page in the commune office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError, BadInput
from app.households.registry import office_pages as household_pages
from app.households.registry import queries as registry
from app.households.registry.models import PovertyClass
from app.identity.access import requires
from app.identity.roles import Role

from . import queries
from .blueprint import bp
from .models import Kind, PovertyImport, PovertyImportRow
from .single import services as single


@dataclass(frozen=True)
class Waiting:
    """A decision that waits, as the household's page shows it. `mine`: whoever looks entered it."""

    id: UUID
    made: PovertyImport
    row: PovertyImportRow
    ends: bool
    mine: bool
    reason: str


@bp.app_template_global("poverty_waiting")
def poverty_waiting(household_id: UUID) -> Waiting | None:
    """For the registry's page of a household, which is on a floor below and can't ask itself."""
    actor = current_actor()
    found = queries.waiting(actor, household_id)
    if found is None:
        return None
    row = queries.only_row(found.id)
    ends, mine = row.kind == Kind.ENDING, found.created_by == actor.user_id
    return Waiting(found.id, found, row, ends, mine, queries.reason(found))


@bp.post("/ho/<code>")
@requires(Role.COMMUNE_OFFICER)
def decide(code: str) -> Response | tuple[str, int]:
    """Enter the commune's decision about a household."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    try:
        single.propose(actor=actor, household_id=found.id, clock=SYSTEM_CLOCK, **_decision())
    except AppError as error:
        return household_pages.again(found, error)
    return household_pages.done(found, _("Đã ghi. Chờ một cán bộ khác duyệt thì mới có hiệu lực."))


@bp.post("/ho/<code>/thoi")
@requires(Role.COMMUNE_OFFICER)
def end(code: str) -> Response | tuple[str, int]:
    """Enter that a household leaves the list."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    day, reason = _day("ends_on"), request.form.get("end_reason", "")
    try:
        if day is None:
            raise BadInput(_("Chọn ngày."), errors={"ends_on": [_("Chọn ngày.")]})
        single.propose_end(actor=actor, household_id=found.id, ends_on=day, reason=reason, clock=SYSTEM_CLOCK)
    except AppError as error:
        return household_pages.again(found, error, reason="end_reason")
    return household_pages.done(found, _("Đã ghi. Chờ một cán bộ khác duyệt; đến lúc đó hộ vẫn như cũ."))


def _decision() -> dict[str, Any]:
    """The decision the form holds.

    Raises:
        BadInput: no class chosen, or a date that cannot be read.
    """
    form = request.form
    errors: dict[str, list[str]] = {}
    if form.get("poverty_class") not in list(PovertyClass):
        errors["poverty_class"] = [_("Chọn loại hộ.")]
    days = {name: _day(name) for name in ("valid_from", "valid_to")}
    errors |= {name: [_("Chọn ngày.")] for name, day in days.items() if day is None}
    if errors:
        raise BadInput(_("Còn chỗ chưa đúng."), errors=errors)
    return {
        "poverty_class": PovertyClass(form["poverty_class"]),
        "decision_number": form.get("decision_number", "")[:100],
        **days,
    }


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None
