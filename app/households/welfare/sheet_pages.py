"""Accounts in bulk: a sheet to fill, its preview, its progress; and the accounts that wait for a second officer."""

from __future__ import annotations

from uuid import UUID

from flask import Response as Download
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError, BadInput
from app.core.http import takes_up_to
from app.core.masking import mask_tail
from app.core.sheets import CSV_TYPE, XLSX_TYPE
from app.households.registry import desk
from app.households.registry import queries as registry
from app.households.registry.people import masked
from app.identity import queries as people
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.payees import queries as payees
from app.payments.vietqr.banks import bank_by_bin

from . import batch_queries, batch_services, queries, services, sheet, words
from .blueprint import OFFICE, PAGE_SIZE, bp
from .models import BatchState, RowState, WelfareBatch

FORM_BYTES = 64 * 1024
ROWS = 50
CHOSEN = 100


@bp.get("/bang")
@requires(*OFFICE)
def sheets() -> str:
    """Sheets so far, one to fill, and the place to bring it back."""
    return _sheets({})


@bp.get("/bang/mau.<any(csv, xlsx):form>")
@requires(Role.COMMUNE_OFFICER)
def blank(form: str) -> Download:
    """The sheet to fill: eligible households without an account."""
    day = registry.today(SYSTEM_CLOCK)
    blanks = batch_queries.to_fill(current_actor(), day)
    answer = Download(sheet.to_fill(blanks, form=form), content_type=CSV_TYPE if form == "csv" else XLSX_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="tai-khoan-an-sinh-{day:%Y-%m-%d}.{form}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/bang")
@requires(Role.COMMUNE_OFFICER)
@takes_up_to(sheet.MAX_BYTES + FORM_BYTES)
def upload() -> Response | tuple[str, int]:
    """Read a filled sheet and show what it would do."""
    file = request.files.get("file")
    try:
        made = batch_services.upload(
            actor=current_actor(),
            data=file.read() if file else b"",
            file_name=(file.filename if file else None) or "",
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _sheets({"file": error.message}), error.status
    return _to(made)


@bp.get("/bang/<uuid:batch_id>")
@requires(*OFFICE)
def one_sheet(batch_id: UUID) -> str:
    """One sheet: its rows, the cells that can't be used; while it works the page loads itself again."""
    return _one(batch_id)


@bp.post("/bang/<uuid:batch_id>/<any(bo, 'hoan-tac', lap, 'xac-nhan'):act>")
@requires(Role.COMMUNE_OFFICER)
def act_on_sheet(batch_id: UUID, act: str) -> Response | tuple[str, int]:
    """Give its accounts, confirm them as the second officer, take them back, or put the preview away."""
    acts = {
        "lap": batch_services.apply,
        "xac-nhan": batch_services.verify,
        "hoan-tac": batch_services.undo,
        "bo": batch_services.drop,
    }
    try:
        acts[act](actor=current_actor(), batch_id=batch_id, clock=SYSTEM_CLOCK)
    except AppError as error:
        if error.status == 404:
            raise
        return _one(batch_id, error.message), error.status
    return redirect(
        url_for(".sheets" if act == "bo" else ".one_sheet", batch_id=None if act == "bo" else batch_id), 303
    )


@bp.get("/cho-xac-nhan")
@requires(*OFFICE)
def waiting() -> str:
    """Accounts that colleagues gave and nobody confirmed yet."""
    return _waiting()


@bp.post("/cho-xac-nhan")
@requires(Role.COMMUNE_OFFICER)
def confirm_chosen() -> Response | tuple[str, int]:
    """Confirm the chosen ones, each decided again."""
    try:
        chosen = [UUID(text) for text in request.form.getlist("chon")[:CHOSEN]]
    except ValueError:
        raise BadInput(_("Trang đã cũ. Tải lại trang rồi chọn lại nhé."), errors={"chon": ["invalid"]}) from None
    if not chosen:
        return _waiting(_("Chọn ít nhất một tài khoản đã kiểm tra.")), 422
    done, refused = services.verify_many(actor=current_actor(), account_ids=chosen, clock=SYSTEM_CLOCK)
    if done:
        flash(ngettext("Đã xác nhận %(num)d tài khoản.", "Đã xác nhận %(num)d tài khoản.", done), "success")
    for sentence in sorted({error.message for error in refused}):
        flash(sentence, "error")
    return redirect(url_for(".waiting"), 303)


def _sheets(errors: dict[str, str]) -> str:
    actor = current_actor()
    page = batch_queries.listing(actor, cursor=request.args.get("trang"), limit=PAGE_SIZE)
    return render_template(
        "welfare/sheets.html",
        page=page,
        states=words.batch_states(),
        names=people.display_names({one.created_by for one in page.items}),
        errors=errors,
        may_act=actor.has_role(Role.COMMUNE_OFFICER),
        max_rows=sheet.MAX_ROWS,
    )


def _one(batch_id: UUID, problem: str = "") -> str:
    actor = current_actor()
    batch = batch_queries.get(batch_id)
    wanted = request.args.get("loai", "")
    state = RowState(wanted) if wanted in set(RowState) else None
    page = batch_queries.rows(batch_id, state=state, cursor=request.args.get("trang"), limit=ROWS)
    may_act = actor.has_role(Role.COMMUNE_OFFICER)
    return render_template(
        "welfare/sheet.html",
        batch=batch,
        counts=batch_queries.counts(batch_id),
        rows=[_row(one) for one in page.items],
        next_url=url_for(".one_sheet", batch_id=batch_id, trang=page.next_cursor, loai=wanted or None)
        if page.next_cursor
        else None,
        wanted=wanted,
        at_work=batch.state in batch_queries.AT_WORK,
        states=words.batch_states(),
        row_states=words.row_states(),
        say=sheet.words,
        heads=sheet.HEADS,
        own=batch.created_by == actor.user_id,
        may_act=may_act,
        problem=problem,
    )


def _row(one: batch_queries.ShownRow) -> list[str]:
    typed = batch_services.typed_of(one.row)
    bank = bank_by_bin(typed.bin)
    state = words.row_states()[one.row.state]
    why = f": {sheet.words(one.row.problem)}" if one.row.problem else ""
    seen = masked(one.household)
    return [
        str(one.row.place), seen.code, seen.head_name, bank.short_name if bank else typed.bin,
        mask_tail(typed.number), typed.need, f"{state}{why}",
    ]  # fmt: skip


def _waiting(problem: str = "") -> str:
    actor = current_actor()
    page = queries.waiting(actor, cursor=request.args.get("trang"), limit=PAGE_SIZE)
    rows = desk.rows([one.household for one in page.items])
    return render_template(
        "welfare/waiting.html",
        items=[
            (one.account, row, payees.masked(one.bank_account), payees.account_holder(one.bank_account))
            for one, row in zip(page.items, rows, strict=True)
        ],
        next_url=url_for(".waiting", trang=page.next_cursor) if page.next_cursor else None,
        may_act=actor.has_role(Role.COMMUNE_OFFICER),
        problem=problem,
    )


def _to(batch: WelfareBatch) -> Response:
    if batch.state == BatchState.READY and not batch.faults_total:
        flash(_("Bảng đọc được hết. Xem lại rồi bấm Lập tài khoản."), "success")
    return redirect(url_for(".one_sheet", batch_id=batch.id), 303)
