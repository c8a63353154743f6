"""The commune office's pages of the yearly list: bring it, say what its columns are, look, approve, undo."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.actor import EVERYWHERE
from app.core.clock import SYSTEM_CLOCK
from app.core.crypto import KeyDestroyed
from app.core.database import current_actor
from app.core.errors import AppError
from app.core.http import takes_up_to
from app.core.sheets import XLSX_TYPE
from app.households.areas import queries as areas
from app.identity.access import requires

from . import export, queries, services, sheet, single_pages, words
from .blueprint import OFFICE, bp
from .columns import Column, Layout, letter
from .errors import UnreadableList
from .models import Kind, PovertyImport, State

__all__ = ["bp", "single_pages"]

PAGE_SIZE = 20
ROWS = 50
FORM_BYTES = 64 * 1024


@bp.get("")
@requires(*OFFICE)
def overview() -> Response:
    """Lists that were brought, newest first, and the form for another one."""
    return _overview("")


def _overview(problem: str) -> Response:
    page = queries.listing(current_actor(), cursor=request.args.get("trang"), limit=PAGE_SIZE)
    choices = _areas()
    named = dict(choices) | areas.names({one.area_code for one in page.items})
    text = render_template(
        "poverty/overview.html",
        page=page,
        named=named,
        choices=choices,
        area=request.form.get("area_code", choices[0][0] if len(choices) == 1 else ""),
        problem=problem,
        words=words,
    )
    return _not_kept(text)


def _areas() -> list[tuple[str, str]]:
    """Where this officer may bring a list for: (code, name)."""
    actor = current_actor()
    if EVERYWHERE in actor.areas:
        return [(EVERYWHERE, _("Nhiều xã trong một tệp")), *areas.communes()]
    names = areas.names(actor.areas)
    return sorted(((code, name) for code, name in names.items() if "-" not in code), key=lambda one: one[1])


def _not_kept(text: str) -> Response:
    answer = Response(text, content_type="text/html; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("")
@requires(*OFFICE)
@takes_up_to(sheet.MAX_BYTES + FORM_BYTES)
def upload() -> Answer | tuple[Response, int]:
    """Take a file in."""
    file = request.files.get("file")
    try:
        made = services.upload(
            actor=current_actor(),
            data=file.read() if file else b"",
            file_name=(file.filename if file else None) or "",
            area_code=request.form.get("area_code", "")[:20],
            clock=SYSTEM_CLOCK,
        )
    except UnreadableList as error:
        return _overview(error.message), error.status
    return redirect(url_for(".show", import_id=made.id), 303)


@bp.post("/hien-co")
@requires(*OFFICE)
def present() -> Response:
    """Today's poor and near-poor households as a spreadsheet to change and bring back; the look is written down."""
    actor = current_actor()
    services.note_present(actor=actor, clock=SYSTEM_CLOCK)
    return _spreadsheet(export.present(actor, clock=SYSTEM_CLOCK), "ho-ngheo.xlsx")


def _spreadsheet(data: bytes, name: str) -> Response:
    answer = Response(data, content_type=XLSX_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/<uuid:import_id>")
@requires(*OFFICE)
def show(import_id: UUID) -> Response:
    """One list, at whichever step it is; while a job works on it the page reloads itself."""
    found = queries.get(import_id, actor=current_actor())
    again = found.state == State.READY and "cot" in request.args and found.household_id is None
    choosing = found.state == State.UPLOADED or again
    if choosing and found.created_by == current_actor().user_id:
        return _columns_form(found, {})
    return _preview(found, "")


def _columns_form(found: PovertyImport, errors: dict[str, str]) -> Response:
    try:
        layout = queries.layout(found)
    except KeyDestroyed:
        return _preview(found, "")
    known = queries.remembered(found.area_code, found.headings_mark)
    chosen = found.columns or known or layout.guess
    text = render_template(
        "poverty/columns.html",
        found=found,
        heads=_heads(layout),
        roles=[(column, name, _chosen(column, chosen)) for column, name in words.columns().items()],
        remembered=known is not None,
        values=request.form or _values(found, layout),
        errors=errors,
        place=_place(found),
        one_commune=found.area_code != EVERYWHERE,
    )
    return _not_kept(text)


def _heads(layout: Layout) -> list[tuple[str, str]]:
    """Each column of the file for choosing: its letter, heading and a first cell."""
    heads = []
    for index, label in enumerate(layout.labels):
        sample = layout.samples[index][0] if layout.samples and layout.samples[index] else ""
        if label or sample:
            words_ = ": ".join(part for part in (letter(index), label) if part)
            heads.append((str(index), f"{words_} ({sample})" if sample else words_))
    return heads


def _chosen(column: Column, chosen: dict[str, int]) -> str:
    if request.form:
        return request.form.get(f"column_{column}", "")
    return str(chosen.get(column, ""))


def _values(found: PovertyImport, layout: Layout) -> dict[str, str]:
    """What the form says at first: what was said before, else what the title of the list tells."""
    year = found.year or layout.year
    start = found.valid_from or (date(year, 1, 1) if year else None)
    end = found.valid_to or (date(year, 12, 31) if year else None)
    return {
        "decision_number": found.decision_number or layout.decision_number,
        "year": str(year or ""),
        "valid_from": start.isoformat() if start else "",
        "valid_to": end.isoformat() if end else "",
        "whole_list": "1" if found.whole_list else "",
    }


def _place(found: PovertyImport) -> str:
    if found.area_code == EVERYWHERE:
        return str(_("Nhiều xã trong một tệp"))
    return areas.names([found.area_code]).get(found.area_code, found.area_code)


@bp.post("/<uuid:import_id>/cot")
@requires(*OFFICE)
def confirm(import_id: UUID) -> Answer | tuple[Response, int]:
    """Confirm columns and decision; reading begins."""
    actor, form = current_actor(), request.form
    columns = {
        str(column): int(at) for column in Column if (at := form.get(f"column_{column}", "")).isdigit() and len(at) < 5
    }
    year = form.get("year", "").strip()
    try:
        services.confirm_columns(
            actor=actor,
            import_id=import_id,
            columns=columns,
            decision_number=form.get("decision_number", "")[:100],
            year=int(year) if year.isdecimal() and len(year) == 4 else None,
            valid_from=_day("valid_from"),
            valid_to=_day("valid_to"),
            whole_list=form.get("whole_list") == "1",
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        details: dict[str, list[str]] = error.details.get("errors") or {}
        if not details:
            raise
        found = queries.get(import_id, actor=actor)
        return _columns_form(found, {name: " ".join(said) for name, said in details.items()}), error.status
    return redirect(url_for(".show", import_id=import_id), 303)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None


def _preview(found: PovertyImport, problem: str) -> Response:
    actor = current_actor()
    wanted = request.args.get("loai", "")
    kind = Kind(wanted) if wanted in list(Kind) else None
    counts = queries.counts(found.id)
    kinds = words.kinds()
    text = render_template(
        "poverty/show.html",
        found=found,
        place=_place(found),
        counts=counts,
        shown_kinds=[(one, kinds[one][0], counts[one]) for one in kinds if counts[one]],
        page=queries.rows(found, kind=kind, cursor=request.args.get("trang"), limit=ROWS),
        kind=kind,
        kinds=kinds,
        reason=queries.reason(found),
        kept=queries.kept(found.id) if found.state == State.UNDONE else 0,
        at_work=found.state in queries.AT_WORK,
        own=found.created_by == actor.user_id,
        refused=services.why_not_approve(found, counts, actor=actor) if found.state == State.READY else "",
        problems=words.problems(),
        problem=problem,
        criteria=words.criteria_known(found.valid_to) if found.valid_to else "",
        words=words,
    )
    return _not_kept(text)


@bp.post("/<uuid:import_id>/duyet")
@requires(*OFFICE)
def approve(import_id: UUID) -> Answer | tuple[Response, int]:
    """A second officer's yes."""
    refused = _act(services.approve, import_id)
    state = State(queries.get(import_id, actor=current_actor()).state)
    said = {State.APPLYING: _("Đã duyệt. Danh sách đang được ghi."), State.APPLIED: _("Đã duyệt, đã có hiệu lực.")}
    return refused or _back(import_id, said.get(state, ""))


@bp.post("/<uuid:import_id>/hoan-tac")
@requires(*OFFICE)
def undo(import_id: UUID) -> Answer | tuple[Response, int]:
    """Take the list back."""
    return _act(services.undo, import_id) or _back(import_id, _("Đang hoàn tác danh sách này."))


def _act(service: Any, import_id: UUID) -> tuple[Response, int] | None:
    """The page with what stands against it; nothing when it was done."""
    actor = current_actor()
    try:
        service(actor=actor, import_id=import_id, clock=SYSTEM_CLOCK)
    except AppError as error:
        if error.status == 404:
            raise
        return _preview(queries.get(import_id, actor=actor), error.message), error.status
    return None


def _back(import_id: UUID, said: str) -> Answer:
    if said:
        flash(said, "success")
    return redirect(url_for(".show", import_id=import_id), 303)


@bp.post("/<uuid:import_id>/bo")
@requires(*OFFICE)
def drop(import_id: UUID) -> Answer:
    """Put a list away that nobody approved."""
    services.drop(actor=current_actor(), import_id=import_id, clock=SYSTEM_CLOCK)
    flash(_("Đã bỏ danh sách. Chưa có gì được ghi."), "success")
    return redirect(url_for(".overview"), 303)


@bp.post("/<uuid:import_id>/dong-loi")
@requires(*OFFICE)
def errors(import_id: UUID) -> Response:
    """The rows with errors as a spreadsheet to mend; the look is written down."""
    actor = current_actor()
    services.note_export(actor=actor, import_id=import_id, clock=SYSTEM_CLOCK)
    found = queries.get(import_id, actor=actor)
    return _spreadsheet(export.errors(found, made_at=SYSTEM_CLOCK.now()), "dong-loi.xlsx")
