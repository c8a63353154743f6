"""The card gateway's payouts as we read them. Amounts are whole đồng; what leaves its balance is minus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

import stripe
import structlog

from app.core.clock import in_vietnam
from app.payments.cards.gateway import CURRENCY, Translated, UnreadableIntent

PAGE = 100
log = structlog.get_logger()
STATUSES = frozenset({"pending", "in_transit", "paid", "failed", "canceled"})


@dataclass(frozen=True)
class PayoutWord:
    """A payout as the gateway told it.

    Attributes:
        amount_vnd: what goes to our bank account; minus when the gateway takes it from there.
        lines_ready: whether the gateway knows all that it is made of; never for a manual one.
        event_at: when the gateway made it.
    """

    id: str
    status: str
    amount_vnd: int
    automatic: bool
    lines_ready: bool
    arrives_on: date
    event_at: datetime
    failure_code: str | None = None


@dataclass(frozen=True)
class LineWord:
    """A balance transaction. `source_id` is the charge's, refund's or payout's name; `intent_id` a charge's payment."""

    id: str
    type: str
    amount_vnd: int
    fee_vnd: int
    net_vnd: int
    source_id: str | None
    intent_id: str | None
    event_at: datetime


@dataclass(frozen=True)
class LinePage:
    """Some lines of a payout; `cursor` asks for the next ones, `more` says whether there are any."""

    lines: Sequence[LineWord]
    cursor: str | None
    more: bool


class PayoutGateway(Protocol):
    """Whatever pays out. Methods may raise GatewayUnknown, GatewayRefused or UnreadableIntent."""

    def payout(self, payout_id: str) -> PayoutWord:
        """The payout as it is now."""
        ...

    def lines(self, payout_id: str, *, after: str | None) -> LinePage:
        """What an automatic payout is made of, from after that line on."""
        ...

    def payouts(self, *, since: datetime, after: str | None) -> tuple[Sequence[PayoutWord], str | None]:
        """Payouts made since then, newest first, and the cursor of the next page, if there is one. Those that cannot
        be read (in another currency) are passed over: they must not hide the others."""
        ...


class StripePayouts:
    """Stripe, or what is shaped like it."""

    def __init__(self, client: stripe.StripeClient, *, page: int = PAGE) -> None:
        self._client, self._page = client, page

    def payout(self, payout_id: str) -> PayoutWord:
        """`GET /v1/payouts/{id}`."""
        with Translated():
            found = self._client.v1.payouts.retrieve(payout_id)
        return read_payout(found.to_dict())

    def lines(self, payout_id: str, *, after: str | None) -> LinePage:
        """`GET /v1/balance_transactions?payout=` with each source in place, because only a charge names its intent."""
        wanted: dict[str, Any] = {"payout": payout_id, "limit": self._page, "expand": ["data.source"]}
        with Translated():
            page = self._client.v1.balance_transactions.list(wanted | ({"starting_after": after} if after else {}))  # type: ignore[arg-type]
        lines = [read_line(item.to_dict()) for item in page.data]
        return LinePage(lines, lines[-1].id if lines else after, bool(page.has_more) and bool(lines))

    def payouts(self, *, since: datetime, after: str | None) -> tuple[Sequence[PayoutWord], str | None]:
        """`GET /v1/payouts?created[gte]=`."""
        wanted: dict[str, Any] = {"created": {"gte": int(since.timestamp())}, "limit": self._page}
        with Translated():
            page = self._client.v1.payouts.list(wanted | ({"starting_after": after} if after else {}))  # type: ignore[arg-type]
        told = [item.to_dict() for item in page.data]
        words = [word for one in told if (word := _read_or_pass(one)) is not None]
        return words, _text(told[-1].get("id")) if told and page.has_more else None


def _read_or_pass(told: Mapping[str, Any]) -> PayoutWord | None:
    try:
        return read_payout(told)
    except UnreadableIntent as error:
        log.error("card_payout_unreadable", payout=str(told.get("id")), reason=str(error))
        return None


def read_payout(told: Mapping[str, Any]) -> PayoutWord:
    """A payout from the gateway's JSON, in an answer or an event.

    Raises:
        UnreadableIntent: not shaped as documented, of an unknown status, or not in đồng.
    """
    try:
        status, automatic = told["status"], told["automatic"] is True
        if status not in STATUSES or told["currency"] != CURRENCY:
            raise UnreadableIntent("status or currency")
        return PayoutWord(
            id=_text(told["id"]),
            status=status,
            amount_vnd=_whole(told["amount"]),
            automatic=automatic,
            lines_ready=automatic and told.get("reconciliation_status") == "completed",
            arrives_on=in_vietnam(_moment(told["arrival_date"])).date(),
            event_at=_moment(told["created"]),
            failure_code=str(told["failure_code"]) if told.get("failure_code") else None,
        )
    except (KeyError, TypeError, AttributeError) as broken:
        raise UnreadableIntent(type(broken).__name__) from None


def read_line(told: Mapping[str, Any]) -> LineWord:
    """A balance transaction from the gateway's JSON, its source in place or only named.

    Raises:
        UnreadableIntent: not shaped as documented, not in đồng, or its net amount is not what it says it is.
    """
    try:
        source = told.get("source")
        inner = source if isinstance(source, Mapping) else {}
        amount, fee, net = _whole(told["amount"]), _whole(told["fee"]), _whole(told["net"])
        if told["currency"] != CURRENCY or net != amount - fee:
            raise UnreadableIntent("currency or net")
        name, intent = inner.get("id", source), inner.get("payment_intent")
        return LineWord(
            id=_text(told["id"]),
            type=_text(told["type"]),
            amount_vnd=amount,
            fee_vnd=fee,
            net_vnd=net,
            source_id=name if isinstance(name, str) else None,
            intent_id=intent if isinstance(intent, str) else None,
            event_at=_moment(told["created"]),
        )
    except (KeyError, TypeError, AttributeError) as broken:
        raise UnreadableIntent(type(broken).__name__) from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > 255:
        raise UnreadableIntent("text")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**15:
        raise UnreadableIntent("amount")
    return value


def _moment(value: object) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**11:
        raise UnreadableIntent("time")
    return datetime.fromtimestamp(value, UTC)


_gateway: PayoutGateway | None = None


def use(gateway: PayoutGateway) -> None:
    """Set this process's gateway; called by the wiring, and by tests."""
    global _gateway
    _gateway = gateway


def current() -> PayoutGateway:
    """This process's gateway, for pages and jobs to hand to services."""
    if _gateway is None:
        raise RuntimeError("gateway.use() was not called")
    return _gateway
