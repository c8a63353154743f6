"""The finance office's payouts: batches, one batch, its bank files, and the bank's answers."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.core.http import takes_up_to
from app.core.texts import tidy
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.payees import queries as payees
from app.payments.payouts import answers, queries, services, words
from app.payments.payouts import told as told_by_bank
from app.payments.payouts.answers import Act
from app.payments.payouts.bank_files import OwnAccount, read_columns
from app.payments.payouts.errors import BadForm, NotConfigured
from app.payments.payouts.limits import OWN_RETURNS
from app.payments.payouts.models import PayoutBatch
from app.payments.payouts.states import BatchState, Event

bp = Blueprint("payouts", __name__, template_folder="templates", url_prefix="/dieu-hanh/chi-tra")
Shown = str | Answer | tuple[str, int]
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
PAGE, PAYOUTS = 20, 50
FORM_BYTES = 64 * 1024
_KEY = re.compile(r"[0-9a-f]{32}")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("")
@requires(*READERS)
def overview() -> Shown:
    """All batches, newest first."""
    return _overview()


@bp.post("")
@requires(Role.FINANCE)
def build() -> Shown:
    """Draft a batch."""
    try:
        key = request.form.get("key", "")
        if not _KEY.fullmatch(key):
            raise BadForm("key", _("Trang đã mở quá lâu. Tải lại trang rồi gửi lại nhé."))
        batch = services.build(idempotency_key=f"page|{key}", actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _overview(error), error.status
    return _to(batch.id)


@bp.get("/<uuid:batch_id>")
@requires(*READERS)
def show(batch_id: UUID) -> Shown:
    """One batch, and what can be done about it."""
    return _one(batch_id)


@bp.post("/<uuid:batch_id>/duyet")
@requires(Role.FINANCE)
def approve(batch_id: UUID) -> Shown:
    """Approve as the second person."""
    try:
        services.approve(batch_id, actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _one(batch_id, error), error.status
    return _to(batch_id)


@bp.post("/<uuid:batch_id>/huy")
@requires(Role.FINANCE)
def cancel(batch_id: UUID) -> Shown:
    """Give the batch up."""
    try:
        services.cancel(batch_id, reason=_reason(), actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _one(batch_id, error), error.status
    return _to(batch_id)


@bp.post("/<uuid:batch_id>/tep-xml")
@requires(Role.FINANCE)
def xml_file(batch_id: UUID) -> Shown:
    """The bank's file, with full account numbers; noted each time."""
    try:
        batch, data = services.xml_file(batch_id, own=_own(), actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _one(batch_id, error), error.status
    return _download(data, f"{batch.code}.xml", "application/xml")


@bp.post("/<uuid:batch_id>/tep-xlsx")
@requires(Role.FINANCE)
def xlsx_file(batch_id: UUID) -> Shown:
    """The same as a sheet."""
    columns = read_columns(current_app.config["CHOPHIEN"].payout_sheet_columns)
    try:
        batch, data = services.xlsx_file(
            batch_id, own=_own(), columns=columns, actor=current_actor(), clock=SYSTEM_CLOCK
        )
    except AppError as error:
        return _one(batch_id, error), error.status
    return _download(data, f"{batch.code}.xlsx", XLSX)


@bp.post("/<uuid:batch_id>/ket-qua")
@requires(Role.FINANCE)
@takes_up_to(answers.MAX_BYTES + FORM_BYTES)
def upload(batch_id: UUID) -> Shown:
    """Read the bank's answers and show what they would do."""
    file = request.files.get("file")
    try:
        made = services.upload(
            batch_id,
            data=file.read() if file else b"",
            file_name=(file.filename if file else None) or "",
            actor=current_actor(),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _one(batch_id, error), error.status
    return redirect(url_for(".result", result_id=made.id), 303)


@bp.get("/ket-qua/<uuid:result_id>")
@requires(*READERS)
def result(result_id: UUID) -> Shown:
    """A result file, row by row."""
    return _result(result_id)


@bp.post("/ket-qua/<uuid:result_id>/ghi-so")
@requires(Role.FINANCE)
def apply(result_id: UUID) -> Shown:
    """Do what the file says."""
    try:
        done = services.apply(result_id, actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _result(result_id, error), error.status
    flash(_("Đã ghi kết quả của ngân hàng."), "success")
    return _to(done.batch_id)


@bp.get("/khoan/<uuid:payout_id>")
@requires(*READERS)
def payout(payout_id: UUID) -> Shown:
    """One payout."""
    return _payout(payout_id)


@bp.post("/khoan/<uuid:payout_id>/da-den")
@requires(Role.FINANCE)
def confirm(payout_id: UUID) -> Shown:
    """Say by hand that it arrived."""
    return _by_hand(payout_id, Event.CONFIRMED)


@bp.post("/khoan/<uuid:payout_id>/tra-lai")
@requires(Role.FINANCE)
def give_back(payout_id: UUID) -> Shown:
    """Say by hand that it did not arrive, or came back."""
    return _by_hand(payout_id, Event.RETURNED)


@bp.post("/khoan/<uuid:payout_id>/van-da-den")
@requires(Role.FINANCE)
def arrived(payout_id: UUID) -> Shown:
    """Put right what was said to be returned, and arrived after all."""
    return _by_hand(payout_id, Event.ARRIVED)


def _by_hand(payout_id: UUID, event: Event) -> Shown:
    try:
        services.answer_by_hand(
            payout_id,
            event,
            reason=_reason(),
            bank_reference=tidy(request.form.get("bank_reference", ""))[:100] or None,
            actor=current_actor(),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _payout(payout_id, error), error.status
    return redirect(url_for(".payout", payout_id=payout_id), 303)


def _reason() -> str:
    told = tidy(request.form.get("reason", ""))
    if not 3 <= len(told) <= 500:
        raise BadForm("reason", _("Ghi lý do, từ 3 đến 500 chữ cái."))
    return told


def _own() -> OwnAccount:
    config = current_app.config["CHOPHIEN"]
    if not (config.payout_bin and config.payout_account and config.payout_holder):
        raise NotConfigured()
    return OwnAccount(config.payout_bin, config.payout_account, config.payout_holder)


def _download(data: bytes, name: str, kind: str) -> Response:
    answer = Response(data, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _to(batch_id: UUID) -> Answer:
    return redirect(url_for(".show", batch_id=batch_id), 303)


def _overview(error: AppError | None = None) -> str:
    cursor = request.args.get("cursor")
    return render_template(
        "payouts/overview.html",
        page=queries.batches(cursor=cursor, limit=PAGE),
        cursor=cursor,
        acts=_acts(),
        problem=error.message if error else "",
        key=uuid4().hex,
        words=words,
    )


def _one(batch_id: UUID, error: AppError | None = None) -> str:
    item = queries.batch_item(batch_id)
    cursor = request.args.get("cursor")
    return render_template(
        "payouts/show.html",
        batch=item.batch,
        totals=item.totals,
        page=queries.payouts_page(batch_id, cursor=cursor, limit=PAYOUTS),
        held=queries.held(batch_id),
        results=queries.results_of(batch_id),
        cursor=cursor,
        acts=_acts(),
        is_mine=current_actor().user_id == item.batch.created_by,
        barred=_barred(item.batch),
        problem=error.message if error else "",
        words=words,
    )


def _result(result_id: UUID, error: AppError | None = None) -> str:
    result, planned = services.preview(result_id)
    batch = queries.get_batch(result.batch_id)
    return render_template(
        "payouts/result.html",
        result=result,
        faults=told_by_bank.faults_of(result),
        batch=batch,
        planned=planned,
        acts=_acts(),
        barred=_approved(batch) and any(each.act in (Act.RETURN, Act.TAKE_BACK) for each in planned),
        problem=error.message if error else "",
        words=words,
    )


def _payout(payout_id: UUID, error: AppError | None = None) -> str:
    found = queries.get_payout(payout_id)
    batch = queries.get_batch(found.batch_id)
    return render_template(
        "payouts/payout.html",
        payout=found,
        batch=batch,
        barred=_approved(batch),
        said_so=current_actor().user_id == found.answered_by,
        account=payees.masked(payees.get_account(found.bank_account_id)),
        acts=_acts(),
        problem=error.message if error else "",
        values=request.form,
        words=words,
    )


def _approved(batch: PayoutBatch) -> bool:
    return current_actor().user_id == batch.approved_by


def _barred(batch: PayoutBatch) -> bool:
    user_id = current_actor().user_id
    if batch.status != BatchState.DRAFT or user_id is None:
        return False
    return queries.said_returned(batch.id, user_id, since=SYSTEM_CLOCK.now() - OWN_RETURNS)


def _acts() -> bool:
    return current_actor().has_role(Role.FINANCE)
