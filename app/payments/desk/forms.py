"""From what an officer typed to wishes, with a sentence for what is not right."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _

from app.core.codes import normalise
from app.core.money import AmountError, parse_vnd
from app.payments.desk.errors import BadAction
from app.payments.desk.models import Kind
from app.payments.desk.queries import View
from app.payments.desk.wanted import Wish

ROWS = 5
MAX_TYPED = 400
VIEWS = {"": View.OPEN, "cho-duyet": View.PROPOSED, "da-xong": View.SETTLED}


def typed(form: Mapping[str, str], name: str) -> str:
    """What stands in a field, cut to a sane length."""
    return form.get(name, "")[:MAX_TYPED].strip()


def key(form: Mapping[str, str]) -> str:
    """The form's own key: a second press finds what the first did.

    Raises:
        BadAction: the form has none, or a made-up one.
    """
    found = typed(form, "key")
    if len(found) != 32 or not found.isalnum():
        raise BadAction("key", _("Trang đã mở quá lâu. Tải lại trang rồi gửi lại nhé."))
    return f"page|{found}"


def attachments(form: Mapping[str, str]) -> list[Wish]:
    """One wish for each filled row of the split form.

    Raises:
        BadAction: a row is half filled, an amount can't be read, or no row is filled.
    """
    reason = typed(form, "reason")
    wishes = []
    for row in range(1, ROWS + 1):
        code, amount = typed(form, f"code_{row}"), typed(form, f"amount_{row}")
        if not code and not amount:
            continue
        if not code:
            raise BadAction(f"code_{row}", _("Ghi mã thanh toán cho phần này."))
        amount_vnd = _amount_vnd(f"amount_{row}", amount)
        wishes.append(Wish(Kind.ATTACH, amount_vnd, reason, request_code=normalise(code)))
    if not wishes:
        raise BadAction("code_1", _("Ghi ít nhất một mã và số tiền."))
    return wishes


def return_to_sender(form: Mapping[str, str]) -> Wish:
    """The wish of the return form.

    Raises:
        BadAction: the amount can't be read.
    """
    return Wish(
        Kind.RETURN_TO_SENDER,
        _amount_vnd("amount", typed(form, "amount")),
        typed(form, "reason"),
        bank_reference=typed(form, "bank_reference"),
    )


def same_money(form: Mapping[str, str], amount_vnd: int) -> Wish:
    """The wish of the form that says that all of the money is counted already."""
    return Wish(Kind.SAME_MONEY, amount_vnd, typed(form, "reason"))


def searched(text: str) -> tuple[str, int | None]:
    """What a search is for: a reference, and an amount when it can be read as one."""
    wanted = text[:MAX_TYPED].strip()
    try:
        return wanted, parse_vnd(wanted)
    except AmountError:
        return wanted, None


def _amount_vnd(field: str, text: str) -> int:
    try:
        amount_vnd = parse_vnd(text)
    except AmountError:
        amount_vnd = 0
    if amount_vnd <= 0:
        raise BadAction(field, _("Ghi số tiền bằng chữ số, ví dụ 100.000."))
    return amount_vnd
