"""The page of money that stands still."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.bank import services as bank
from app.payments.cards import services as cards
from app.payments.desk.words import age

from . import stuck

bp = Blueprint("stuck", __name__)
AGAIN = {"bao-co": bank.try_again, "tin-the": cards.try_again}


@bp.get("/dieu-hanh/tien-ket")
@requires(Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
def overview() -> str:
    """Everything that waits too long, as it is now."""
    return render_template(
        "stuck.html",
        groups=stuck.groups(clock=SYSTEM_CLOCK),
        may_try=current_actor().has_role(Role.FINANCE),
        age=age,
        clock=SYSTEM_CLOCK,
    )


@bp.post("/dieu-hanh/tien-ket/<any('bao-co', 'tin-the'):what>/<uuid:item_id>/thu-lai")
@requires(Role.FINANCE)
def again(what: str, item_id: UUID) -> Response:
    """Handle a message in an inbox now; one that was handled meanwhile stays as it is."""
    if AGAIN[what](item_id, actor=current_actor(), clock=SYSTEM_CLOCK) is None:
        flash(_("Vẫn chưa ghi sổ được. Tin vẫn còn nguyên, máy sẽ thử tiếp; nhờ người trực kỹ thuật xem."), "warning")
    else:
        flash(_("Đã ghi sổ xong."), "success")
    return redirect(url_for(".overview"), 303)
