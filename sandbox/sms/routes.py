"""The SMS gateway's endpoint and the inbox page."""

from __future__ import annotations

import hmac
import re
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from sandbox.bank.wires import HANOI
from sandbox.context import here
from sandbox.sms.inbox import ReusedKeyError, messages, receive

blueprint = Blueprint("sms", __name__)
MAX_TEXT_CHARS = 1000
MAX_KEY_CHARS = 200


def highlight_code(text: str) -> Markup:
    """`text` with each run of 4 to 8 digits set large, so that a one-time code is read at a glance."""
    return Markup("").join(
        Markup('<strong class="code">{}</strong>').format(part) if re.fullmatch(r"[0-9]{4,8}", part) else escape(part)
        for part in re.split(r"(?<![0-9])([0-9]{4,8})(?![0-9])", text)
    )


def _first_wrong_field(data: object) -> str | None:
    """The name of the first field that a gateway would refuse, or None."""
    if not isinstance(data, dict):
        return "json"
    to, text, key = data.get("to"), data.get("text"), data.get("idempotency_key")
    if not isinstance(to, str) or not re.fullmatch(r"\+?[0-9 .-]{3,20}", to):
        return "to"
    if not isinstance(text, str) or not 1 <= len(text) <= MAX_TEXT_CHARS:
        return "text"
    if key is not None and (not isinstance(key, str) or len(key) > MAX_KEY_CHARS):
        return "idempotency_key"
    return None


@blueprint.post("/sms/messages")
def send() -> ResponseReturnValue:
    """Take `{to, text, idempotency_key}` with a bearer key; answers `{id}`."""
    expected = f"Bearer {here().settings.sms_api_key}"
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
        return jsonify(error="unauthorized"), 401
    data: Any = request.get_json(silent=True)
    wrong = _first_wrong_field(data)
    if wrong:
        return jsonify(error=f"invalid_{wrong}"), 422
    try:
        return jsonify(
            id=receive(here().store, to=data["to"], text=data["text"], idempotency_key=data.get("idempotency_key"))
        )
    except ReusedKeyError:
        return jsonify(error="idempotency_key_reused"), 409


@blueprint.get("/sms/api/messages")
def listing() -> ResponseReturnValue:
    """Newest first; `to` narrows to one number."""
    return jsonify(messages=messages(here().store, to=request.args.get("to", "")))


@blueprint.get("/tin-nhan")
def inbox() -> ResponseReturnValue:
    """The inbox page; it reloads itself every few seconds without JavaScript."""
    to = request.args.get("to", "")
    shown = [
        message
        | {
            "marked": highlight_code(message["text"]),
            "at": datetime.fromtimestamp(message["received_at"], HANOI).strftime("%H:%M:%S %d/%m/%Y"),
        }
        for message in messages(here().store, to=to)
    ]
    return render_template("sandbox/inbox.html", messages=shown, to=to)
