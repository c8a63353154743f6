"""The finance office's first look: money in and out of a day or of some weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _
from markupsafe import Markup

from app.core import charts, sheets
from app.core.clock import SYSTEM_CLOCK, VIETNAM, in_vietnam
from app.core.errors import BadInput
from app.core.money import format_vnd
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.overview import queries
from app.payments.overview.queries import Bucket, Flow

bp = Blueprint("overview", __name__, template_folder="templates", url_prefix="/dieu-hanh/tien")
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
MAX_DAYS = 92
_MARKS = 4


@dataclass(frozen=True)
class Period:
    """From the first day to the last, both in it."""

    first: date
    last: date

    @property
    def is_day(self) -> bool:
        """Whether it is one day, told hour by hour."""
        return self.first == self.last

    @property
    def since(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.first, datetime.min.time(), tzinfo=VIETNAM)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), datetime.min.time(), tzinfo=VIETNAM)

    @property
    def words(self) -> str:
        """How people say it."""
        if self.is_day:
            return str(_("ngày %(day)s", day=f"{self.first:%d/%m/%Y}"))
        return str(_("từ %(first)s đến %(last)s", first=f"{self.first:%d/%m/%Y}", last=f"{self.last:%d/%m/%Y}"))

    @property
    def arguments(self) -> dict[str, str]:
        """How a link says it."""
        return {"tu": self.first.isoformat(), "den": self.last.isoformat()}


@bp.get("")
@requires(*READERS)
def flows() -> str:
    """Chart and table; today when no days are named."""
    period = _period()
    buckets = queries.flows(since=period.since, until=period.until)
    whole = queries.total(buckets)
    return render_template(
        "overview/flows.html",
        period=period,
        chosen=_presets(),
        chart=_chart(period, buckets, whole),
        rows=[(_label(period, bucket), bucket.flow) for bucket in buckets if not bucket.flow.is_still],
        whole=whole,
        heads=_heads(),
        cells=_cells,
    )


@bp.get("/tep.csv")
@requires(*READERS)
def file() -> Response:
    """The same table, whole, as a file."""
    period = _period()
    buckets = queries.flows(since=period.since, until=period.until)
    heads = [_("Giờ") if period.is_day else _("Ngày"), *(f"{head} (đ)" for head in _heads())]
    rows: list[list[sheets.Cell]] = [
        [f"{bucket.since:%Y-%m-%d %H:%M}" if period.is_day else f"{bucket.since:%Y-%m-%d}", *_cells(bucket.flow)]
        for bucket in buckets
    ]
    rows.append([_("Tất cả"), *_cells(queries.total(buckets))])
    answer = Response(sheets.as_csv(heads, rows), content_type=sheets.CSV_TYPE)
    name = f"tien-vao-ra-{period.first}-{period.last}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _heads() -> list[str]:
    return [
        _("Vào bằng chuyển khoản"),
        _("Vào bằng thẻ"),
        _("Ra: chi trả"),
        _("Ra: hoàn tiền"),
        _("Ra: trả người chuyển"),
        _("Vào tiền treo"),
        _("Ra khỏi tiền treo"),
    ]


def _cells(flow: Flow) -> list[int]:
    return [
        flow.in_bank_vnd,
        flow.in_card_vnd,
        flow.out_payout_vnd,
        flow.out_refund_vnd,
        flow.out_sender_vnd,
        flow.into_suspense_vnd,
        flow.out_of_suspense_vnd,
    ]


def _label(period: Period, bucket: Bucket) -> str:
    return str(_("%(hour)d giờ", hour=bucket.since.hour)) if period.is_day else f"{bucket.since:%d/%m}"


def _chart(period: Period, buckets: Sequence[Bucket], whole: Flow) -> Markup:
    labels = [_("%(hour)dh", hour=bucket.since.hour) if period.is_day else _label(period, bucket) for bucket in buckets]
    last = len(labels) - 1
    return charts.line_chart(
        title=_("Tiền vào, tiền ra %(when)s", when=period.words),
        about=_(
            "Vào tất cả %(came)s, ra tất cả %(went)s. Từng con số ở bảng dưới.",
            came=format_vnd(whole.in_vnd),
            went=format_vnd(whole.out_vnd),
        ),
        labels=labels,
        marks=sorted({last * number // _MARKS for number in range(_MARKS + 1)}),
        lines=[
            charts.Line("in", _("Vào"), [bucket.flow.in_vnd for bucket in buckets]),
            charts.Line("out", _("Ra"), [bucket.flow.out_vnd for bucket in buckets]),
        ],
    )


def _today() -> date:
    return in_vietnam(SYSTEM_CLOCK.now()).date()


def _presets() -> list[tuple[str, Period]]:
    today = _today()
    return [
        (_("Hôm nay"), Period(today, today)),
        (_("Hôm qua"), Period(today - timedelta(days=1), today - timedelta(days=1))),
        (_("7 ngày"), Period(today - timedelta(days=6), today)),
        (_("30 ngày"), Period(today - timedelta(days=29), today)),
    ]


def _period() -> Period:
    today = _today()
    last = _date("den", None)
    first = _date("tu", last or today)
    period = Period(first or today, last or first or today)
    if period.last < period.first:
        raise BadInput(_("Ngày cuối phải từ ngày đầu trở đi."), errors={"den": [_("Chọn ngày muộn hơn.")]})
    if period.last - period.first >= timedelta(days=MAX_DAYS):
        raise BadInput(_("Chọn nhiều nhất 92 ngày một lần."), errors={"tu": [_("Chọn ngày muộn hơn.")]})
    return period


def _date(name: str, default: date | None) -> date | None:
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
