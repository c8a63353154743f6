"""The seller's income, month by month and as PDF of a year; and the same year for the finance office."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.crypto import KeyDestroyed
from app.core.database import current_actor
from app.core.errors import NotFound
from app.households.areas import queries as areas
from app.households.own import guards
from app.households.registry import people
from app.households.registry import queries as registry
from app.identity.access import requires
from app.identity.roles import Role
from app.market.catalogue import queries as catalogue
from app.market.catalogue.models import Shop
from app.payments.fees import queries as fees
from app.payments.fees import words as fee_words
from app.payments.income import queries
from app.payments.income.words import what_words
from app.payments.payees import queries as payees
from app.payments.payouts import queries as payouts
from app.payments.payouts import words as payout_words
from app.payments.payouts.states import RESERVED
from app.payments.requests.debts import REPAID_BP

from . import pdf, services, views

bp = Blueprint("income", __name__, template_folder="templates")
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
LINES, PAYOUTS, RECENT = 30, 20, 5
UNKNOWN = "–"
Answer = str | BaseResponse


@bp.get("/ban-hang/thu-nhap")
@requires(Role.HOUSEHOLD)
def month() -> Answer:
    """One month of one's own income; this month when none is named."""
    shop = _own_shop()
    if shop is None:
        return redirect("/ban-hang")
    chosen = views.read_month(request.args.get("thang", ""), clock=SYSTEM_CLOCK)
    cursor = request.args.get("cursor", "")[:500] or None
    now = SYSTEM_CLOCK.now()
    page = queries.lines(shop.payee_id, since=chosen.since, until=chosen.until, cursor=cursor, limit=LINES)
    recent = payouts.of_payee(shop.payee_id, cursor=None, limit=RECENT)
    account = payees.active_account(shop.payee_id)
    return render_template(
        "income/month.html",
        shop=shop,
        chosen=chosen,
        months=views.months_of(shop, clock=SYSTEM_CLOCK),
        this_month=views.read_month("", clock=SYSTEM_CLOCK),
        sums=queries.total(queries.by_month(shop.payee_id, since=chosen.since, until=chosen.until).values()),
        standing=queries.standing(shop.payee_id),
        fees=fees.of_payee(shop.payee_id, chosen.first, chosen.after.first),
        fee_words=fee_words,
        account=payees.masked(account) if account else None,
        held_until=queries.held_until(shop.payee_id, now=now),
        on_the_way=[payout for payout in recent.items if payout.status in RESERVED],
        payouts=recent,
        payout_words=payout_words,
        page=page,
        lines=views.shown_lines(page.items),
        cursor=cursor,
        what_words=what_words,
        repaid_percent=REPAID_BP // 100,
        years=views.years_of(shop, clock=SYSTEM_CLOCK),
    )


@bp.get("/ban-hang/thu-nhap/da-chuyen")
@requires(Role.HOUSEHOLD)
def paid_out() -> Answer:
    """Every payout of one's own, newest first."""
    shop = _own_shop()
    if shop is None:
        return redirect("/ban-hang")
    cursor = request.args.get("cursor", "")[:500] or None
    page = payouts.of_payee(shop.payee_id, cursor=cursor, limit=PAYOUTS)
    return render_template("income/payouts.html", page=page, cursor=cursor, payout_words=payout_words)


@bp.get("/ban-hang/thu-nhap/<int:year>.pdf")
@requires(Role.HOUSEHOLD)
def own_statement(year: int) -> Answer:
    """One's own year as PDF, with the household's name: not through a contact."""
    shop = _own_shop()
    if shop is None:
        return redirect("/ban-hang")
    guards.demand_kin(current_actor())
    return _pdf(shop, year)


@bp.get("/dieu-hanh/thu-nhap")
@requires(*READERS)
def office() -> Answer:
    """A seller's year for the finance office, found by the shop's code."""
    typed = request.args.get("ma", "")[:60].strip()
    shop = _shop_of_code(typed)
    year = request.args.get("nam", type=int) or views.this_year(clock=SYSTEM_CLOCK)
    return render_template(
        "income/office.html",
        typed=typed,
        shop=shop,
        years=views.years_of(shop, clock=SYSTEM_CLOCK) if shop else [],
        shown=views.year_of(shop.payee_id, year, clock=SYSTEM_CLOCK) if shop else None,
        standing=queries.standing(shop.payee_id) if shop else None,
        accounts=queries.accounts(shop.payee_id) if shop else {},
    )


@bp.get("/dieu-hanh/thu-nhap/<code>/<int:year>.pdf")
@requires(*READERS)
def statement(code: str, year: int) -> Answer:
    """A seller's year as PDF, for the finance office; taking it is written down."""
    shop = catalogue.shop_by_code(normalise(code))
    made = _pdf(shop, year)
    services.note_taken(shop, year, actor=current_actor(), clock=SYSTEM_CLOCK)
    return made


def _own_shop() -> Shop | None:
    return catalogue.shop_of(current_actor().household_id)


def _shop_of_code(typed: str) -> Shop | None:
    try:
        return catalogue.shop_by_code(normalise(typed)) if typed else None
    except NotFound:
        return None


def _pdf(shop: Shop, year: int) -> Response:
    shown = views.year_of(shop.payee_id, year, clock=SYSTEM_CLOCK)
    data = pdf.from_html(_statement_html(shop, shown, now=SYSTEM_CLOCK.now()))
    answer = Response(data, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="thu-nhap-{shop.code}-{year}.pdf"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _statement_html(shop: Shop, shown: views.Year, *, now: datetime) -> str:
    return render_template(
        "income/statement.pdf.html",
        shop=shop,
        shown=shown,
        holder=_holder(shop),
        citizen_id=_citizen_id(shop),
        commune=areas.names([shop.commune_code]).get(shop.commune_code, shop.commune_code),
        fee_words=fee_words,
        now=now,
    )


def _holder(shop: Shop) -> str:
    """The name on the bank account, which the seller and the office may read in full; gone when it was erased."""
    account = payees.active_account(shop.payee_id)
    try:
        return payees.account_holder(account) if account else UNKNOWN
    except KeyDestroyed:
        return UNKNOWN


def _citizen_id(shop: Shop) -> str:
    """The last digits, for whoever may see the household at all."""
    try:
        return people.masked(registry.get(shop.household_id)).citizen_id
    except (NotFound, KeyDestroyed):
        return UNKNOWN
