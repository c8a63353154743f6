"""The card gateway as we use it, and Stripe behind it. Amounts are whole đồng: VND has no minor unit at Stripe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import stripe

TIMEOUT_S = 10.0
CURRENCY = "vnd"
# Stripe forgets an idempotency key after 24 hours; until then the same key answers with the same intent.
KEY_LIFE = timedelta(hours=20)
CLOCK_SKEW = timedelta(minutes=10)


class GatewayUnknown(RuntimeError):
    """No answer, or one that leaves open whether it was done. To be asked about, with the same key."""


class GatewayRefused(RuntimeError):
    """A clear no: nothing was done."""


class UnreadableIntent(ValueError):
    """What should be a payment intent or a refund in đồng is not shaped like one."""


@dataclass(frozen=True)
class Intent:
    """A payment intent as the gateway told it.

    Attributes:
        status: the gateway's word, e.g. `requires_payment_method`, `succeeded`, `canceled`.
        payment_id: our row, from the intent's metadata.
        decline_code: why the last card was declined, when the intent waits for another.
        charged_at: when the card was charged, if that was told.
    """

    id: str
    status: str
    amount_vnd: int
    received_vnd: int
    client_secret: str | None = field(default=None, repr=False)
    payment_id: UUID | None = None
    decline_code: str | None = None
    charged_at: datetime | None = None


@dataclass(frozen=True)
class RefundWord:
    """A refund as the gateway told it.

    Attributes:
        status: the gateway's word: `pending`, `requires_action`, `succeeded`, `failed` or `canceled`.
        refund_id: our row, from the refund's metadata.
        failure: why it failed, if it did and that was told.
        intent_id: the gateway's name of the payment that it gives back.
    """

    id: str
    status: str
    amount_vnd: int
    refund_id: UUID | None = None
    failure: str | None = None
    intent_id: str | None = None


@dataclass(frozen=True)
class SessionWord:
    """A checkout session as the gateway told it.

    Attributes:
        status: `open`, `complete` or `expired`.
        is_paid: whether the card was charged; a complete one that is not may only be held.
        url: where the payer pays, while it is open.
        intent_id: of the payment, once the payer tried; `intent` is it in full, if that was told.
        payment_id: our row, from the session's metadata.
    """

    id: str
    status: str
    is_paid: bool
    amount_vnd: int
    url: str | None = field(default=None, repr=False)
    intent_id: str | None = None
    intent: Intent | None = None
    payment_id: UUID | None = None


@dataclass(frozen=True)
class NewSession:
    """What to open a checkout session with. The same `payment_id` goes with the same rest of it."""

    payment_id: UUID
    code: str
    amount_vnd: int
    label: str
    success_url: str
    cancel_url: str
    until: datetime
    locale: str
    capture_later: bool = False


class SessionGateway(Protocol):
    """Whatever has a page to pay on. Every method may raise GatewayUnknown or GatewayRefused."""

    def create(self, new: NewSession) -> SessionWord:
        """Open a page; the same `payment_id` gets the same page within `KEY_LIFE`."""
        ...

    def retrieve(self, session_id: str) -> SessionWord:
        """The session as it is now, with its intent."""
        ...

    def expire(self, session_id: str) -> SessionWord:
        """Close the page; answers the session as it is when it is too late for that."""
        ...

    def find(self, *, payment_id: UUID, made_at: datetime) -> SessionWord | None:
        """The session made for our row at `made_at` or later, if there is one."""
        ...


class RefundGateway(Protocol):
    """Whatever gives money back to cards. Every method may raise GatewayUnknown or GatewayRefused."""

    def refund(self, *, refund_id: UUID, intent_id: str, amount_vnd: int) -> RefundWord:
        """Send money back to the card that was charged; the same `refund_id` gets the same refund within `KEY_LIFE`."""
        ...

    def find_refund(self, *, refund_id: UUID, intent_id: str) -> RefundWord | None:
        """The intent's refund made for our row, if there is one."""
        ...


class Gateway(RefundGateway, Protocol):
    """Whatever charges cards. Every method may raise GatewayUnknown or GatewayRefused."""

    @property
    def sessions(self) -> SessionGateway:
        """The gateway's own pages to pay on."""
        ...

    def create(self, *, payment_id: UUID, code: str, amount_vnd: int, capture_later: bool = False) -> Intent:
        """Ask for a card payment; the same `payment_id` gets the same intent within `KEY_LIFE`.

        With `capture_later` the card's money is only held until `capture`.
        """
        ...

    def capture(self, intent_id: str, *, payment_id: UUID, amount_vnd: int) -> Intent:
        """Take what is held, or a part of it; the rest is let go."""
        ...

    def retrieve(self, intent_id: str) -> Intent:
        """The intent as it is now."""
        ...

    def cancel(self, intent_id: str) -> Intent:
        """Take no card for it any more; answers the intent as it is when it is too late for that."""
        ...

    def find(self, *, payment_id: UUID, made_at: datetime) -> Intent | None:
        """The intent made for our row at `made_at` or later, if there is one."""
        ...


class StripeGateway:
    """Stripe, or what is shaped like it at `api_base`. One client per process; sessions are per thread.

    Attributes:
        client: the SDK's, for rooms above that speak to the same gateway of other things.
    """

    def __init__(self, *, secret_key: str, api_base: str, timeout_s: float = TIMEOUT_S) -> None:
        self.client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=timeout_s),
        )

    @property
    def sessions(self) -> SessionGateway:
        """Checkout sessions of the same account."""
        from app.payments.cards.sessions import StripeSessions

        return StripeSessions(self.client)

    def create(self, *, payment_id: UUID, code: str, amount_vnd: int, capture_later: bool = False) -> Intent:
        """`POST /v1/payment_intents`; the key is made from our row's id."""
        with Translated():
            made = self.client.v1.payment_intents.create(
                {
                    "amount": amount_vnd,
                    "currency": CURRENCY,
                    "allowed_payment_method_types": ["card"],
                    "capture_method": "manual" if capture_later else "automatic",
                    "description": code,
                    "metadata": {"card_payment": str(payment_id), "request": code},
                },
                {"idempotency_key": f"card-payment-{payment_id}"},
            )
        return read_intent(made.to_dict())

    def retrieve(self, intent_id: str) -> Intent:
        """`GET /v1/payment_intents/{id}` with its charge."""
        with Translated():
            found = self.client.v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]})
        return read_intent(found.to_dict())

    def cancel(self, intent_id: str) -> Intent:
        """`POST /v1/payment_intents/{id}/cancel`, repeatable: an intent that is over is shown as it is."""
        try:
            with Translated():
                return read_intent(self.client.v1.payment_intents.cancel(intent_id).to_dict())
        except GatewayRefused:
            return self.retrieve(intent_id)

    def capture(self, intent_id: str, *, payment_id: UUID, amount_vnd: int) -> Intent:
        """`POST /v1/payment_intents/{id}/capture`, once: there is nothing held after it."""
        with Translated():
            taken = self.client.v1.payment_intents.capture(
                intent_id, {"amount_to_capture": amount_vnd}, {"idempotency_key": f"card-capture-{payment_id}"}
            )
        return read_intent(taken.to_dict())

    def find(self, *, payment_id: UUID, made_at: datetime) -> Intent | None:
        """Walk `GET /v1/payment_intents` back to when we asked; unlike the search, the list lags behind nothing."""
        since = int((made_at - CLOCK_SKEW).timestamp())
        with Translated():
            page = self.client.v1.payment_intents.list({"limit": 100, "created": {"gte": since}})
            for item in page.auto_paging_iter():
                found = item.to_dict()
                if (found.get("metadata") or {}).get("card_payment") == str(payment_id):
                    return read_intent(found)
        return None

    def refund(self, *, refund_id: UUID, intent_id: str, amount_vnd: int) -> RefundWord:
        """`POST /v1/refunds`; the key is made from our row's id."""
        with Translated():
            made = self.client.v1.refunds.create(
                {
                    "payment_intent": intent_id,
                    "amount": amount_vnd,
                    "reason": "requested_by_customer",
                    "metadata": {"refund": str(refund_id)},
                },
                {"idempotency_key": f"refund-{refund_id}"},
            )
        return read_refund(made.to_dict())

    def find_refund(self, *, refund_id: UUID, intent_id: str) -> RefundWord | None:
        """Walk `GET /v1/refunds` of the intent."""
        with Translated():
            page = self.client.v1.refunds.list({"payment_intent": intent_id, "limit": 100})
            for item in page.auto_paging_iter():
                found = read_refund(item.to_dict())
                if found.refund_id == refund_id:
                    return found
        return None


class Translated:
    """A block in which the SDK's errors turn into ours. Their texts stay out of it: they may hold what was sent."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, stripe.StripeError):
            return
        status = error.http_status
        words = f"{type(error).__name__} {status or ''} {error.code or ''}".strip()
        if status is None or status in (409, 429) or status >= 500:
            raise GatewayUnknown(words) from None
        raise GatewayRefused(words) from None


def read_intent(told: Mapping[str, Any]) -> Intent:
    """A payment intent from the gateway's JSON, in an answer or an event.

    Raises:
        UnreadableIntent: no id, another currency, amounts that are not whole đồng, or a success without money.
    """
    try:
        intent_id, status, metadata = told["id"], told["status"], told.get("metadata") or {}
        amounts = [told["amount"], told.get("amount_received") or 0]
        error, charge = told.get("last_payment_error") or {}, told.get("latest_charge")
        if not isinstance(intent_id, str) or told["currency"] != CURRENCY:
            raise UnreadableIntent("id or currency")
        if any(isinstance(amount, bool) or not isinstance(amount, int) or amount < 0 for amount in amounts):
            raise UnreadableIntent("amount")
        if status == "succeeded" and amounts[1] == 0:
            raise UnreadableIntent("nothing received")
        charged = datetime.fromtimestamp(charge["created"], UTC) if isinstance(charge, Mapping) else None
        declined = error.get("decline_code") or error.get("code") if status == "requires_payment_method" else None
        return Intent(
            id=intent_id,
            status=str(status),
            amount_vnd=amounts[0],
            received_vnd=amounts[1],
            client_secret=told.get("client_secret"),
            payment_id=as_uuid(metadata.get("card_payment")),
            decline_code=str(declined) if declined else None,
            charged_at=charged,
        )
    except (KeyError, TypeError, AttributeError) as broken:
        raise UnreadableIntent(type(broken).__name__) from None


def read_refund(told: Mapping[str, Any]) -> RefundWord:
    """A refund from the gateway's JSON, in an answer or an event.

    Raises:
        UnreadableIntent: no id, another currency, or an amount that is not whole đồng.
    """
    try:
        refund_id, status, amount = told["id"], told["status"], told["amount"]
        failure, metadata = told.get("failure_reason"), told.get("metadata") or {}
        intent_id = told.get("payment_intent")
        if not isinstance(refund_id, str) or not isinstance(status, str) or told["currency"] != CURRENCY:
            raise UnreadableIntent("id, status or currency")
        if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
            raise UnreadableIntent("amount")
        return RefundWord(
            id=refund_id,
            status=status,
            amount_vnd=amount,
            refund_id=as_uuid(metadata.get("refund")),
            failure=str(failure) if failure else None,
            intent_id=intent_id if isinstance(intent_id, str) else None,
        )
    except (KeyError, TypeError, AttributeError) as broken:
        raise UnreadableIntent(type(broken).__name__) from None


def as_uuid(text: object) -> UUID | None:
    """An id of ours in what the gateway was told; None when it is none."""
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


_gateway: Gateway | None = None


def use(gateway: Gateway) -> None:
    """Set this process's gateway; called by the wiring, and by tests."""
    global _gateway
    _gateway = gateway


def current() -> Gateway:
    """This process's gateway, for pages, the API and jobs to hand to services."""
    if _gateway is None:
        raise RuntimeError("gateway.use() was not called")
    return _gateway
