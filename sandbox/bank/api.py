"""The play bank for tests and machines: JSON under /bank/api."""

from __future__ import annotations

import hmac

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.bank.orders import RefusedOrderError, parse_order
from sandbox.bank.transfers import PAGE_SIZE, feed, latest_transfers, newest_seq
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
    """`{items, next_since, newest, has_more}`: transfers after `since`, oldest first; ask again with `next_since`.

    Wants `Authorization: Bearer <feed key>`. At most `limit` (1 to 200) at once; `newest` is the last number there is.
    """
    box = here()
    shown, wanted = request.headers.get("Authorization", ""), f"Bearer {box.settings.feed_key}"
    if not hmac.compare_digest(shown.encode(), wanted.encode()):
        return jsonify(error="unauthorized", message="Khóa không đúng."), 401
    since = max(0, request.args.get("since", 0, type=int))
    limit = min(max(1, request.args.get("limit", PAGE_SIZE, type=int)), PAGE_SIZE)
    items = feed(box.store, since=since, limit=limit)
    last, newest = items[-1]["seq"] if items else since, newest_seq(box.store)
    return jsonify(items=items, next_since=last, newest=newest, has_more=bool(items) and last < newest)


@blueprint.post("/notices/<int:notice_id>/again")
def again(notice_id: int) -> ResponseReturnValue:
    """Deliver the same bytes once more."""
    try:
        new_id = here().outbox.send_again(notice_id)
    except LookupError:
        return jsonify(error="not_found", message="Không có tin báo này."), 404
    return jsonify(notice_id=new_id)
