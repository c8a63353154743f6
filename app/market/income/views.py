"""What the pages and the PDF of a seller's income show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from flask_babel import gettext as _

from app.core.clock import VIETNAM, Clock, in_vietnam
from app.core.errors import BadInput
from app.core.money import format_vnd
from app.market.catalogue.models import Shop
from app.market.orders import operations as orders_operations
from app.market.orders import queries as orders
from app.market.places import queries as places
from app.payments.fees import queries as fees
from app.payments.fees import words as fee_words
from app.payments.income import queries
from app.payments.income.kinds import What
from app.payments.income.queries import AppliedRule, Line, Sums
from app.payments.requests.models import PaymentRequest

FIRST_YEAR, LAST_YEAR = 2000, 2199


@dataclass(frozen=True)
class Month:
    """A month in Vietnam."""

    first: date

    @property
    def value(self) -> str:
        """As a link says it."""
        return f"{self.first:%Y-%m}"

    @property
    def words(self) -> str:
        """As people say it."""
        return str(_("Tháng %(month)d/%(year)d", month=self.first.month, year=self.first.year))

    @property
    def after(self) -> Month:
        """The month after."""
        return Month(_month(self.first.year * 12 + self.first.month))

    @property
    def before(self) -> Month:
        """The month before."""
        return Month(_month(self.first.year * 12 + self.first.month - 2))

    @property
    def since(self) -> datetime:
        """Its first moment."""
        return _midnight(self.first)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return self.after.since


@dataclass(frozen=True)
class Year:
    """A seller's year: the months in which anything happened, and how it opened and closed, in đồng."""

    year: int
    months: Mapping[date, Sums]
    whole: Sums
    opening_vnd: int
    closing_vnd: int
    rules: Sequence[AppliedRule]
    is_over: bool


@dataclass(frozen=True)
class ShownLine:
    """A movement with where it leads and what was kept back of it, in words."""

    line: Line
    label: str
    url: str
    kept: Sequence[str]


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=VIETNAM)


def read_month(text: str, *, clock: Clock) -> Month:
    """The month that a link names as `2026-11`; this month when none is named.

    Raises:
        BadInput: no month.
    """
    if not text:
        return Month(in_vietnam(clock.now()).date().replace(day=1))
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        found = date.min
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise BadInput(_("Tháng chưa đúng; bà con chọn lại nhé."), errors={"thang": [_("Chọn lại tháng.")]})
    return Month(found)


def months_of(shop: Shop, *, clock: Clock) -> list[Month]:
    """The months a seller may look at, newest first; two years back at most."""
    month = read_month("", clock=clock)
    first = in_vietnam(shop.created_at).date().replace(day=1)
    found = [month]
    while month.first > first and len(found) < 24:
        month = month.before
        found.append(month)
    return found


def this_year(*, clock: Clock) -> int:
    """The year it is in Vietnam."""
    return in_vietnam(clock.now()).year


def years_of(shop: Shop, *, clock: Clock) -> list[int]:
    """The years there are statements of, newest first."""
    return list(range(this_year(clock=clock), in_vietnam(shop.created_at).year - 1, -1))


def year_of(payee_id: UUID, year: int, *, clock: Clock) -> Year:
    """The sums of a year.

    Raises:
        BadInput: no year, or one that is yet to come.
    """
    latest = this_year(clock=clock)
    if not FIRST_YEAR <= year <= latest:
        raise BadInput(_("Năm này chưa có số liệu; bà con chọn năm khác nhé."))
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    year_long = {"since": _midnight(first), "until": _midnight(after)}
    months = queries.by_month(payee_id, **year_long)
    whole = queries.total(months.values())
    opening_vnd = queries.owed_at(payee_id, _midnight(first))
    return Year(
        year=year,
        months=months,
        whole=whole,
        opening_vnd=opening_vnd,
        closing_vnd=opening_vnd + whole.change_vnd,
        rules=queries.rules_applied(payee_id, **year_long),
        is_over=year < latest,
    )


def shown_lines(lines: Sequence[Line]) -> list[ShownLine]:
    """Lines with their labels and links; a fixed number of queries, however many lines."""
    behind = queries.requests_behind(line.purpose_id for line in lines)
    requests = list({request.id: request for request in behind.values()}.values())
    urls = _urls(requests)
    kept = fees.of_request([request.id for request in requests])
    back = queries.given_back_with(line.purpose_id for line in lines if line.purpose_id and line.what == What.REFUND)
    shown = []
    for line in lines:
        request = behind.get(line.purpose_id) if line.purpose_id else None
        told: list[str] = []
        if request and line.what == What.SALE:
            told = [fee_words.kept_words(fee.kind, fee.charged_vnd, fee.rate_bp) for fee in kept.get(request.id, [])]
        elif line.purpose_id in back:
            told = [_("Khách còn được trả %(sum)s lấy từ phí, thuế chợ đã giữ.", sum=format_vnd(back[line.purpose_id]))]
        label, url = (request.label, urls.get(request.id, "")) if request else ("", "")
        shown.append(ShownLine(line, label, url, told))
    return shown


def _urls(requests: Sequence[PaymentRequest]) -> dict[UUID, str]:
    """The seller's own page of what each request was for."""
    sold = [request for request in requests if request.purpose_kind == orders_operations.PURPOSE_KIND]
    codes = orders.codes_of(request.purpose_id for request in sold)
    found = {
        request.id: f"/ban-hang/don-hang/{codes[request.purpose_id]}" for request in sold if request.purpose_id in codes
    }
    return found | {id: f"/ban-hang/sap/{stall.code}" for id, stall in places.stalls_of(requests).items()}
