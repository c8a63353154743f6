"""Pages for sellers: who ordered, what to send where."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import normalise
from app.core.database import current_actor
from app.core.errors import AppError
from app.households.own import guards
from app.identity.access import requires
from app.identity.roles import Role
from app.market.catalogue import queries as catalogue
from app.payments.bank.models import NoticeOutcome
from app.payments.desk import services as desk
from app.payments.desk import wishes
from app.payments.desk.errors import ItemNotFound
from app.payments.refunds.operations import PayerAccount
from app.payments.requests import again
from app.payments.requests import services as request_services

from . import contacts, queries, views, words
from .errors import OrderNotFound
from .models import Order

bp = Blueprint("seller_orders", __name__, url_prefix="/ban-hang/don-hang")
Answer = str | Response | tuple[str, int]


@bp.get("")
@requires(Role.HOUSEHOLD)
def listing() -> Answer:
    """The shop's orders, newest first; those that came to nothing are left out."""
    shop = catalogue.shop_of(current_actor().household_id)
    if shop is None:
        return redirect("/ban-hang")
    page = queries.of_shop(shop.id, cursor=request.args.get("cursor", "")[:500] or None)
    return render_template(
        "orders/seller/list.html",
        orders=page.items,
        state_words=words.state_words,
        next_url=url_for(".listing", cursor=page.next_cursor) if page.next_cursor else None,
    )


@bp.get("/<code>")
@requires(Role.HOUSEHOLD)
def detail(code: str) -> Answer:
    """One order of one's own shop; the buyer's number and address once it is paid."""
    shop = catalogue.shop_of(current_actor().household_id)
    if shop is None:
        return redirect("/ban-hang")
    return _page(queries.in_shop(shop.id, normalise(code)))


@bp.post("/<code>/xin-tra-not")
@requires(Role.HOUSEHOLD)
def ask_rest(code: str) -> Answer:
    """Hold the goods again for a buyer who had paid part of it in time, and ask for the rest."""
    asked = views.request_of(_own(code))
    try:
        request_services.reopen(asked.code, actor=current_actor(), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _page(_own(code), problem=error.message), error.status
    flash(_("Đã giữ hàng lại và nhắn khách trả nốt."), "success")
    return redirect(url_for(".detail", code=normalise(code)), 303)


@bp.post("/<code>/tai-khoan-khach/<uuid:notice_id>")
@requires(Role.HOUSEHOLD)
def buyers_account(code: str, notice_id: UUID) -> Answer:
    """Where the buyer wants the money back that came too much; each look is written down. Not through a contact: the
    money lies with the household."""
    guards.demand_kin(current_actor())
    asked = views.request_of(_own(code))
    if not _lies_here(wishes.one(asked, notice_id)):
        raise ItemNotFound()
    account = desk.show_account(notice_id, request_id=asked.id, actor=current_actor(), clock=SYSTEM_CLOCK)
    return _page(_own(code), account=account)


def _own(code: str) -> Order:
    shop = catalogue.shop_of(current_actor().household_id)
    if shop is None:
        raise OrderNotFound()
    return queries.in_shop(shop.id, normalise(code))


def _lies_here(one: wishes.Excess) -> bool:
    """Whether the shop has this money: what came to somebody else's account is not the seller's to send back."""
    return one.outcome != NoticeOutcome.WRONG_ACCOUNT and bool(one.waiting_vnd or one.kept_vnd)


def _page(order: Order, *, problem: str = "", account: PayerAccount | None = None) -> str:
    asked = views.request_of(order)
    return render_template(
        "orders/seller/order.html",
        order=order,
        asked=asked,
        is_kept_part=again.is_kept_part(asked),
        may_reopen=again.may_reopen(asked),
        excess=[one for one in wishes.of_requests([asked.id]) if _lies_here(one)],
        account=account,
        problem=problem,
        refunded_vnd=asked.refunded_vnd,
        recipient=contacts.for_seller(order),
        state_words=words.state_words,
    )
