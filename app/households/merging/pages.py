"""Two records side by side, the choice of what stays, and the second officer's word."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.households.office import differences
from app.households.registry import desk, fields
from app.households.registry import queries as registry
from app.households.registry import words as registry_words
from app.households.registry.models import Household
from app.households.registry.people import MaskedHousehold, masked
from app.identity import queries as people
from app.identity.access import requires
from app.identity.roles import Role

from . import obstacles, operations, queries, services, words
from .models import Merge
from .states import State

bp = Blueprint("merging", __name__, template_folder="templates")
PAGE_SIZE = 20
OFFICE = (Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)


@dataclass(frozen=True)
class Choice:
    """One group of fields in both records, masked; `same` when there is nothing to choose."""

    key: str
    label: str
    stays: str
    closed: str
    same: bool


@bp.get("/dieu-hanh/gop-ho")
@requires(*OFFICE)
def merges() -> str:
    """All merges in my area, newest first."""
    found = queries.listing(current_actor(), cursor=request.args.get("trang"), limit=PAGE_SIZE)
    homes = {one.id: masked(one) for one in registry.many([one.winner_id for one in found.items])}
    return render_template(
        "merging/list.html",
        rows=[(merge, homes[merge.winner_id]) for merge in found.items if merge.winner_id in homes],
        words=words,
        may_act=current_actor().has_role(Role.COMMUNE_OFFICER),
        next_url=url_for(".merges", trang=found.next_cursor) if found.next_cursor else None,
    )


@bp.get("/dieu-hanh/gop-ho/moi")
@requires(Role.COMMUNE_OFFICER)
def compare() -> str:
    """Two records side by side."""
    return _compare(request.args.get("giu", ""), request.args.get("dong", ""), {})


@bp.post("/dieu-hanh/gop-ho/moi")
@requires(Role.COMMUNE_OFFICER)
def propose() -> Response | tuple[str, int]:
    """Ask for the merge."""
    winner, loser = request.form.get("giu", ""), request.form.get("dong", "")
    try:
        merge = services.propose(
            actor=current_actor(),
            merge_id=_uuid(request.form.get("merge_id", "")),
            winner_code=winner,
            loser_code=loser,
            takes=[key for key in operations.GROUPS if request.form.get(f"lay_{key}") == "dong"],
            reason=request.form.get("reason", ""),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _compare(winner, loser, _sentences(error)), error.status
    flash(_("Đã gửi đề nghị gộp. Một cán bộ khác của xã xác nhận thì hai hồ sơ mới gộp."), "success")
    return redirect(url_for(".merge", merge_id=merge.id))


@bp.get("/dieu-hanh/gop-ho/<uuid:merge_id>")
@requires(*OFFICE)
def merge(merge_id: UUID) -> str:
    """One merge."""
    return _show(merge_id, {})


@bp.post("/dieu-hanh/gop-ho/<uuid:merge_id>/xac-nhan")
@requires(Role.COMMUNE_OFFICER)
def confirm(merge_id: UUID) -> Response | tuple[str, int]:
    """The second officer says yes."""
    try:
        services.confirm(actor=current_actor(), merge_id=merge_id, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _show(merge_id, _sentences(error)), error.status
    flash(_("Đã gộp hai hồ sơ. Trong 30 ngày vẫn hoàn tác được."), "success")
    return redirect(url_for(".merge", merge_id=merge_id))


@bp.post("/dieu-hanh/gop-ho/<uuid:merge_id>/bo")
@requires(Role.COMMUNE_OFFICER)
def refuse(merge_id: UUID) -> Response | tuple[str, int]:
    """No merge after all."""
    try:
        services.refuse(actor=current_actor(), merge_id=merge_id, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _show(merge_id, _sentences(error)), error.status
    flash(_("Đã bỏ đề nghị gộp. Hai hồ sơ giữ nguyên."), "success")
    return redirect(url_for(".merge", merge_id=merge_id))


@bp.post("/dieu-hanh/gop-ho/<uuid:merge_id>/hoan-tac")
@requires(Role.COMMUNE_OFFICER)
def undo(merge_id: UUID) -> Response | tuple[str, int]:
    """Put both records back."""
    reason = request.form.get("reason", "")
    try:
        services.undo(actor=current_actor(), merge_id=merge_id, reason=reason, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _show(merge_id, _sentences(error)), error.status
    flash(_("Đã hoàn tác. Hai hồ sơ trở lại như trước khi gộp."), "success")
    return redirect(url_for(".merge", merge_id=merge_id))


def _compare(winner_code: str, loser_code: str, errors: dict[str, str]) -> str:
    found = [_found(winner_code, "giu", errors), _found(loser_code, "dong", errors)]
    winner, loser = found
    reasons = obstacles.between(winner, loser, clock=SYSTEM_CLOCK) if winner and loser else []
    return render_template(
        "merging/compare.html",
        winner=_seen(winner),
        loser=_seen(loser),
        choices=_choices(winner, loser) if winner and loser else [],
        reasons=reasons,
        codes={"giu": winner_code, "dong": loser_code},
        merge_id=uuid4(),
        errors=errors,
        values=request.form,
        registry_words=registry_words,
    )


def _found(code: str, field: str, errors: dict[str, str]) -> Household | None:
    if not code.strip():
        return None
    try:
        return registry.by_code(code, actor=current_actor())
    except AppError as error:
        errors.setdefault(field, error.message)
        return None


def _seen(household: Household | None) -> tuple[MaskedHousehold, str] | None:
    return (masked(household), desk.place(household)) if household else None


def _choices(winner: Household, loser: Household) -> list[Choice]:
    ours, theirs, labels = fields.of(winner), fields.of(loser), words.groups()
    found = []
    for key, names in operations.GROUPS.items():
        both = [_said(side, names) for side in (ours, theirs)]
        same = all(ours[name] == theirs[name] for name in names)
        found.append(Choice(key, labels[key], both[0], both[1], same))
    return found


def _said(side: fields.Fields, names: tuple[str, ...]) -> str:
    """A group of fields in one line, masked; that a number is the household's own goes without saying."""
    told = {name: side[name] for name in names if name != "phone_is_contact"}
    words_ = [one.new for one in differences.between(dict.fromkeys(told, ""), told)]
    if "phone_is_contact" in names and side["phone_is_contact"]:
        words_.append(_("(của người thân)"))
    return ", ".join(dict.fromkeys(words_))


def _show(merge_id: UUID, errors: dict[str, str]) -> str:
    actor = current_actor()
    found: Merge = queries.get(merge_id, actor=actor)
    winner, loser = registry.get(found.winner_id), registry.get(found.loser_id)
    waits = found.status == State.PROPOSED
    return render_template(
        "merging/show.html",
        found=found,
        winner=masked(winner),
        loser=masked(loser),
        choices=[one for one in _choices(winner, loser) if one.key in found.takes] if waits else [],
        taken=[words.groups()[key] for key in found.takes],
        reasons=obstacles.between(winner, loser, clock=SYSTEM_CLOCK) if waits else [],
        names=people.display_names({one for one in (found.proposed_by, found.decided_by, found.undone_by) if one}),
        own=found.proposed_by == actor.user_id,
        may_act=actor.has_role(Role.COMMUNE_OFFICER),
        until=services.undo_until(found),
        may_undo=found.status == State.DONE and SYSTEM_CLOCK.now() <= services.undo_until(found),
        errors=errors,
        values=request.form,
        words=words,
        registry_words=registry_words,
    )


def _sentences(error: AppError) -> dict[str, str]:
    details = error.details.get("errors") or {"form": [error.message]}
    return {name: " ".join(found) for name, found in details.items()}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()
