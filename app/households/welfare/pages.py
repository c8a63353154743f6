"""The commune office's welfare pages: who has an account, giving one, verifying one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.households.registry import desk, words
from app.households.registry import queries as registry
from app.households.registry.models import Household
from app.households.registry.people import masked
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.payees import queries as payees
from app.payments.vietqr.banks import payee_banks

from . import queries, services
from .models import WelfareAccount

bp = Blueprint("welfare", __name__, template_folder="templates", url_prefix="/dieu-hanh/an-sinh")
OFFICE = (Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)
PAGE_SIZE = 20
MAX_LENGTH = 300


@bp.get("")
@requires(*OFFICE)
def overview() -> str:
    """How many eligible households have an account, by commune, and which have none."""
    actor, day = current_actor(), registry.today(SYSTEM_CLOCK)
    missing = queries.without_account(actor, day, cursor=request.args.get("trang"), limit=PAGE_SIZE)
    return render_template(
        "welfare/overview.html",
        coverage=queries.coverage(actor, day),
        rows=desk.rows([one.household for one in missing.items]),
        words=words,
        next_url=url_for(".overview", trang=missing.next_cursor) if missing.next_cursor else None,
    )


@bp.get("/<code>")
@requires(*OFFICE)
def household(code: str) -> str:
    """One household's welfare account."""
    return _show(registry.by_code(code, actor=current_actor()))


@bp.post("/<code>")
@requires(Role.COMMUNE_OFFICER)
def give(code: str) -> Response | tuple[str, int]:
    """Register an account to receive support."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    form = {name: request.form.get(name, "")[:MAX_LENGTH] for name in ("bin", "number", "holder", "need")}
    if empty := [name for name, typed in form.items() if not typed.strip()]:
        return _show(found, dict.fromkeys(empty, _("Chỗ này cần điền."))), 422
    try:
        services.open_welfare_account(actor=actor, household_id=found.id, clock=SYSTEM_CLOCK, **form)
    except AppError as error:
        return _again(found, error)
    return _done(found, _("Đã lập tài khoản an sinh. Nhờ một cán bộ khác xác nhận."))


@bp.post("/<code>/xac-nhan")
@requires(Role.COMMUNE_OFFICER)
def confirm(code: str) -> Response | tuple[str, int]:
    """Confirm an account a colleague gave."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    try:
        services.verify_welfare_account(actor=actor, household_id=found.id, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _again(found, error)
    return _done(found, _("Đã xác nhận. Tài khoản nhận ủng hộ được rồi."))


@bp.post("/<code>/dong")
@requires(Role.COMMUNE_OFFICER)
def close(code: str) -> Response | tuple[str, int]:
    """Close the account."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    try:
        services.close_welfare_account(actor=actor, household_id=found.id, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _again(found, error)
    return _done(found, _("Đã đóng tài khoản an sinh. Hộ không còn trong danh sách ủng hộ."))


def _show(found: Household, errors: dict[str, str] | None = None) -> str:
    actor, day = current_actor(), registry.today(SYSTEM_CLOCK)
    account = queries.open_account(found.id)
    return render_template(
        "welfare/household.html",
        seen=masked(found),
        place=desk.place(found),
        poverty=registry.poverty_on(found.id, day),
        profile=queries.profile(found.id),
        account=account,
        bank=payees.masked(payees.get_account(account.bank_account_id)) if account else None,
        own=_is_own(account),
        banks=[(bank.bin, bank.short_name) for bank in payee_banks()],
        may_act=actor.has_role(Role.COMMUNE_OFFICER),
        errors=errors or {},
        values=request.form,
        words=words,
    )


def _is_own(account: WelfareAccount | None) -> bool:
    return account is not None and account.issued_by == current_actor().user_id


def _again(found: Household, error: AppError) -> tuple[str, int]:
    """The page once more, with what was typed and what is wrong with it."""
    details: dict[str, Any] = error.details.get("errors") or {"form": [error.message]}
    fresh = registry.get(found.id)
    return _show(fresh, {name: " ".join(sentences) for name, sentences in details.items()}), error.status


def _done(found: Household, sentence: str) -> Response:
    flash(sentence, "success")
    return redirect(url_for(".household", code=found.code))
