"""The phone bank's pages, in Vietnamese; they work without JavaScript."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.bank.banks import bank_name
from sandbox.bank.emvco import UnreadableCodeError, scan
from sandbox.bank.mangle import MANGLES
from sandbox.bank.orders import RefusedOrderError, parse_order
from sandbox.bank.pictures import UnreadablePictureError, read_qr
from sandbox.bank.transfers import get_transfers, latest_transfers, pay
from sandbox.bank.wires import WIRES
from sandbox.context import here
from sandbox.settings import is_loopback_url

blueprint = Blueprint("bank", __name__, url_prefix="/ngan-hang")


def _back() -> str | None:
    """The way back to the platform, when the link that led here gave one on this machine."""
    back = request.values.get("back", "")
    return back if is_loopback_url(back) else None


def wrong_account(account: str) -> str:
    """An account number that is surely not `account`: the last character moved on by one."""
    last = account[-1]
    return account[:-1] + (str((int(last) + 1) % 10) if last.isdigit() else "0")


def _scan_page(message: str | None = None, qr: str = "", status: int = 200) -> ResponseReturnValue:
    return render_template("sandbox/scan.html", message=message, qr=qr, back=_back()), status


def _pay_page(qr: str, message: str | None = None, status: int = 200) -> ResponseReturnValue:
    try:
        code = scan(qr)
    except UnreadableCodeError as error:
        return _scan_page(str(error), qr, 422)
    return (
        render_template(
            "sandbox/pay.html",
            qr=qr,
            code=code,
            bank=bank_name(code.bin),
            other_account=wrong_account(code.account),
            wires=WIRES,
            mangles={key: label for key, (label, _) in MANGLES.items()},
            message=message,
            form=request.form,
            back=_back(),
        ),
        status,
    )


@blueprint.get("")
def open_bank() -> ResponseReturnValue:
    """Scan a code, or, with `?qr=`, see at once what it asks for."""
    qr = request.args.get("qr", "")
    return _pay_page(qr) if qr.strip() else _scan_page()


@blueprint.post("/doc-ma")
def read_code() -> ResponseReturnValue:
    """Take a pasted code or a picture of one."""
    picture = request.files.get("anh")
    qr = request.form.get("qr", "")
    if picture is not None and picture.filename:
        try:
            qr = read_qr(picture.read())
        except UnreadablePictureError as error:
            return _scan_page(str(error), qr, 422)
    if not qr.strip():
        return _scan_page("Bạn dán chuỗi mã hoặc chọn ảnh có mã QR nhé.", qr, 422)
    return redirect(url_for(".open_bank", qr=qr, back=_back()), 303)


def _order_from_form() -> dict[str, Any]:
    form = request.form
    data: dict[str, Any] = {
        name: form[name] for name in ("qr", "memo", "wire", "times", "deliveries", "delay_s", "mangle") if name in form
    }
    data["amount_vnd"] = re.sub(r"[ .,\u00a0đ₫]", "", form.get("amount_vnd", ""))
    if form.get("wrong_account"):
        data["account_override"] = form["wrong_account"]
    if form.get("payer_name", "").strip():
        data["payer"] = {"name": form["payer_name"].strip()}
    return data


@blueprint.post("/tra")
def pay_now() -> ResponseReturnValue:
    """Pay as the form says, then show what happened."""
    box = here()
    try:
        order = parse_order(_order_from_form())
    except RefusedOrderError as error:
        words = "Bạn nhập số tiền bằng số nhé." if error.code == "invalid_amount_vnd" else str(error)
        return _pay_page(request.form.get("qr", ""), words, 422)
    done = pay(order, store=box.store, outbox=box.outbox, settings=box.settings)
    ids = ",".join(str(transfer["id"]) for transfer in done)
    return redirect(url_for(".receipt", ids=ids, back=_back()), 303)


@blueprint.get("/bien-lai/<ids>")
def receipt(ids: str) -> ResponseReturnValue:
    """What was paid and what the platform answered."""
    if not re.fullmatch(r"[0-9]{1,18}(,[0-9]{1,18}){0,19}", ids):
        abort(404)
    transfers = get_transfers(here().store, ids=[int(part) for part in ids.split(",")])
    if not transfers:
        abort(404)
    return render_template("sandbox/receipt.html", transfers=transfers, wires=WIRES, back=_back())


@blueprint.get("/lich-su")
def history() -> ResponseReturnValue:
    """Every transfer, each notice about it, and the answer."""
    return render_template("sandbox/history.html", transfers=latest_transfers(here().store), wires=WIRES, back=_back())


@blueprint.post("/gui-lai/<int:notice_id>")
def send_again(notice_id: int) -> ResponseReturnValue:
    """Deliver one notice again, the same bytes."""
    try:
        here().outbox.send_again(notice_id)
    except LookupError:
        abort(404)
    return redirect(url_for(".history", back=_back()), 303)
