"""What payments call when a stall's money arrives or its time runs out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from flask_babel import gettext as _

from app.core.clock import Clock
from app.payments.fees.models import Supply
from app.payments.requests.models import PaymentRequest
from app.payments.requests.office import OfficeLink
from app.payments.requests.purposes import PurposeView

from . import operations, queries
from .models import SaleStatus


class StallSalePurpose:
    """The handler of purpose kind `stall_sale`; the request's row is locked by the caller, or new."""

    def on_paid(self, request: PaymentRequest, *, clock: Clock) -> None:
        """Note the sale; the sound page reads the arrival itself."""
        if request.standing_code_id is not None:
            operations.note_standing_sale(request, clock=clock)
        else:
            operations.close_sale(request.purpose_id, SaleStatus.PAID, clock=clock)

    def on_expired(self, request: PaymentRequest, *, clock: Clock) -> None:
        """The buyer did not pay in time. A static QR never runs out."""
        if request.standing_code_id is None:
            operations.close_sale(request.purpose_id, SaleStatus.EXPIRED, clock=clock)

    def on_extended(self, request: PaymentRequest, *, clock: Clock) -> timedelta:
        """Nothing is held back for a buyer who stands at the stall; an expired sale is simply keyed in anew."""
        return operations.PAY_WITHIN

    def supply_of(self, request: PaymentRequest) -> Supply:
        """Goods: no shop offers services here yet."""
        return Supply.GOODS

    def describe(self, request: PaymentRequest) -> PurposeView:
        """The stall and its market."""
        stall = queries.stall_of(request)
        page = f"/sap/{stall.code}"
        return PurposeView(
            payee_name=f"{stall.name}, {stall.market.name}",
            title=_("Trả tiền tại sạp %(number)s", number=stall.number),
            back_url=page,
            done_url=page,
        )

    def office_links(self, requests: Sequence[PaymentRequest]) -> Mapping[UUID, OfficeLink]:
        """The stall's page."""
        return {
            request_id: OfficeLink(_("Sạp %(number)s", number=stall.number), f"/sap/{stall.code}")
            for request_id, stall in queries.stalls_of(requests).items()
        }
