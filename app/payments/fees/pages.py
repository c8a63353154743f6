"""The finance office's pages: a month's tax declaration, and the rules behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.core import sheets
from app.core.clock import SYSTEM_CLOCK, in_vietnam
from app.core.database import current_actor
from app.core.errors import AppError, BadInput
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.fees import declarations, queries, sellers, services, words
from app.payments.fees.declarations import Month
from app.payments.fees.errors import BadChange
from app.payments.fees.models import Kind, Supply

bp = Blueprint("fees", __name__, template_folder="templates", url_prefix="/dieu-hanh/thue")
Shown = str | Answer | tuple[str, int]
READERS = (Role.FINANCE, Role.AUDITOR)
PAGE, MONTHS = 50, 13
MAX_FILE_ROWS = 200_000
_RATE = re.compile(r"([0-9]{1,2})(?:[.,]([0-9]{1,2}))?\s*%?")


@bp.get("")
@requires(*READERS)
def declaration() -> Shown:
    """A month's declaration, by seller; this month when none is named."""
    month = _month()
    total, count = declarations.total(month)
    page = declarations.page(month, cursor=request.args.get("cursor"), limit=PAGE)
    names = sellers.names_of([item.payee_id for item in page.items])
    return render_template(
        "fees/declaration.html", month=month, months=_months(month), total=total, count=count, page=page, names=names
    )


@bp.get("/tep.<any(csv, xlsx):form>")
@requires(*READERS)
def declaration_file(form: str) -> Response:
    """The whole month as a file: a line a seller, then the total."""
    month = _month()
    heads = [
        _("Mã người bán"), _("Người bán"), _("Tiền bán thu hộ (đ)"), _("Tiền bán về thẳng, không khấu trừ (đ)"),
        _("Thuế GTGT giữ lại (đ)"), _("Thuế TNCN giữ lại (đ)"), _("Phí sàn (đ)"), _("Thuế GTGT trả lại (đ)"),
        _("Thuế TNCN trả lại (đ)"), _("Phí sàn trả lại (đ)"), _("Thuế còn phải nộp (đ)"), _("Phí sàn còn lại (đ)"),
    ]  # fmt: skip
    total, count = declarations.total(month)
    if count > MAX_FILE_ROWS:
        raise BadInput(_("Tháng này có quá 200.000 người bán, tệp sẽ quá lớn; hãy lấy qua API."))
    rows = _lines(month, total)
    title = _("Thuế %(month)s", month=month.name)
    body = sheets.as_csv(heads, rows) if form == "csv" else sheets.as_xlsx(heads, rows, title=title)
    answer = Response(body, content_type=sheets.CSV_TYPE if form == "csv" else sheets.XLSX_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="thue-{month.name}.{form}"'
    return answer


@bp.get("/nguoi-ban/<uuid:payee_id>")
@requires(*READERS)
def seller(payee_id: UUID) -> Shown:
    """What lies behind a seller's line: each charge of the month, and what went back."""
    month = _month()
    page = declarations.charges(month, payee_id, cursor=request.args.get("cursor"), limit=PAGE)
    sums = declarations.of_seller(month, payee_id)
    name = sellers.names_of([payee_id]).get(payee_id)
    if name is None and not page.items and not (sums.collected_vnd or sums.direct_vnd):
        abort(404)
    return render_template(
        "fees/seller.html", month=month, payee_id=payee_id, name=name, sums=sums, page=page, words=words
    )


@bp.get("/muc")
@requires(*READERS)
def rules() -> Shown:
    """The rules that hold, those to come, those over, and changes that wait for a second person."""
    return _rules()


@bp.post("/muc")
@requires(Role.FINANCE)
def propose() -> Shown:
    """Propose another rate, or none, from a day on."""
    try:
        services.propose(
            kind=_kind(),
            supply=_supply(),
            rate_bp=_rate(),
            starts_on=_day(),
            legal_source=request.form.get("legal_source", ""),
            actor=current_actor(),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _rules(error), error.status
    flash(_("Đã ghi đề nghị. Nhờ người thứ hai trong phòng tài chính duyệt."), "success")
    return redirect(url_for(".rules"), 303)


@bp.post("/muc/<uuid:change_id>/duyet")
@requires(Role.FINANCE)
def approve(change_id: UUID) -> Shown:
    """Let a change hold, as the second person."""
    try:
        services.approve(change_id, actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _rules(error), error.status
    flash(_("Đã duyệt. Mức mới áp dụng từ ngày đã ghi."), "success")
    return redirect(url_for(".rules"), 303)


@bp.post("/muc/<uuid:change_id>/bo")
@requires(Role.FINANCE)
def drop(change_id: UUID) -> Shown:
    """Give a proposed change up."""
    try:
        services.drop(change_id, actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _rules(error), error.status
    flash(_("Đã bỏ đề nghị."), "success")
    return redirect(url_for(".rules"), 303)


def _rules(error: AppError | None = None) -> str:
    today = in_vietnam(SYSTEM_CLOCK.now()).date()
    held = queries.rules_from(today)
    return render_template(
        "fees/rules.html",
        now=[rule for rule in held if rule.valid_from <= today],
        later=[rule for rule in held if rule.valid_from > today],
        over=queries.rules_over(today),
        changes=queries.open_changes(),
        words=words,
        kinds=[(kind.value, words.kind_words(kind)) for kind in Kind],
        supplies=[(supply.value, words.supply_words(supply)) for supply in Supply],
        form=request.form,
        problem=error.message if error else "",
        errors={name: told[0] for name, told in error.details.get("errors", {}).items()} if error else {},
        me=current_actor().user_id,
        tomorrow=today + timedelta(days=1),
        acts=current_actor().has_role(Role.FINANCE),
    )


def _lines(month: Month, total: declarations.Sums) -> Iterator[list[sheets.Cell]]:
    batch: list[declarations.Declared] = []
    for line in declarations.every(month):
        batch.append(line)
        if len(batch) == declarations.FILE_BATCH:
            yield from _named(batch)
            batch = []
    yield from _named(batch)
    yield [None, _("Tổng cộng"), *_cells(total)]


def _named(batch: list[declarations.Declared]) -> Iterator[list[sheets.Cell]]:
    names = sellers.names_of([line.payee_id for line in batch])
    for line in batch:
        known = names.get(line.payee_id)
        yield [known.code if known else str(line.payee_id), known.name if known else None, *_cells(line.sums)]


def _cells(sums: declarations.Sums) -> list[sheets.Cell]:
    return [
        sums.collected_vnd, sums.direct_vnd, sums.vat_vnd, sums.income_tax_vnd, sums.commission_vnd,
        sums.vat_back_vnd, sums.income_tax_back_vnd, sums.commission_back_vnd, sums.net_tax_vnd,
        sums.net_commission_vnd,
    ]  # fmt: skip


def _month() -> Month:
    text = request.args.get("thang") or ""
    if text:
        return declarations.month_of(text)
    return declarations.month_at(in_vietnam(SYSTEM_CLOCK.now()).date())


def _months(shown: Month) -> list[tuple[str, str]]:
    """The last year's months to choose from, and the one shown."""
    day = in_vietnam(SYSTEM_CLOCK.now()).date().replace(day=1)
    found = []
    for _number in range(MONTHS):
        found.append(Month(day))
        day = (day - timedelta(days=1)).replace(day=1)
    if shown not in found:
        found.append(shown)
    return [(month.name, f"{month.first:%m/%Y}") for month in found]


def _kind() -> Kind:
    try:
        return Kind(request.form.get("kind", ""))
    except ValueError:
        raise BadChange("kind", _("Chọn khoản giữ lại.")) from None


def _supply() -> Supply:
    try:
        return Supply(request.form.get("supply", ""))
    except ValueError:
        raise BadChange("supply", _("Chọn hàng hóa hay dịch vụ.")) from None


def _rate() -> int | None:
    """`1,5` as 150; nothing kept any more when the box for that is ticked."""
    if request.form.get("none"):
        return None
    typed = _RATE.fullmatch(request.form.get("rate", "").strip())
    if typed is None:
        raise BadChange("rate", _("Ghi mức phần trăm như 1 hoặc 1,5."))
    return int(typed[1]) * 100 + int((typed[2] or "").ljust(2, "0"))


def _day() -> date:
    try:
        return date.fromisoformat(request.form.get("starts_on", ""))
    except ValueError:
        raise BadChange("starts_on", _("Chọn ngày bắt đầu.")) from None
