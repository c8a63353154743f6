"""The finance office's test transfers: how many wait, and the batches they went with."""

from __future__ import annotations

import re
from uuid import uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.payouts import queries as payouts
from app.payments.payouts import words
from app.payments.payouts.errors import BadForm
from app.payments.payouts.models import PROBE

from . import queries, services
from .models import PROBE_VND

bp = Blueprint("probes", __name__, template_folder="templates", url_prefix="/dieu-hanh/chuyen-thu")
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
PAGE = 20
_KEY = re.compile(r"[0-9a-f]{32}")


@bp.get("")
@requires(*READERS)
def overview() -> str:
    """What waits, and the batches so far."""
    return _overview()


@bp.post("")
@requires(Role.FINANCE)
def build() -> Response | tuple[str, int]:
    """Draft a batch of what waits."""
    try:
        key = request.form.get("key", "")
        if not _KEY.fullmatch(key):
            raise BadForm("key", _("Trang đã mở quá lâu. Tải lại trang rồi gửi lại nhé."))
        batch = services.build(idempotency_key=f"probe|{key}", actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _overview(error), error.status
    return redirect(url_for("payouts.show", batch_id=batch.id), 303)


def _overview(error: AppError | None = None) -> str:
    cursor = request.args.get("cursor")
    return render_template(
        "probes/overview.html",
        waiting=queries.waiting(),
        page=payouts.batches(cursor=cursor, limit=PAGE, purpose=PROBE),
        cursor=cursor,
        amount_vnd=PROBE_VND,
        may_act=current_actor().has_role(Role.FINANCE),
        problem=error.message if error else "",
        key=uuid4().hex,
        words=words,
    )
