"""What payments call when an order's money arrives or its time runs out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from flask_babel import gettext as _

from app.core import jobs
from app.core.clock import Clock
from app.core.money import format_vnd
from app.core.phones import normalise_phone
from app.identity.operations import queue_sms
from app.market.catalogue import queries as catalogue
from app.payments.fees.models import Supply
from app.payments.requests.models import PaymentRequest
from app.payments.requests.office import OfficeLink
from app.payments.requests.purposes import MoneyReturned, PurposeView

from . import contacts, operations, queries
from .states import Event, State


class OrderPurpose:
    """The handler of purpose kind `order`; the request's row is locked by the caller."""

    def on_paid(self, request: PaymentRequest, *, clock: Clock) -> None:
        """Sell what the order holds, and have its seller told."""
        from .tasks import tell_seller  # a late import: the job calls a service, which stands above this step

        order = queries.get(request.purpose_id, for_update=True)
        operations.move(order, Event.MONEY_COMPLETE, clock=clock)
        jobs.enqueue(tell_seller, order_id=str(order.id))

    def on_expired(self, request: PaymentRequest, *, clock: Clock) -> None:
        """Give the stock back to the shop."""
        order = queries.get(request.purpose_id, for_update=True)
        operations.move(order, Event.TIME_PASSED, clock=clock)

    def on_extended(self, request: PaymentRequest, *, clock: Clock) -> timedelta:
        """The stock is held as long as the order waits for its money, so it goes on being held."""
        return operations.LONGER

    def on_reopened(self, request: PaymentRequest, *, clock: Clock) -> timedelta:
        """Hold the stock anew and have the buyer told.

        Raises:
            OutOfStock: it is not there any more.
        """
        order = queries.get(request.purpose_id, for_update=True)
        operations.reopen(order)
        phone = contacts.in_full(order.checkout).phone
        if phone:  # blank once the buyer's data was erased
            text = _(
                "Chợ Phiên: đơn %(order)s còn thiếu %(sum)s, hàng được giữ thêm một ngày. Trả nốt bằng mã %(code)s.",
                order=order.code,
                sum=format_vnd(request.missing_vnd),
                code=request.code,
            )
            queue_sms(text=text, phone_e164=normalise_phone(phone), clock=clock)
        return operations.REST_WITHIN

    def payer_of(self, request: PaymentRequest) -> UUID | None:
        """Whoever was signed in when ordering."""
        return queries.get(request.purpose_id).checkout.buyer_user_id

    def on_refunded(self, request: PaymentRequest, refund: MoneyReturned, *, clock: Clock) -> None:
        """All the money is back with the buyer: a seller not told of the order yet is not to hear of it any more.

        An order that expired with part of its money paid stays what it is when that part goes back.
        """
        order = queries.get(request.purpose_id, for_update=True)
        if refund.whole and order.status == State.PAID and order.seller_told_at is None:
            order.seller_told_at = clock.now()

    def supply_of(self, request: PaymentRequest) -> Supply:
        """Goods: no shop offers services here yet."""
        return Supply.GOODS

    def describe(self, request: PaymentRequest) -> PurposeView:
        """The shop and the order. Whoever pays need not be the buyer, so the buyer's own code stays out of it."""
        order = queries.get(request.purpose_id)
        shop = catalogue.shops([order.shop_id])[order.shop_id]
        page = f"/don-hang/{order.code}"
        return PurposeView(
            payee_name=shop.name,
            title=_("Đơn hàng %(code)s", code=order.code),
            back_url=page,
            done_url=page,
        )

    def office_links(self, requests: Sequence[PaymentRequest]) -> Mapping[UUID, OfficeLink]:
        """Each order's own page."""
        codes = queries.codes_of(request.purpose_id for request in requests)
        return {
            request.id: OfficeLink(_("Đơn hàng %(code)s", code=code), f"/don-hang/{code}")
            for request in requests
            if (code := codes.get(request.purpose_id))
        }
