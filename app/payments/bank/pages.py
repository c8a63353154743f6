"""The door the banks knock on."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, jsonify, request

from app.core.clock import SYSTEM_CLOCK
from app.core.routes import signed_otherwise
from app.payments.bank import services
from app.payments.bank.models import Wire
from app.payments.bank.wires import READERS

bp = Blueprint("bank", __name__)


@bp.post("/webhooks/bank/<wire>")
@signed_otherwise
def notice(wire: str) -> Response:
    """A notice: proven on its raw bytes, stored once, handled at once when possible; 2xx as soon as it is stored."""
    if wire not in READERS:
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
