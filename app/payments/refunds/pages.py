"""The finance office's refunds: the list, asking for one, and what to do when the way to the card is closed."""

from __future__ import annotations

from uuid import UUID, uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import AppError
from app.core.masking import mask_tail
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.cards import gateway
from app.payments.refunds import forms, operations, queries, services, words
from app.payments.refunds.errors import RefundNotFound
from app.payments.refunds.operations import PayerAccount
from app.payments.requests import again
from app.payments.requests import queries as requests
from app.payments.vietqr.banks import bank_by_bin, payee_banks

bp = Blueprint("refunds", __name__, template_folder="templates", url_prefix="/dieu-hanh/hoan-tien")
Answer = str | Response | tuple[str, int]
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
PAGE = 20


@bp.get("")
@requires(*READERS)
def overview() -> Answer:
    """All refunds, newest first; and the request whose code was typed, with the form to give it back."""
    typed = request.args.get("ma", "")[:60]
    return _overview(typed)


@bp.post("")
@requires(Role.FINANCE)
def ask() -> Answer:
    """Give money back."""
    code = normalise(request.form.get("code", "")[:60])
    try:
        refund = services.ask(
            code=code,
            amount_vnd=forms.amount(request.form),
            reason=forms.reason(request.form),
            idempotency_key=forms.key(request.form),
            actor=current_actor(),
            gateway=gateway.current(),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _overview(code, error), error.status
    return _to(refund.id)


@bp.get("/<refund_id>")
@requires(*READERS)
def show(refund_id: str) -> Answer:
    """One refund, and what can be done about it."""
    return _one(refund_id)


@bp.post("/<refund_id>/hoi-lai")
@requires(Role.FINANCE)
def catch_up(refund_id: str) -> Answer:
    """Ask the gateway how it stands, now."""
    found = queries.get(_id(refund_id))
    if not services.catch_up(found.id, gateway=gateway.current(), clock=SYSTEM_CLOCK):
        flash(_("Cổng thẻ chưa trả lời. Hệ thống sẽ tự hỏi lại mỗi phút."), "warning")
    return _to(found.id)


@bp.post("/<refund_id>/chuyen-khoan")
@requires(Role.FINANCE)
def choose_transfer(refund_id: str) -> Answer:
    """Send it by bank transfer instead."""
    try:
        made = services.choose_transfer(
            _id(refund_id),
            account=forms.account(request.form),
            idempotency_key=forms.key(request.form),
            actor=current_actor(),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _one(refund_id, error), error.status
    return _to(made.id)


@bp.post("/<refund_id>/tai-khoan")
@requires(Role.FINANCE)
def show_account(refund_id: str) -> Answer:
    """The payer's account in full, this once; the look is written down."""
    try:
        account = services.show_account(_id(refund_id), actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _one(refund_id, error), error.status
    return _one(refund_id, shown=account)


@bp.post("/<refund_id>/da-chuyen")
@requires(Role.FINANCE)
def mark_sent(refund_id: str) -> Answer:
    """A second person confirms that the bank sent it."""
    try:
        services.mark_sent(
            _id(refund_id),
            bank_reference=forms.bank_reference(request.form),
            actor=current_actor(),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _one(refund_id, error), error.status
    return _to(_id(refund_id))


@bp.post("/<refund_id>/huy")
@requires(Role.FINANCE)
def withdraw(refund_id: str) -> Answer:
    """Give up a transfer that was not sent."""
    try:
        services.withdraw(_id(refund_id), actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _one(refund_id, error), error.status
    return _to(_id(refund_id))


@bp.post("/<refund_id>/bi-tra-lai")
@requires(Role.FINANCE)
def came_back(refund_id: str) -> Answer:
    """Another person writes down that the bank sent the transfer back."""
    try:
        services.came_back(
            _id(refund_id), reason=forms.came_back_reason(request.form), actor=current_actor(), clock=SYSTEM_CLOCK
        )
    except AppError as error:
        return _one(refund_id, error), error.status
    return _to(_id(refund_id))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise RefundNotFound() from None


def _to(refund_id: UUID) -> Response:
    return redirect(url_for(".show", refund_id=refund_id), 303)


def _overview(typed: str, error: AppError | None = None) -> str:
    cursor = request.args.get("cursor")
    found = requests.find(normalise(typed)) if typed else None
    return render_template(
        "refunds/overview.html",
        page=queries.page(cursor=cursor, limit=PAGE),
        typed=typed,
        found=found,
        is_kept_part=found is not None and again.is_kept_part(found),
        acts=current_actor().has_role(Role.FINANCE),
        values=request.form,
        errors=_errors(error),
        problem=error.message if error else "",
        key=request.form.get("key") or uuid4().hex,
        cursor=cursor,
        words=words,
    )


def _one(refund_id: str, error: AppError | None = None, shown: PayerAccount | None = None) -> str:
    item = queries.item(_id(refund_id))
    account = operations.account_of(item.refund)
    bank = bank_by_bin(account.bin) if account else None
    return render_template(
        "refunds/show.html",
        item=item,
        refund=item.refund,
        went_back=operations.went_back_otherwise(item.refund),
        replacement=queries.replacement_of(item.refund.id),
        acts=current_actor().has_role(Role.FINANCE),
        is_mine=current_actor().user_id == item.refund.created_by,
        i_sent=current_actor().user_id == item.refund.sent_by,
        bank_name=bank.short_name if bank else "",
        number_masked=mask_tail(account.number) if account else "",
        shown=shown,
        banks=[(bank.bin, bank.short_name) for bank in payee_banks()],
        values=request.form,
        errors=_errors(error),
        problem=error.message if error else "",
        key=request.form.get("key") or uuid4().hex,
        words=words,
    )


def _errors(error: AppError | None) -> dict[str, str]:
    told = error.details.get("errors", {}) if error else {}
    return {name: sentences[0] for name, sentences in told.items() if sentences}
