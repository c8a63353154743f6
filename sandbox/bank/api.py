"""The play bank for tests and machines: JSON under /bank/api."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.bank.orders import RefusedOrderError, parse_order
from sandbox.bank.transfers import feed, latest_transfers
from sandbox.bank.transfers import pay as carry_out
from sandbox.context import here

blueprint = Blueprint("bank_api", __name__, url_prefix="/bank/api")


@blueprint.errorhandler(RefusedOrderError)
def _refused(error: RefusedOrderError) -> ResponseReturnValue:
    return jsonify(error=error.code, message=str(error)), 422


@blueprint.post("/pay")
def pay() -> ResponseReturnValue:
    """Pay as `parse_order` reads it; answers the transfers and what the platform said to each notice."""
    data = request.get_json(silent=True)
    if not isinstance(data, dict):
        raise RefusedOrderError("invalid_json", "Cần một đối tượng JSON.")
    box = here()
    return jsonify(transfers=carry_out(parse_order(data), store=box.store, outbox=box.outbox, settings=box.settings))


@blueprint.get("/transfers")
def transfers() -> ResponseReturnValue:
    """The newest transfers with their notices."""
    return jsonify(transfers=latest_transfers(here().store))


@blueprint.get("/feed")
def poll() -> ResponseReturnValue:
    """`{items, next_since}`: transfers after `since`, oldest first; ask again with `next_since`."""
    since = max(0, request.args.get("since", 0, type=int))
    items = feed(here().store, since=since)
    return jsonify(items=items, next_since=items[-1]["seq"] if items else since)


@blueprint.post("/notices/<int:notice_id>/again")
def again(notice_id: int) -> ResponseReturnValue:
    """Deliver the same bytes once more."""
    try:
        new_id = here().outbox.send_again(notice_id)
    except LookupError:
        return jsonify(error="not_found", message="Không có tin báo này."), 404
    return jsonify(notice_id=new_id)
