"""The office's list of closed requests with part of their money paid: ask for the rest, or have the part go back."""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import AppError
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.desk import parts
from app.payments.refunds import forms as refund_forms
from app.payments.refunds import services as refunds
from app.payments.requests import again
from app.payments.requests import queries as requests
from app.payments.requests import services as request_services
from app.payments.vietqr.banks import payee_banks

bp = Blueprint("kept", __name__, template_folder="templates", url_prefix="/dieu-hanh/tra-thieu")
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
PAGE_SIZE = 20
Answer = Response | str | tuple[str, int]


@bp.get("")
@requires(*READERS)
def overview() -> str:
    """All of them, longest closed first."""
    return render_template(
        "desk/kept.html", page=requests.kept_page(cursor=request.args.get("cursor"), limit=PAGE_SIZE)
    )


@bp.get("/<code>")
@requires(*READERS)
def show(code: str) -> str:
    """One, with what can be done."""
    return _one(code, {})


@bp.post("/<code>/xin-tra-not")
@requires(Role.FINANCE)
def reopen(code: str) -> Answer:
    """Ask its payer for the rest."""
    try:
        opened = request_services.reopen(normalise(code), actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _one(code, {"form": error.message}), error.status
    flash(_("Đã mở lại mã %(code)s để người trả trả nốt.", code=opened.code), "success")
    return redirect(url_for(".overview"), 303)


@bp.post("/<code>/tra-lai")
@requires(Role.FINANCE)
def give_back(code: str) -> Answer:
    """Have the part go back."""
    try:
        made = refunds.give_part_back(
            normalise(code),
            reason=refund_forms.reason(request.form),
            account=refund_forms.account(request.form),
            idempotency_key=refund_forms.key(request.form),
            actor=current_actor(),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        told = error.details.get("errors") or {"form": [error.message]}
        return _one(code, {name: " ".join(said) for name, said in told.items()}), error.status
    return redirect(url_for("refunds.show", refund_id=made.id), 303)


def _one(code: str, errors: dict[str, str]) -> str:
    asked = requests.by_code(normalise(code))
    return render_template(
        "desk/kept_one.html",
        asked=asked,
        parts=parts.of_request(asked.id),
        is_kept_part=again.is_kept_part(asked),
        may_reopen=again.may_reopen(asked),
        acts=current_actor().has_role(Role.FINANCE),
        banks=[(bank.bin, bank.short_name) for bank in payee_banks()],
        values=request.form,
        errors=errors,
        key=request.form.get("key") or uuid4().hex,
    )
