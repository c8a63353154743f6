"""The finance office's statements: list, upload, preview, progress, undo."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import BadInput
from app.core.http import takes_up_to
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.statements import queries, readers, services, words
from app.payments.statements.errors import UnreadableStatement
from app.payments.statements.models import ImportState, LineState

bp = Blueprint("statements", __name__, template_folder="templates")

LINES = 50
FAULTS = 20
FORM_BYTES = 64 * 1024


@bp.get("/dieu-hanh/sao-ke")
@requires(Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
def overview() -> Response:
    """Imports, newest first, and the form for a new one."""
    return _overview("")


def _overview(problem: str) -> Response:
    page = queries.imports(cursor=request.args.get("cursor"), limit=20)
    faults, faults_total = queries.unseen_faults(limit=FAULTS)
    text = render_template(
        "statements/overview.html",
        page=page,
        faults=faults,
        faults_total=faults_total,
        problems=words.problems(),
        states=words.states(),
        problem=problem,
        own_account=request.form.get("own_account", ""),
        may_write=current_actor().has_role(Role.FINANCE),
    )
    return _not_kept(text)


def _not_kept(text: str) -> Response:
    answer = Response(text, content_type="text/html; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/dieu-hanh/sao-ke/tin-loi/<uuid:fault_id>/da-xem")
@requires(Role.FINANCE)
def see_fault(fault_id: UUID) -> Answer:
    """Note that an item of the feed that could not be read was seen to."""
    services.see_fault(actor=current_actor(), fault_id=fault_id, clock=SYSTEM_CLOCK)
    return redirect(url_for("statements.overview"), 303)


@bp.post("/dieu-hanh/sao-ke")
@requires(Role.FINANCE)
@takes_up_to(readers.MAX_BYTES + FORM_BYTES)
def upload() -> Answer | tuple[Response, int]:
    """Read a file and show what is in it."""
    file = request.files.get("file")
    data = file.read() if file else b""
    try:
        made = services.upload(
            actor=current_actor(),
            data=data,
            file_name=(file.filename if file else None) or "",
            own_account=request.form.get("own_account", ""),
            clock=SYSTEM_CLOCK,
        )
    except UnreadableStatement as error:
        return _overview(error.message), error.status
    return redirect(url_for("statements.show", import_id=made.id), 303)


@bp.get("/dieu-hanh/sao-ke/<uuid:import_id>")
@requires(Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
def show(import_id: UUID) -> Response:
    """One import: counts, faults, lines; while it works the page reloads itself."""
    found = queries.get(import_id)
    wanted = request.args.get("loai", "")
    if wanted and wanted not in set(LineState):
        raise BadInput(_("Không có loại dòng này."), errors={"loai": ["unknown"]})
    page = queries.lines(
        import_id,
        state=LineState(wanted) if wanted else None,
        cursor=request.args.get("cursor"),
        limit=LINES,
    )
    me = current_actor()
    may_write = me.has_role(Role.FINANCE)
    ready = found.state == ImportState.READY and may_write
    text = render_template(
        "statements/show.html",
        refused=services.why_not_apply(found, actor=me, clock=SYSTEM_CLOCK) if ready else "",
        found=found,
        counts=queries.counts(import_id),
        page=page,
        wanted=wanted,
        at_work=found.state in queries.AT_WORK,
        states=words.states(),
        line_states=words.line_states(),
        kept_because=words.kept_because(),
        columns=words.columns(),
        problems=words.problems(),
        may_write=may_write,
    )
    return _not_kept(text)


@bp.post("/dieu-hanh/sao-ke/<uuid:import_id>/ghi-so")
@requires(Role.FINANCE)
def apply(import_id: UUID) -> Answer:
    """Count the lines."""
    services.apply(actor=current_actor(), import_id=import_id, clock=SYSTEM_CLOCK)
    return redirect(url_for("statements.show", import_id=import_id), 303)


@bp.post("/dieu-hanh/sao-ke/<uuid:import_id>/bo")
@requires(Role.FINANCE)
def drop(import_id: UUID) -> Answer:
    """Put a preview away."""
    services.drop(actor=current_actor(), import_id=import_id, clock=SYSTEM_CLOCK)
    return redirect(url_for("statements.overview"), 303)


@bp.post("/dieu-hanh/sao-ke/<uuid:import_id>/hoan-tac")
@requires(Role.FINANCE)
def undo(import_id: UUID) -> Answer:
    """Take the lines back."""
    services.undo(actor=current_actor(), import_id=import_id, clock=SYSTEM_CLOCK)
    return redirect(url_for("statements.show", import_id=import_id), 303)
