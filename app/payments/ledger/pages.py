"""The books for people who keep or audit them: accounts, and the statement of any of them for any time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _

from app.core import sheets
from app.core.clock import SYSTEM_CLOCK, VIETNAM, in_vietnam
from app.core.errors import BadInput
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.ledger import queries
from app.payments.ledger.models import Account, AccountKind

bp = Blueprint("ledger", __name__, template_folder="templates")
MAX_FILE_ROWS = 100_000
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)


def kind_words(kind: str) -> str:
    """What an account stands for, in a few words."""
    words: dict[str, str] = {
        AccountKind.OUTSIDE_BANK: _("Ngân hàng báo tiền về"),
        AccountKind.OUTSIDE_CARD: _("Cổng thẻ"),
        AccountKind.OUTSIDE_PAYEE: _("Tài khoản người bán, khi chi trả"),
        AccountKind.OUTSIDE_PAYER: _("Tài khoản người mua, khi hoàn tiền"),
        AccountKind.SUSPENSE: _("Tiền treo"),
        AccountKind.RECEIVED: _("Đã về thẳng tài khoản người nhận"),
        AccountKind.PAYABLE: _("Thu hộ, còn phải trả"),
        AccountKind.SELLER_DEBT: _("Người bán còn nợ sau hoàn tiền"),
        AccountKind.COMMISSION: _("Phí sàn đã thu"),
        AccountKind.TAX_WITHHELD: _("Thuế đã khấu trừ, chờ nộp"),
        AccountKind.GATEWAY_FEE: _("Phí cổng thẻ"),
        AccountKind.PAYER_CREDIT: _("Tiền dư người mua để lại"),
        AccountKind.PLATFORM_FUNDS: _("Tiền của chợ, để chuyển thử"),
    }
    return words.get(kind, kind)


def purpose_words(kind: str | None) -> str:
    """What a movement was for."""
    words: dict[str, str] = {
        "payment_request": _("Khoản thanh toán"),
        "bank_notice": _("Báo có"),
        "card_payment": _("Thanh toán thẻ"),
        "refund": _("Hoàn tiền"),
        "fee": _("Thuế và phí giữ lại"),
        "payout": _("Chi trả"),
        "card_payout": _("Cổng thẻ trả"),
    }
    return words.get(kind or "", kind or "–")


@bp.get("/dieu-hanh/so-cai")
@requires(*READERS)
def accounts() -> str:
    """Every account with its balance, newest first."""
    kind = request.args.get("loai") or None
    if kind is not None and kind not in set(AccountKind):
        kind = None
    owner = (request.args.get("q") or "").strip() or None
    page = queries.list_accounts(kind=kind, owner_id=owner, cursor=request.args.get("cursor"), limit=20)
    kinds = [("", _("Mọi loại")), *((one.value, kind_words(one)) for one in AccountKind)]
    return render_template(
        "ledger/accounts.html", page=page, kinds=kinds, kind=kind or "", owner=owner or "", kind_words=kind_words
    )


@bp.get("/dieu-hanh/so-cai/<uuid:account_id>")
@requires(*READERS)
def statement(account_id: UUID) -> str:
    """Opening, movements, closing; this month when no days are named."""
    account = _account(account_id)
    since, until = _days()
    told = queries.statement(account, since=since, until=until)
    page = queries.movements(account, since=since, until=until, cursor=request.args.get("cursor"), limit=50)
    days = {"tu": _day(since), "den": _day(until - timedelta(days=1))}
    return render_template(
        "ledger/statement.html", told=told, page=page, days=days, kind_words=kind_words, purpose_words=purpose_words
    )


@bp.get("/dieu-hanh/so-cai/<uuid:account_id>/tep.<any(csv, xlsx):form>")
@requires(*READERS)
def statement_file(account_id: UUID, form: str) -> Response:
    """The whole statement as a file: at most 100,000 lines."""
    account = _account(account_id)
    since, until = _days()
    told = queries.statement(account, since=since, until=until)
    heads = [_("Ghi sổ lúc"), _("Xảy ra lúc"), _("Vào (đ)"), _("Ra (đ)"), _("Số dư (đ)"), _("Việc"), _("Bên kia")]
    rows: list[list[sheets.Cell]] = [[since, None, None, None, told.opening_vnd, _("Số dư đầu kỳ"), None]]
    for line in queries.all_movements(account, since=since, until=until):
        if len(rows) > MAX_FILE_ROWS:
            raise BadInput(_("Sao kê dài quá 100.000 dòng; hãy chọn ít ngày hơn."))
        came, went = (line.amount_vnd, None) if line.amount_vnd > 0 else (None, -line.amount_vnd)
        words = f"{purpose_words(line.purpose_kind)} {line.purpose_id or ''}".strip()
        other = f"{kind_words(line.other_kind)} {line.other_owner_id}"
        rows.append([line.booked_at, line.event_at, came, went, line.balance_vnd, words, other])
    rows.append([until, None, told.came_vnd, told.went_vnd, told.closing_vnd, _("Số dư cuối kỳ"), None])
    body = sheets.as_csv(heads, rows) if form == "csv" else sheets.as_xlsx(heads, rows, title=_("Sao kê"))
    answer = Response(body, content_type=sheets.CSV_TYPE if form == "csv" else sheets.XLSX_TYPE)
    name = f"sao-ke-{_day(since)}-{_day(until - timedelta(days=1))}.{form}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _account(account_id: UUID) -> Account:
    account = queries.get_account(account_id)
    if account is None:
        abort(404)
    return account


def _day(moment: datetime) -> str:
    return in_vietnam(moment).date().isoformat()


def _days() -> tuple[datetime, datetime]:
    """From the first moment of the day `tu` to the last of `den`, in Vietnam."""
    today = in_vietnam(SYSTEM_CLOCK.now()).date()
    first = _date("tu", today.replace(day=1))
    last = _date("den", max(today, first))
    if last < first:
        raise BadInput(_("Ngày cuối phải từ ngày đầu trở đi."), errors={"den": [_("Chọn ngày muộn hơn.")]})
    midnight = datetime.min.time()
    return (
        datetime.combine(first, midnight, tzinfo=VIETNAM),
        datetime.combine(last + timedelta(days=1), midnight, tzinfo=VIETNAM),
    )


def _date(name: str, default: date) -> date:
    text = request.args.get(name) or ""
    if not text:
        return default
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not date(2000, 1, 1) <= found < date(2200, 1, 1):
        raise BadInput(_("Ngày chưa đúng; chọn lại giúp nhé."), errors={name: [_("Chọn lại ngày.")]})
    return found
