"""What payments call when a gift's money arrives or its time runs out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from flask_babel import gettext as _

from app.core.clock import Clock
from app.payments.requests.models import PaymentRequest
from app.payments.requests.office import OfficeLink
from app.payments.requests.purposes import PurposeView

from . import operations, queries


class GiftPurpose:
    """The handler of purpose kind `gift`; the request's row is locked by the caller."""

    def on_paid(self, request: PaymentRequest, *, clock: Clock) -> None:
        """Number the receipt and write the leaf, in the transaction of the money's own entry."""
        operations.receive(queries.get(request.purpose_id, for_update=True), clock=clock)

    def on_expired(self, request: PaymentRequest, *, clock: Clock) -> None:
        """Close the gift."""
        operations.expire(queries.get(request.purpose_id, for_update=True))

    def on_extended(self, request: PaymentRequest, *, clock: Clock) -> timedelta:
        """Wait a few days more, as long as the household takes gifts.

        Raises:
            NotListed, NoDirectGift: it does not any more.
        """
        operations.demand_welcome(queries.get(request.purpose_id), clock=clock)
        return operations.LONGER

    def on_reopened(self, request: PaymentRequest, *, clock: Clock) -> timedelta:
        """Let the rest of a gift come, as long as the household takes gifts.

        Raises:
            NotListed, NoDirectGift: it does not any more.
        """
        gift = queries.get(request.purpose_id, for_update=True)
        operations.demand_welcome(gift, clock=clock)
        operations.reopen(gift)
        return operations.PAY_WITHIN

    def describe(self, request: PaymentRequest) -> PurposeView:
        """The household by its giving code, never by its name."""
        gift = queries.get(request.purpose_id)
        household = _("Hộ %(code)s", code=gift.household_code)
        return PurposeView(
            payee_name=household,
            title=_("Ủng hộ hộ %(code)s", code=gift.household_code),
            back_url=f"/ung-ho/{gift.household_code}",
            done_url=f"/ung-ho/bien-nhan/{gift.code}",
        )

    def office_links(self, requests: Sequence[PaymentRequest]) -> Mapping[UUID, OfficeLink]:
        """The household's giving page; the gift's own code is its giver's."""
        codes = queries.household_codes(request.purpose_id for request in requests)
        return {
            request.id: OfficeLink(_("Ủng hộ hộ %(code)s", code=code), f"/ung-ho/{code}")
            for request in requests
            if (code := codes.get(request.purpose_id))
        }
