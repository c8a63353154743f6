"""The door the banks knock on, and the finance office's view of what waits."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, jsonify, render_template, request

from app.core.clock import SYSTEM_CLOCK
from app.core.routes import signed_otherwise
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.bank import queries, services
from app.payments.bank.models import Wire
from app.payments.bank.wires import READERS
from app.payments.cards import queries as cards

bp = Blueprint("bank", __name__, template_folder="templates")


@bp.post("/webhooks/bank/<wire>")
@signed_otherwise
def notice(wire: str) -> Response:
    """A notice: proven on its raw bytes, stored once, handled at once when possible; 2xx as soon as it is stored."""
    if wire not in set(Wire):
        abort(404)
    config = current_app.config["CHOPHIEN"]
    secret = {
        Wire.SEPAY: config.bank_sepay_secret,
        Wire.PAYOS: config.bank_payos_checksum_key,
        Wire.CASSO: config.bank_casso_key,
    }[Wire(wire)]
    raw = request.get_data()
    read = READERS[Wire(wire)](raw, request.headers, secret=secret, now=SYSTEM_CLOCK.now())
    notice_id = services.take_in(Wire(wire), raw, read, clock=SYSTEM_CLOCK)
    services.try_to_handle(notice_id, clock=SYSTEM_CLOCK)
    return jsonify(success=True)


@bp.get("/dieu-hanh/tien-treo")
@requires(Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
def suspense() -> str:
    """Money that arrived and waits for a person."""
    page = queries.suspense(cursor=request.args.get("cursor"), limit=20)
    by_card = cards.in_suspense(cursor=request.args.get("the"), limit=20)
    total_vnd = queries.suspense_total_vnd() + cards.in_suspense_vnd()
    return render_template("bank/suspense.html", page=page, by_card=by_card, total_vnd=total_vnd)
