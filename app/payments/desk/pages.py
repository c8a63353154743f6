"""The finance office's desk: what waits, one item with its suggestions, and the acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.core.money import FOUR_EYES_VND
from app.identity import queries as identity
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.cards import queries as cards
from app.payments.desk import forms, queries, services, wishes, words
from app.payments.desk.models import DeskAction
from app.payments.desk.queries import View
from app.payments.desk.states import State
from app.payments.desk.suggestions import suggest
from app.payments.desk.wanted import Wish
from app.payments.refunds.operations import PayerAccount

bp = Blueprint("desk", __name__, template_folder="templates", url_prefix="/dieu-hanh/tien-treo")
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
PAGE_SIZE = 20
Answer = Response | tuple[str, int]


@bp.get("")
@requires(*READERS)
def suspense() -> str:
    """Money that arrived and waits for a person."""
    step, text = request.args.get("xem", ""), request.args.get("tim", "").strip()
    reference, amount_vnd = forms.searched(text)
    page = queries.suspense(
        cursor=request.args.get("cursor"),
        limit=PAGE_SIZE,
        view=forms.VIEWS.get(step, View.OPEN),
        reference=reference,
        amount_vnd=amount_vnd,
    )
    return render_template(
        "desk/suspense.html",
        page=page,
        by_card=cards.in_suspense(cursor=request.args.get("the"), limit=PAGE_SIZE),
        total_vnd=queries.suspense_total_vnd() + cards.in_suspense_vnd(),
        step=step if step in forms.VIEWS else "",
        text=text,
        words=words,
        clock=SYSTEM_CLOCK,
    )


@bp.get("/<uuid:notice_id>")
@requires(*READERS)
def item(notice_id: UUID) -> str:
    """One item: facts, suggestions, forms, history."""
    return _show(notice_id, {})


@bp.post("/<uuid:notice_id>/gan")
@requires(Role.FINANCE)
def attach(notice_id: UUID) -> Answer:
    """Give the money to one request, or split it over several."""
    return _act(notice_id, lambda: forms.attachments(request.form), "split")


@bp.post("/<uuid:notice_id>/tra-lai")
@requires(Role.FINANCE)
def return_to_sender(notice_id: UUID) -> Answer:
    """Note that the money went back to its sender."""
    return _act(notice_id, lambda: [forms.return_to_sender(request.form)], "back")


@bp.post("/<uuid:notice_id>/trung")
@requires(Role.FINANCE)
def same_money(notice_id: UUID) -> Answer:
    """Say that the money is counted already: another notice told of it before."""
    whole_vnd = queries.shown(notice_id).suspense_vnd
    return _act(notice_id, lambda: [forms.same_money(request.form, whole_vnd)], "same")


@bp.post("/<uuid:notice_id>/tai-khoan")
@requires(Role.FINANCE)
def show_account(notice_id: UUID) -> Answer:
    """Where the payer wants the money back, in full, this once; the look is written down."""
    account = services.show_account(notice_id, actor=current_actor(), clock=SYSTEM_CLOCK)
    return _show(notice_id, {}, account=account), 200


@bp.post("/viec/<uuid:action_id>/duyet")
@requires(Role.FINANCE)
def approve(action_id: UUID) -> Answer:
    """Approve what a colleague proposed."""
    return _decide(action_id, lambda: services.approve(action_id, actor=current_actor(), clock=SYSTEM_CLOCK))


@bp.post("/viec/<uuid:action_id>/tu-choi")
@requires(Role.FINANCE)
def reject(action_id: UUID) -> Answer:
    """Turn down what was proposed."""
    reason = forms.typed(request.form, "reason")
    return _decide(
        action_id, lambda: services.reject(action_id, actor=current_actor(), reason=reason, clock=SYSTEM_CLOCK)
    )


@bp.post("/viec/<uuid:action_id>/go")
@requires(Role.FINANCE)
def undo(action_id: UUID) -> Answer:
    """Take back what was done."""
    reason = forms.typed(request.form, "reason")
    return _decide(
        action_id, lambda: services.undo(action_id, actor=current_actor(), reason=reason, clock=SYSTEM_CLOCK)
    )


@bp.post("/viec/<uuid:action_id>/giu")
@requires(Role.FINANCE)
def keep(action_id: UUID) -> Answer:
    """Turn down that something done is taken back."""
    reason = forms.typed(request.form, "reason")
    return _decide(
        action_id, lambda: services.keep(action_id, actor=current_actor(), reason=reason, clock=SYSTEM_CLOCK)
    )


def _act(notice_id: UUID, read: Callable[[], list[Wish]], form: str) -> Answer:
    try:
        acted = services.act(
            notice_id,
            read(),
            actor=current_actor(),
            idempotency_key=forms.key(request.form),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _show(notice_id, _placed(error), form), error.status
    if any(action.needs_approval for action in acted):
        flash(_("Đã ghi đề nghị. Nhờ một cán bộ tài chính khác duyệt."), "success")
    else:
        flash(_("Đã xong. Sổ sách khớp từng đồng."), "success")
    return redirect(url_for(".item", notice_id=notice_id), 303)


def _decide(action_id: UUID, do: Callable[[], DeskAction]) -> Answer:
    notice_id = queries.notice_of_action(action_id)
    try:
        done = do()
    except AppError as error:
        return _show(notice_id, _placed(error), str(action_id)), error.status
    if done.state == State.DONE and done.undo_asked_by is not None:
        flash(_("Đã ghi đề nghị gỡ. Nhờ một cán bộ tài chính khác xem rồi gỡ."), "success")
    else:
        flash(_("Đã ghi: %(state)s.", state=words.state(done.state)[0]), "success")
    return redirect(url_for(".item", notice_id=notice_id), 303)


def _placed(error: AppError) -> dict[str, str]:
    details: dict[str, Any] = error.details.get("errors") or {"form": [error.message]}
    return {name: " ".join(sentences) for name, sentences in details.items()}


def _show(notice_id: UUID, errors: dict[str, str], form: str = "", account: PayerAccount | None = None) -> str:
    actor = current_actor()
    shown = queries.shown(notice_id)
    wish = wishes.of_notice(notice_id)
    acted = queries.actions(notice_id)
    people = {view.action.created_by for view in acted} | {
        who
        for view in acted
        for who in (view.action.approved_by, view.action.closed_by, view.action.undo_asked_by)
        if who
    }
    return render_template(
        "desk/item.html",
        item=shown,
        wish=wish,
        wish_account=wishes.words_of(wishes.account_of(wish)) if wish else "",
        account=account,
        actions=acted,
        names=identity.display_names(people),
        suggestions=suggest(notice_id),
        may_act=actor.has_role(Role.FINANCE),
        me=actor.user_id,
        key=uuid4().hex,
        rows=forms.ROWS,
        limit_vnd=FOUR_EYES_VND,
        errors=errors,
        values=request.form if form in ("split", "back", "same") else {},
        form=form,
        words=words,
        clock=SYSTEM_CLOCK,
    )
