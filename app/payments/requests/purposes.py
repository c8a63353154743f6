"""What payments may ask of the rooms above, without knowing them.

Each room that collects money registers a handler for its purpose kind when the application is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from app.core.clock import Clock
from app.payments.fees.models import Supply
from app.payments.requests.models import PaymentRequest


@dataclass(frozen=True)
class PurposeView:
    """How a request looks to the payer.

    Attributes:
        payee_name: who is paid, as the public may see it.
        title: what is paid for, one line.
        back_url: where to go before paying, `done_url` after.
    """

    payee_name: str
    title: str
    back_url: str
    done_url: str


@dataclass(frozen=True)
class MoneyReturned:
    """Money that reached its payer again.

    Attributes:
        amount_vnd: of this refund, in đồng.
        lines: what of the purpose was given back, as the room asked for it: `{line, quantity, amount_vnd}` each.
        whole: whether with it all that was paid is back.
    """

    refund_id: UUID
    amount_vnd: int
    lines: tuple[dict[str, Any], ...]
    whole: bool


class PurposeHandler(Protocol):
    """A room's side. `on_paid` and `on_expired` run inside the transaction that moved the request.

    A room may also offer `may_undo(request) -> bool`: whether money that completed the request may be taken back as if
    it had never come, because nothing was built on it. The room then lets `on_paid` come again. See `may_undo`.
    """

    def on_paid(self, request: PaymentRequest, *, clock: Clock) -> None:
        """The full amount is there."""
        ...

    def on_expired(self, request: PaymentRequest, *, clock: Clock) -> None:
        """Time passed before the full amount was there."""
        ...

    def describe(self, request: PaymentRequest) -> PurposeView:
        """What the payer sees."""
        ...


@runtime_checkable
class HearsOfRefunds(Protocol):
    """A handler that also wants to know of refunds; told inside the transaction that recorded the money's return."""

    def on_refunded(self, request: PaymentRequest, refund: MoneyReturned, *, clock: Clock) -> None:
        """Some or all of the money is back with the payer."""
        ...


@runtime_checkable
class LastsLonger(Protocol):
    """A handler whose requests may get more time; asked inside the transaction that gives it."""

    def on_extended(self, request: PaymentRequest, *, clock: Clock) -> timedelta:
        """Keep what was promised for the payer; for how much longer.

        Raises:
            AppError: the room can't; its sentence is shown to the payer.
        """
        ...


@runtime_checkable
class OpensAgain(Protocol):
    """A handler whose expired requests may be opened again when part of their money is there already."""

    def on_reopened(self, request: PaymentRequest, *, clock: Clock) -> timedelta:
        """Promise anew what `on_expired` gave up, so that `on_paid` may come; for how long, from now.

        Raises:
            AppError: what was asked for is no more to be had; its sentence is shown to whoever asks.
        """
        ...


@runtime_checkable
class KnowsPayer(Protocol):
    """A handler that may know who ought to pay."""

    def payer_of(self, request: PaymentRequest) -> UUID | None:
        """The signed-in person who asked for what is paid; None for a guest."""
        ...


@runtime_checkable
class Sells(Protocol):
    """A handler whose requests pay for a sale; commission and tax are kept back of what we collect for it."""

    def supply_of(self, request: PaymentRequest) -> Supply | None:
        """Goods or services; None when this one is no sale. Asked before `on_paid`, and again with each payment."""
        ...


_HANDLERS: dict[str, PurposeHandler] = {}


def register(kind: str, handler: PurposeHandler) -> None:
    """Name the handler of a purpose kind."""
    _HANDLERS[kind] = handler


def handler_of(request: PaymentRequest) -> PurposeHandler:
    """The handler of the request's purpose.

    Raises:
        LookupError: no room registered this kind; the application was built wrong.
    """
    try:
        return _HANDLERS[request.purpose_kind]
    except KeyError:
        raise LookupError(f"no room handles payments for {request.purpose_kind!r}") from None


def supply_of(request: PaymentRequest) -> Supply | None:
    """What the payee sold; None for what is no sale, and of which nothing is kept back."""
    handler = handler_of(request)
    return handler.supply_of(request) if isinstance(handler, Sells) else None


def may_undo(request: PaymentRequest) -> bool:
    """Whether a paid request may become unpaid again; no, unless its room says so."""
    asked = getattr(handler_of(request), "may_undo", None)
    return asked is not None and bool(asked(request))


def payer_of(request: PaymentRequest) -> UUID | None:
    """The signed-in person who ought to pay; None when nobody knows."""
    handler = handler_of(request)
    return handler.payer_of(request) if isinstance(handler, KnowsPayer) else None
