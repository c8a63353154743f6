"""Whether a registration can be right, all fields at once, so that a form tells everything in one go."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from flask_babel import gettext as _

from app.core.clock import in_vietnam
from app.core.errors import BadInput
from app.core.phones import normalise_phone
from app.core.texts import tidy
from app.payments.vietqr.banks import bank_by_bin

from . import citizen
from .errors import BadHousehold
from .people import NewHousehold, SalesAccount

MAX_NAME, MAX_ADDRESS = 80, 200
MIN_REASON, MAX_REASON = 5, 300
_NAME = re.compile(r"[^\W\d_]+(?:['’.\- ]+[^\W\d_]+)*\.?")
_ACCOUNT = re.compile(r"[0-9A-Z]{6,19}")


def checked(data: NewHousehold, *, now: datetime, needs_consent: bool = True) -> NewHousehold:
    """The same registration in its normal forms.

    Args:
        needs_consent: refuse one without any yes; a correction already has what was said before.

    Raises:
        BadHousehold: with a sentence for each field that cannot be.
    """
    errors: dict[str, list[str]] = {}
    clean = replace(data, head_name=tidy(data.head_name), address=tidy(data.address))
    if not _NAME.fullmatch(clean.head_name) or " " not in clean.head_name or len(clean.head_name) > MAX_NAME:
        errors["head_name"] = [_("Viết đủ họ và tên như trên căn cước, chỉ gồm chữ.")]
    try:
        number = citizen.parse(data.citizen_id, this_year=in_vietnam(now).year).number
        clean = replace(clean, citizen_id=number)
    except citizen.BadCitizenId as error:
        errors["citizen_id"] = [_citizen_sentence(str(error))]
    if data.phone and data.phone.strip():
        try:
            clean = replace(clean, phone=normalise_phone(data.phone))
        except ValueError:
            errors["phone"] = [_("Số điện thoại chưa đúng. Viết đủ 10 số, ví dụ 0912 345 678.")]
    else:
        clean = replace(clean, phone=None, phone_is_contact=False)
    if not 3 <= len(clean.address) <= MAX_ADDRESS:
        errors["address"] = [_("Viết địa chỉ để người giao hàng tìm được, ví dụ: nhà sau đình xóm.")]
    if data.sales_account is not None:
        clean = replace(clean, sales_account=_checked_account(data.sales_account, errors))
    if needs_consent and not data.consents:
        errors["consents"] = [_("Chưa ghi điều nào bà con đồng ý. Đọc từng điều cho bà con nghe rồi đánh dấu.")]
    if errors:
        raise BadHousehold(errors)
    return clean


def checked_reason(text: str) -> str:
    """A person's reason, tidied.

    Raises:
        BadInput: none worth the name, or a very long one; on the field `reason`.
    """
    words = tidy(text)
    if not MIN_REASON <= len(words) <= MAX_REASON:
        message = _("Ghi lý do ngắn gọn, từ %(min)d đến %(max)d chữ cái.", min=MIN_REASON, max=MAX_REASON)
        raise BadInput(message, errors={"reason": [message]})
    return words


def _checked_account(account: SalesAccount, errors: dict[str, list[str]]) -> SalesAccount:
    number = re.sub(r"[\s.\-]", "", account.number).upper()
    holder = tidy(account.holder)
    bank = bank_by_bin(account.bin)
    if bank is None or not bank.may_be_payee:
        errors["account_bin"] = [_("Chọn ngân hàng trong danh sách.")]
    if not _ACCOUNT.fullmatch(number):
        errors["account_number"] = [_("Số tài khoản gồm 6 đến 19 chữ số, viết liền.")]
    if not _NAME.fullmatch(holder):
        errors["account_holder"] = [_("Viết tên chủ tài khoản như trong ứng dụng ngân hàng.")]
    return SalesAccount(account.bin, number, holder)


def _citizen_sentence(part: str) -> str:
    sentences: dict[str, str] = {
        "province": _("Ba số đầu không phải mã tỉnh nào. Xem lại số căn cước."),
        "birth_year": _("Số thứ 4 đến thứ 6 cho ra một năm sinh không thể có. Xem lại số căn cước."),
        "digits": _("Số căn cước gồm đúng 12 chữ số."),
    }
    return sentences[part]
