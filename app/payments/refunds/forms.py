"""From what a finance officer typed to a refund, with a sentence for each field that is not right."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask_babel import gettext as _

from app.core.money import AmountError, parse_vnd
from app.core.texts import tidy
from app.payments.refunds.errors import BadRefund
from app.payments.refunds.operations import PayerAccount
from app.payments.vietqr.banks import bank_by_bin

_NUMBER = re.compile(r"[0-9A-Z]{6,19}")
_KEY = re.compile(r"[0-9a-f]{32}")


def key(form: Mapping[str, str]) -> str:
    """The form's own key, which makes a second press find the refund of the first.

    Raises:
        BadRefund: it is not one of ours.
    """
    given = form.get("key", "")
    if not _KEY.fullmatch(given):
        raise BadRefund("key", _("Trang đã mở quá lâu. Tải lại trang rồi gửi lại nhé."))
    return f"page|{given}"


def amount(form: Mapping[str, str]) -> int | None:
    """What to give back in đồng; None when all of it.

    Raises:
        BadRefund: it is no amount.
    """
    if form.get("whole") == "1":
        return None
    try:
        amount_vnd = parse_vnd(form.get("amount", ""))
    except AmountError:
        amount_vnd = 0
    if amount_vnd <= 0:
        raise BadRefund("amount", _("Nhập số tiền muốn hoàn, ví dụ 20.000."))
    return amount_vnd


def reason(form: Mapping[str, str]) -> str:
    """Why.

    Raises:
        BadRefund: it says nothing, or too much.
    """
    words = tidy(form.get("reason", ""))
    if not 3 <= len(words) <= 500:
        raise BadRefund("reason", _("Ghi lý do hoàn, từ 3 đến 500 chữ cái."))
    return words


def came_back_reason(form: Mapping[str, str]) -> str:
    """Why the bank sent a transfer back.

    Raises:
        BadRefund: it says nothing, or too much.
    """
    words = tidy(form.get("came_back_reason", ""))
    if not 3 <= len(words) <= 500:
        raise BadRefund("came_back_reason", _("Ghi vì sao ngân hàng trả lại, từ 3 đến 500 chữ cái."))
    return words


def account(form: Mapping[str, str]) -> PayerAccount:
    """The payer's bank account.

    Raises:
        BadRefund: a field is missing or not shaped like one.
    """
    bank = bank_by_bin(form.get("bank", ""))
    if bank is None or not bank.may_be_payee:
        raise BadRefund("bank", _("Chọn ngân hàng của người nhận tiền hoàn."))
    number = re.sub(r"[\s.\-]", "", form.get("number", "")).upper()
    if not _NUMBER.fullmatch(number):
        raise BadRefund("number", _("Số tài khoản gồm 6 đến 19 chữ và số."))
    holder = tidy(form.get("holder", ""))
    if not 2 <= len(holder) <= 100:
        raise BadRefund("holder", _("Ghi tên chủ tài khoản như trên thẻ ngân hàng."))
    return PayerAccount(bank.bin, number, holder)


def bank_reference(form: Mapping[str, str]) -> str:
    """The bank's reference of the transfer.

    Raises:
        BadRefund: it is missing or too long.
    """
    words = tidy(form.get("bank_reference", ""))
    if not 3 <= len(words) <= 100:
        raise BadRefund("bank_reference", _("Ghi mã giao dịch mà ngân hàng cấp, từ 3 đến 100 ký tự."))
    return words
