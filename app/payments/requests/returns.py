"""What a refund does to its locked request; needs an open transaction. The refunds' room above calls this."""

from __future__ import annotations

from app.core.clock import Clock
from app.core.database import require_transaction
from app.payments.requests.models import PaymentRequest
from app.payments.requests.purposes import HearsOfRefunds, MoneyReturned, handler_of
from app.payments.requests.states import Event, State, step


def money_returned(request: PaymentRequest, returned: MoneyReturned, *, clock: Clock) -> None:
    """Money is back with the payer: the request is `refunded` once all of it is, and its purpose hears of it."""
    if returned.whole:
        request.status = step(State(request.status), Event.MONEY_RETURNED)
    handler = handler_of(request)
    if isinstance(handler, HearsOfRefunds):
        handler.on_refunded(request, returned, clock=clock)
    require_transaction().flush()


def return_failed(request: PaymentRequest) -> None:
    """Money that seemed to be back came to us again: a wholly refunded request counts as paid until it is sent anew."""
    if request.status == State.REFUNDED:
        request.status = step(State(request.status), Event.RETURN_FAILED)
        require_transaction().flush()
