"""What payments call when an order's money arrives or its time runs out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask_babel import gettext as _

from app.core import jobs
from app.core.clock import Clock
from app.market.catalogue import queries as catalogue
from app.payments.requests.models import PaymentRequest
from app.payments.requests.office import OfficeLink
from app.payments.requests.purposes import MoneyReturned, PurposeView

from . import operations, queries
from .states import Event


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

    def on_refunded(self, request: PaymentRequest, refund: MoneyReturned, *, clock: Clock) -> None:
        """All the money is back with the buyer: a seller not told of the order yet is not to hear of it any more."""
        order = queries.get(request.purpose_id, for_update=True)
        if refund.whole and order.seller_told_at is None:
            order.seller_told_at = clock.now()

    def office_links(self, requests: Sequence[PaymentRequest]) -> Mapping[UUID, OfficeLink]:
        """Each order's own page."""
        codes = queries.codes_of(request.purpose_id for request in requests)
        return {
            request.id: OfficeLink(_("Đơn hàng %(code)s", code=code), f"/don-hang/{code}")
            for request in requests
            if (code := codes.get(request.purpose_id))
        }

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
