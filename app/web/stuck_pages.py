"""The page of money that stands still."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.core.clock import SYSTEM_CLOCK
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.desk.words import age

from . import stuck

bp = Blueprint("stuck", __name__)


@bp.get("/dieu-hanh/tien-ket")
@requires(Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
def overview() -> str:
    """Everything that waits too long, as it is now."""
    return render_template("stuck.html", groups=stuck.groups(clock=SYSTEM_CLOCK), age=age, clock=SYSTEM_CLOCK)
