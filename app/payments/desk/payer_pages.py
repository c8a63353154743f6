"""The payer's side of the desk, on the payer's page: what came, what came too much, and what becomes of that."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import AppError, BadInput
from app.core.routes import open_to_all
from app.payments.desk import parts, services, wishes, words
from app.payments.desk.models import Choice
from app.payments.refunds import forms as account_forms
from app.payments.requests import queries as requests
from app.payments.requests.models import Method, PaymentRequest
from app.payments.requests.purposes import handler_of, payer_of
from app.payments.vietqr.banks import payee_banks

bp = Blueprint("excess", __name__, template_folder="templates", url_prefix="/tra-tien/<code>/tien-du")
Answer = Response | str | tuple[str, int]


@bp.get("/<uuid:notice_id>")
@open_to_all
def show(code: str, notice_id: UUID) -> Answer:
    """The form that asks what shall become of the money."""
    return _form(code, notice_id, {})


@bp.post("/<uuid:notice_id>/nhan-lai")
@open_to_all
def send_back(code: str, notice_id: UUID) -> Answer:
    """The payer wants it back."""
    try:
        account = account_forms.account(request.form)
        services.send_back(normalise(code), notice_id, account=account, actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _form(code, notice_id, _placed(error)), error.status
    flash(_("Đã ghi: bà con muốn nhận lại tiền. Có thể đổi ý khi chưa ai chuyển trả."), "success")
    return redirect(url_for("requests.pay", code=normalise(code)), 303)


@bp.post("/<uuid:notice_id>/gui-lai")
@open_to_all
def keep(code: str, notice_id: UUID) -> Answer:
    """The payer leaves it with the seller."""
    try:
        services.keep_as_credit(normalise(code), notice_id, actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _form(code, notice_id, _placed(error)), error.status
    flash(_("Đã ghi: bà con gửi lại tiền dư cho lần mua sau ở đây."), "success")
    return redirect(url_for("requests.pay", code=normalise(code)), 303)


def _placed(error: AppError) -> dict[str, str]:
    details = error.details.get("errors") if isinstance(error, BadInput) else None
    return {name: " ".join(said) for name, said in (details or {"form": [error.message]}).items()}


def _form(code: str, notice_id: UUID, errors: dict[str, str]) -> str:
    asked = requests.by_code(normalise(code))
    excess = wishes.one(asked, notice_id)
    actor = current_actor()
    return render_template(
        "desk/payer_choice.html",
        asked=asked,
        view=handler_of(asked).describe(asked),
        excess=excess,
        may_choose=wishes.may_choose(asked, actor),
        may_keep=wishes.may_keep(asked, actor) and excess.outcome != "wrong_account",
        signed_in=actor.user_id is not None,
        banks=[(bank.bin, bank.short_name) for bank in payee_banks()],
        values=request.form,
        errors=errors,
        words=words,
    )


def parts_panel(asked: PaymentRequest) -> Markup:
    """What came for the request so far, each part with its time and the bank's reference."""
    if asked.method != Method.VIETQR or asked.standing_code_id is not None or not asked.paid_vnd:
        return Markup()
    came = parts.of_request(asked.id)
    if len(came) < 2 and asked.status == "paid":
        return Markup()  # it was paid at once; there is nothing to tell apart
    return Markup(render_template("desk/payer_parts.html", parts=came, asked=asked))


def excess_panel(asked: PaymentRequest) -> Markup:
    """What came beside the request, in words, and what its payer may choose."""
    found = wishes.of_requests([asked.id])
    if not found:
        return Markup()
    actor, payer = current_actor(), payer_of(asked)
    return Markup(
        render_template(
            "desk/payer_excess.html",
            asked=asked,
            found=found,
            may_choose=wishes.may_choose(asked, actor),
            sign_in_first=payer is not None and actor.user_id is None,
            Choice=Choice,
            words=words,
        )
    )
