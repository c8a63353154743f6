"""The desk where two words about one household stand side by side until a person chooses, and photos are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core import crypto
from app.core.clock import SYSTEM_CLOCK
from app.core.crypto import KeyDestroyed
from app.core.database import current_actor
from app.core.errors import AppError
from app.core.vault import vault
from app.households.registry import desk, words
from app.households.registry import queries as registry
from app.households.registry.people import masked
from app.identity import queries as people
from app.identity.access import requires
from app.identity.roles import Role

from . import conflicts, queries, services, settling, sides
from .errors import NoSuchConflict
from .models import DoorstepPhoto

bp = Blueprint("onboarding", __name__, template_folder="templates")
WHO = (Role.TEAM_MEMBER, Role.COMMUNE_OFFICER)
PAGE_SIZE = 20
SMALL = 360


@bp.get("/to-cong-nghe/xung-dot")
@requires(*WHO)
def open_conflicts() -> str:
    """What waits for a choice: a member's own, an officer's of the commune; the oldest first."""
    actor = current_actor()
    page = conflicts.listing(actor, cursor=request.args.get("trang"), limit=PAGE_SIZE)
    homes = {home.id: home for _conflict, home in page.items}
    crypto.load_keys({home.data_key_id for home in homes.values()})
    living = [(conflict, home) for conflict, home in page.items if not queries.is_erased(home)]
    rows = desk.rows([home for _conflict, home in living])
    senders = people.display_names({conflict.member_id for conflict, _home in living})
    told = zip((conflict for conflict, _home in living), rows, strict=True)
    return render_template(
        "onboarding/conflicts.html",
        items=[(conflict, row, senders.get(conflict.member_id, "")) for conflict, row in told],
        next_url=url_for(".open_conflicts", trang=page.next_cursor) if page.next_cursor else None,
        is_officer=actor.has_role(Role.COMMUNE_OFFICER),
    )


@bp.get("/to-cong-nghe/xung-dot/<uuid:conflict_id>")
@requires(*WHO)
def conflict(conflict_id: UUID) -> str:
    """Both sides, masked, and a choice for each."""
    return _show(conflict_id)


@bp.post("/to-cong-nghe/xung-dot/<uuid:conflict_id>/xem-du")
@requires(*WHO)
def conflict_in_full(conflict_id: UUID) -> str:
    """Both sides in full; the look is written down."""
    services.unmask_conflict(actor=current_actor(), conflict_id=conflict_id, clock=SYSTEM_CLOCK)
    return _show(conflict_id, in_full=True)


@bp.post("/to-cong-nghe/xung-dot/<uuid:conflict_id>")
@requires(*WHO)
def settle(conflict_id: UUID) -> Response | tuple[str, int]:
    """Choose a side for each group of fields."""
    version = request.form.get("version", "")
    names = conflicts.get(conflict_id).fields
    chosen = {name: request.form.get(sides.leader(name, names), "") for name in names}
    try:
        services.settle(
            actor=current_actor(),
            conflict_id=conflict_id,
            choices=chosen,
            version=int(version) if version.isascii() and version.isdecimal() and len(version) < 9 else 0,
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        if error.status in (403, 404):
            raise
        return _show(conflict_id, error=error, chosen=chosen), error.status
    flash(_("Đã ghi lựa chọn của bạn."), "success")
    return redirect(url_for(".conflict", conflict_id=conflict_id))


@bp.post("/to-cong-nghe/xung-dot/<uuid:conflict_id>/chon-lai")
@requires(*WHO)
def choose_again(conflict_id: UUID) -> Response:
    """Take the choice back."""
    services.choose_again(actor=current_actor(), conflict_id=conflict_id, clock=SYSTEM_CLOCK)
    flash(_("Đã mở lại. Bạn chọn lại nhé."), "success")
    return redirect(url_for(".conflict", conflict_id=conflict_id))


@bp.get("/to-cong-nghe/anh/<uuid:photo_id>")
@requires(*WHO)
def photo(photo_id: UUID) -> Response:
    """A photo of the doorstep, for who sent it and the commune's officers; the look is written down."""
    return _picture(photo_id)


@bp.get("/to-cong-nghe/anh/<uuid:photo_id>/nho")
@requires(*WHO)
def small_photo(photo_id: UUID) -> Response:
    """The same, small; a look as well."""
    return _picture(photo_id, longest=SMALL)


@bp.app_template_global("doorstep_photos")
def doorstep_photos(household_id: UUID) -> Sequence[DoorstepPhoto]:
    """For the officers' pages of a household, which are on floors below and can't ask themselves."""
    return queries.photos_of(household_id) if current_actor().has_role(Role.COMMUNE_OFFICER) else ()


def _picture(photo_id: UUID, *, longest: int | None = None) -> Response:
    content, media_type = services.open_photo(
        actor=current_actor(), photo_id=photo_id, vault=vault(), clock=SYSTEM_CLOCK, longest=longest
    )
    answer = Response(content, mimetype=media_type)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Disposition"] = "inline"
    return answer


def _show(
    conflict_id: UUID,
    *,
    in_full: bool = False,
    error: AppError | None = None,
    chosen: dict[str, str] | None = None,
) -> str:
    actor = current_actor()
    found = conflicts.get(conflict_id)
    home = registry.find(found.household_id, actor=actor)
    try:
        both = sides.of(found, home, actor=actor, in_full=in_full)
        seen = masked(home)
    except KeyDestroyed:
        raise NoSuchConflict from None
    names = people.display_names({found.member_id, *([found.settled_by] if found.settled_by else [])})
    may_choose = conflicts.may_choose(actor, found, home)
    return render_template(
        "onboarding/conflict.html",
        conflict=found,
        household=home,
        seen=seen,
        place=desk.place(home),
        sides=both,
        in_full=in_full,
        names=names,
        words=words,
        photos=queries.photos_of(home.id) if may_choose else [],
        may_choose=may_choose,
        may_unmask=services.may_see_in_full(actor, found, home) and not in_full,
        may_take_back=may_choose and settling.may_take_back(found, home, queries.outcome_of(found.record_id)),
        is_officer=actor.has_role(Role.COMMUNE_OFFICER),
        chosen=chosen or found.choices or {},
        message=error.message if error else "",
        errors=error.details.get("errors", {}) if error else {},
    )
