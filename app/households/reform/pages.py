"""The province's pages of area reform: choose communes, fill the sheet, look at what would happen, approve."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError, BadInput
from app.core.http import takes_up_to
from app.core.sheets import XLSX_TYPE
from app.core.states import ImpossibleStep
from app.identity.access import requires
from app.identity.roles import Role

from . import queries, services, sheet, views, words
from .errors import BadPlan, RowFault
from .plans import Plan

bp = Blueprint("reform", __name__, template_folder="templates", url_prefix="/dieu-hanh/dia-gioi")
PAGE_SIZE = 20
FORM_BYTES = 64 * 1024


@bp.get("")
@requires(Role.PROVINCE_OPERATOR)
def overview() -> str:
    """Reforms, newest first, and the way to a new one."""
    return _overview()


def _overview(problem: str = "", faults: tuple[RowFault, ...] = ()) -> str:
    page = queries.listing(cursor=request.args.get("trang"), limit=PAGE_SIZE)
    return render_template(
        "reform/overview.html",
        page=page,
        states=words.states(),
        problem=problem,
        faults=faults,
        decision_number=request.form.get("decision_number", "")[:60],
        effective_on=request.form.get("effective_on", "")[:10],
        next_url=url_for(".overview", trang=page.next_cursor) if page.next_cursor else None,
        first_url=url_for(".overview") if request.args.get("trang") else None,
    )


@bp.get("/chon-xa")
@requires(Role.PROVINCE_OPERATOR)
def choose() -> str:
    """Tick the communes that the sheet is to hold."""
    return _choose("")


def _choose(problem: str) -> str:
    return render_template("reform/choose.html", communes=queries.communes_of_province(views.PROVINCE), problem=problem)


@bp.get("/mau.xlsx")
@requires(Role.PROVINCE_OPERATOR)
def blank() -> Response | str:
    """The sheet for the communes that were ticked."""
    chosen = [code for code in request.args.getlist("xa") if code.isdecimal()][:200]
    if not chosen:
        return _choose(_("Đánh dấu ít nhất một xã, rồi tải mẫu."))
    content = sheet.blank(list(queries.units_around(chosen).values()))
    answer = Response(content, content_type=XLSX_TYPE)
    answer.headers["Content-Disposition"] = 'attachment; filename="sap-xep-dia-gioi.xlsx"'
    return answer


@bp.post("")
@requires(Role.PROVINCE_OPERATOR)
@takes_up_to(sheet.MAX_BYTES + FORM_BYTES)
def plan() -> Answer | tuple[str, int]:
    """Keep a filled sheet as a plan."""
    file = request.files.get("file")
    try:
        made = services.plan(
            actor=current_actor(),
            data=file.read() if file else b"",
            decision_number=request.form.get("decision_number", ""),
            effective_on=_day(request.form.get("effective_on", "")),
            clock=SYSTEM_CLOCK,
        )
    except BadPlan as error:
        return _overview(error.message, error.faults), error.status
    except BadInput as error:
        return _overview(error.message), error.status
    return redirect(url_for(".show", reform_id=made.id), 303)


@bp.get("/<uuid:reform_id>")
@requires(Role.PROVINCE_OPERATOR)
def show(reform_id: UUID) -> str:
    """One reform: what becomes of each commune, with its households."""
    return _show(reform_id)


def _show(reform_id: UUID, problem: str = "") -> str:
    reform = queries.get(reform_id)
    made = Plan.from_json(reform.plan)
    return render_template(
        "reform/show.html",
        reform=reform,
        rows=views.rows(made, applied=reform.applied_at is not None),
        ended=[(name, ", ".join(parts)) for name, parts in views.ended(made)],
        new=[one.name for one in made.new],
        mine=reform.planned_by == current_actor().user_id,
        states=words.states(),
        problem=problem,
    )


@bp.post("/<uuid:reform_id>/duyet")
@requires(Role.PROVINCE_OPERATOR)
def approve(reform_id: UUID) -> Answer | tuple[str, int]:
    """A second operator says yes."""
    return _step(reform_id, services.approve, _("Đã duyệt. Đến ngày có hiệu lực, mọi hộ tự về xã mới."))


@bp.post("/<uuid:reform_id>/bo")
@requires(Role.PROVINCE_OPERATOR)
def withdraw(reform_id: UUID) -> Answer | tuple[str, int]:
    """Drop a plan."""
    return _step(reform_id, services.withdraw, _("Đã bỏ bảng này. Chưa có gì thay đổi."))


def _step(reform_id: UUID, act: views.Act, done: str) -> Answer | tuple[str, int]:
    try:
        act(actor=current_actor(), reform_id=reform_id, clock=SYSTEM_CLOCK)
    except ImpossibleStep:
        return _show(reform_id, _("Bảng này vừa có người xử lý rồi.")), 409
    except AppError as error:
        return _show(reform_id, error.message), error.status
    flash(done, "success")
    return redirect(url_for(".show", reform_id=reform_id), 303)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        sentence = _("Chọn ngày có hiệu lực.")
        raise BadInput(sentence, errors={"effective_on": [sentence]}) from None
