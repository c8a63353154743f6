"""The finance office's page of the card gateway: its payouts, what they are made of, and what does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core import sheets
from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import BadInput
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.card_payouts import gateway, queries, services, words
from app.payments.card_payouts.errors import PayoutNotFound
from app.payments.card_payouts.models import CardPayout

bp = Blueprint("card_payouts", __name__, template_folder="templates", url_prefix="/dieu-hanh/cong-the")
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
PAGE, LINES, CHUNK, MAX_FILE_ROWS = 20, 50, 1_000, 100_000


@bp.get("")
@requires(*READERS)
def overview() -> str:
    """All payouts, the newest first, and the charges that no payout brought."""
    only_wrong = request.args.get("lech") == "1"
    cursor = request.args.get("cursor")
    return render_template(
        "card_payouts/overview.html",
        page=queries.page(cursor=cursor, limit=PAGE, only_wrong=only_wrong),
        missing=queries.charges_in_no_payout(limit=PAGE, clock=SYSTEM_CLOCK),
        days=queries.CHARGE_PATIENCE.days,
        only_wrong=only_wrong,
        acts=current_actor().has_role(Role.FINANCE),
        cursor=cursor,
        words=words,
    )


@bp.post("/hoi-lai")
@requires(Role.FINANCE)
def discover() -> Response:
    """Ask the gateway for payouts that we have not heard of."""
    found = services.discover(gateway=gateway.current(), clock=SYSTEM_CLOCK)
    flash(_("Có %(count)s điều mới từ cổng thẻ.", count=found) if found else _("Cổng thẻ không có gì mới."), "info")
    return redirect(url_for(".overview"), 303)


@bp.get("/<payout_id>")
@requires(*READERS)
def show(payout_id: str) -> str:
    """One payout with its lines."""
    payout = queries.get(_id(payout_id))
    only_wrong = request.args.get("lech") == "1"
    cursor = request.args.get("cursor")
    return render_template(
        "card_payouts/show.html",
        payout=payout,
        page=queries.lines(payout.id, cursor=cursor, limit=LINES, only_wrong=only_wrong),
        only_wrong=only_wrong,
        acts=current_actor().has_role(Role.FINANCE),
        cursor=cursor,
        words=words,
    )


@bp.post("/<payout_id>/hoi-lai")
@requires(Role.FINANCE)
def ask_again(payout_id: str) -> Response:
    """Ask the gateway how it stands and what it is made of, now."""
    payout, answered = services.ask_again(
        _id(payout_id), actor=current_actor(), gateway=gateway.current(), clock=SYSTEM_CLOCK
    )
    if not answered:
        flash(_("Cổng thẻ chưa trả lời. Hệ thống sẽ tự hỏi lại."), "warning")
    return redirect(url_for(".show", payout_id=payout.id), 303)


@bp.get("/<payout_id>/tep.<any(csv, xlsx):form>")
@requires(*READERS)
def lines_file(payout_id: str, form: str) -> Response:
    """All lines as a file: at most 100,000."""
    payout = queries.get(_id(payout_id))
    heads = [
        _("Lúc"), _("Dòng của cổng thẻ"), _("Loại"), _("Số tiền (đ)"), _("Phí (đ)"), _("Thực về (đ)"),
        _("Mã thanh toán"), _("Nguồn ở cổng thẻ"), _("Đối chiếu"),
    ]  # fmt: skip
    rows = list(_rows(payout))
    body = sheets.as_csv(heads, rows) if form == "csv" else sheets.as_xlsx(heads, rows, title=_("Cổng thẻ trả"))
    answer = Response(body, content_type=sheets.CSV_TYPE if form == "csv" else sheets.XLSX_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="cong-the-{payout.arrives_on.isoformat()}.{form}"'
    return answer


def _rows(payout: CardPayout) -> Iterator[list[sheets.Cell]]:
    after: UUID | None = None
    count = 0
    while items := queries.line_items(payout.id, after=after, limit=CHUNK):
        count += len(items)
        if count > MAX_FILE_ROWS:
            raise BadInput(_("Đợt này dài quá 100.000 dòng."))
        for item in items:
            line = item.line
            yield [
                line.event_at, line.txn_id, words.type_words(line.type), line.amount_vnd, line.fee_vnd, line.net_vnd,
                item.request_code, line.source_id, words.difference_words(line.difference),
            ]  # fmt: skip
        after = items[-1].line.id


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise PayoutNotFound() from None
