"""Steps of a refund; each needs an open transaction.

Lock order: the idempotency key, the request's row, the refund's row, then as `requests.operations` goes on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from flask_babel import gettext as _

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.crypto import seal_record, unseal_record
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.payments.cards import queries as cards
from app.payments.cards import returns as card_returns
from app.payments.cards.gateway import RefundWord, UnreadableIntent, read_refund
from app.payments.cards.models import EventOutcome, Outcome
from app.payments.refunds import money, queries
from app.payments.refunds.errors import (
    BadRefund,
    KeyReused,
    NotRefundable,
    SecondPersonNeeded,
    SenderCantTakeBack,
    TooLate,
    TooMuch,
)
from app.payments.refunds.models import ACCOUNT_FIELD, Refund, Way
from app.payments.refunds.states import OVER, Event, State, fits, step
from app.payments.requests import again, returns
from app.payments.requests import queries as requests
from app.payments.requests.models import PaymentRequest, Settlement
from app.payments.requests.purposes import MoneyReturned
from app.payments.requests.states import State as RequestState

SUBJECT = "refund"
WORDS = {
    "pending": Event.ACCEPTED,
    "requires_action": Event.ACCEPTED,
    "succeeded": Event.DONE,
    "failed": Event.REFUSED,
    "canceled": Event.REFUSED,
}
WENT_BACK = ("charge_already_refunded", "charge_disputed")
log = structlog.get_logger()


@dataclass(frozen=True)
class Line:
    """What of a purpose is given back: the room's own name of the line, how many, and for how much in đồng."""

    line: str
    quantity: int
    amount_vnd: int


@dataclass(frozen=True)
class PayerAccount:
    """Where a transfer to the payer goes."""

    bin: str
    number: str = field(repr=False)
    holder: str = field(repr=False)


def ask(
    *,
    code: str,
    amount_vnd: int | None,
    reason: str,
    lines: Sequence[Line] | None,
    idempotency_key: str,
    actor: Actor,
    clock: Clock,
) -> tuple[Refund, bool]:
    """Write down a refund to the card and reserve its money; the refund, and whether it is new.

    Args:
        amount_vnd: None for all that is left.

    Raises:
        KeyReused, NotRefundable, TooMuch, BadRefund: see there; nothing is written.
    """
    lock_key(idempotency_key)
    request = requests.by_code(code, for_update=True)
    told = [asdict(line) for line in lines] if lines else None
    earlier = queries.by_key(idempotency_key)
    if earlier is not None:
        asked = (request.id, Way.CARD, reason, told, earlier.amount_vnd if amount_vnd is None else amount_vnd)
        if asked != (earlier.request_id, earlier.way, earlier.reason, earlier.lines, earlier.amount_vnd):
            raise KeyReused()
        return earlier, False
    _demand_refundable(request)
    wanted_vnd = request.refundable_vnd if amount_vnd is None else amount_vnd
    if lines and sum(line.amount_vnd for line in lines) != wanted_vnd:
        raise BadRefund("lines", _("Tổng các dòng chưa bằng số tiền hoàn."))
    if charged_intent(request) is None:
        raise NotRefundable(_("Khoản này không trả bằng thẻ nên không hoàn về thẻ được."))
    draft = Draft(Way.CARD, State.ASKING, reason, idempotency_key, lines=told)
    return make(request, wanted_vnd, draft, actor=actor, clock=clock), True


def choose_transfer(
    refused_id: UUID, *, account: PayerAccount, idempotency_key: str, actor: Actor, clock: Clock
) -> Refund:
    """In the place of a refused refund, let a person send the same amount to the payer's bank account.

    Raises:
        KeyReused: the key made another refund.
        TooLate: the refund is not refused, or has its transfer.
        NotRefundable, TooMuch: the request's money went back otherwise, at the gateway or meanwhile.
    """
    lock_key(idempotency_key)
    request, refused = _lock(refused_id)
    earlier = queries.by_key(idempotency_key)
    if earlier is not None:
        if (earlier.instead_of_id, account_of(earlier)) != (refused.id, account):
            raise KeyReused()
        return earlier
    if refused.status != State.REFUSED or queries.replacement_of(refused.id) is not None:
        raise TooLate()
    if went_back_otherwise(refused):
        raise NotRefundable(_("Tiền khoản này đã về thẻ theo đường khác, nên không chuyển khoản thêm lần nữa."))
    _demand_refundable(request)
    left_vnd = request.refundable_vnd - cards.unexplained_vnd(request.id)
    if refused.amount_vnd > left_vnd:
        raise TooMuch(max(left_vnd, 0))
    sealed = seal_record(ACCOUNT_FIELD, json.dumps(asdict(account)))
    draft = Draft(Way.BANK_TRANSFER, State.WAITING, refused.reason, idempotency_key, refused.lines, refused.id, sealed)
    return make(request, refused.amount_vnd, draft, actor=actor, clock=clock)


def went_back_otherwise(refused: Refund) -> bool:
    """Whether the gateway refused because the payer has the money already, or a dispute is about to decide who does.

    Source: Stripe's list of error codes.
    """
    return (refused.failure_code or "").endswith(WENT_BACK)


def mark_sent(refund_id: UUID, *, bank_reference: str, actor: Actor, clock: Clock) -> Refund:
    """A second person says that the bank sent the transfer, with the bank's reference; a repeat changes nothing.

    Raises:
        SecondPersonNeeded: it is the person who chose the transfer.
        TooLate: it waits no more.
    """
    request, refund = _lock(refund_id)
    if (refund.status, refund.bank_reference, refund.sent_by) == (State.SUCCEEDED, bank_reference, actor.user_id):
        return refund
    if not fits(State(refund.status), Event.SENT):
        raise TooLate()
    if actor.user_id is None or actor.user_id == refund.created_by:
        raise SecondPersonNeeded()
    _apply(request, refund, Event.SENT, clock, bank_reference=bank_reference, sent_by=actor.user_id)
    _note_act("refund_sent", refund, actor, clock)
    return refund


def withdraw(refund_id: UUID, *, actor: Actor, clock: Clock) -> Refund:
    """Give up a transfer that was not sent; the money is the seller's again.

    Raises:
        TooLate: it waits no more.
    """
    request, refund = _lock(refund_id)
    if not fits(State(refund.status), Event.WITHDRAWN):
        raise TooLate()
    _apply(request, refund, Event.WITHDRAWN, clock)
    _note_act("refund_cancelled", refund, actor, clock)
    return refund


def came_back(refund_id: UUID, *, reason: str, actor: Actor, clock: Clock) -> Refund:
    """Another person than its sender says that the bank sent the transfer back: the money is the seller's again.

    The refused refund it stood for may be sent by another transfer. A repeat changes nothing.

    Raises:
        SenderCantTakeBack: it is the person who confirmed the transfer.
        TooLate: it is no transfer, or was not sent.
    """
    request, refund = _lock(refund_id)
    if refund.came_back_by is not None and (refund.came_back_by, refund.came_back_reason) == (actor.user_id, reason):
        return refund
    if refund.way != Way.BANK_TRANSFER or not fits(State(refund.status), Event.CAME_BACK):
        raise TooLate()
    if actor.user_id is None or actor.user_id == refund.sent_by:
        raise SenderCantTakeBack()
    _apply(request, refund, Event.CAME_BACK, clock, came_back_reason=reason, came_back_by=actor.user_id)
    _note_act("refund_came_back", refund, actor, clock)
    return refund


def show_account(refund_id: UUID, *, actor: Actor, clock: Clock) -> PayerAccount:
    """The payer's account in full, for who makes the transfer; each look is noted.

    Raises:
        TooLate: the refund is no transfer, or waits no more.
    """
    refund = queries.get(refund_id, for_update=True)
    account = account_of(refund)
    if account is None or refund.status != State.WAITING:
        raise TooLate()
    _note_act("refund_account_shown", refund, actor, clock)
    return account


def account_of(refund: Refund) -> PayerAccount | None:
    """The payer's account of a transfer, in full."""
    if refund.account_enc is None:
        return None
    return PayerAccount(**json.loads(unseal_record(ACCOUNT_FIELD, refund.account_enc)))


def note_word(refund_id: UUID, word: RefundWord, *, clock: Clock) -> EventOutcome:
    """Write down what the gateway said of our refund; word we have already, or that came too late, changes nothing.

    Raises:
        UnreadableIntent: it is of another amount or name than our refund, or of no known status.
    """
    request, refund = _lock(refund_id)
    event = WORDS.get(word.status)
    if event is None or word.amount_vnd != refund.amount_vnd or refund.way != Way.CARD:
        raise UnreadableIntent("status or amount")
    if refund.gateway_refund_id not in (None, word.id):
        raise UnreadableIntent("another refund")
    if not fits(State(refund.status), event):
        if (refund.status, event) == (State.REFUSED, Event.DONE):
            log.error("refund_done_after_it_was_refused", refund_id=str(refund.id))
        return EventOutcome.STALE
    failure = word.failure if event is Event.REFUSED else None
    _apply(request, refund, event, clock, gateway_refund_id=word.id, failure_code=failure)
    return EventOutcome.REFUND_NOTED


def note_refusal(refund_id: UUID, *, failure: str, clock: Clock) -> None:
    """The gateway said no and did nothing."""
    request, refund = _lock(refund_id)
    if State(refund.status) not in OVER:
        _apply(request, refund, Event.REFUSED, clock, failure_code=failure[:200])


def not_answered(refund_id: UUID, *, clock: Clock) -> None:
    """Note that the gateway may have taken the refund on, or not."""
    request, refund = _lock(refund_id)
    if fits(State(refund.status), Event.NOT_ANSWERED):
        _apply(request, refund, Event.NOT_ANSWERED, clock)


def take_word(about: Mapping[str, Any], clock: Clock) -> EventOutcome:
    """Do what an event of the gateway tells of a refund.

    Raises:
        UnreadableIntent: it is not shaped as documented, or not like our refund.
        ChargeNotTold: see there.
    """
    word = read_refund(about)
    found = queries.find_for_word(word.id, word.refund_id)
    if found is not None:
        return note_word(found.id, word, clock=clock)
    outcome = card_returns.take_word(word, clock=clock)
    if outcome is EventOutcome.UNKNOWN_REFUND:
        log.error("refund_nobody_asked_for", gateway_refund_id=word.id)
    return outcome


def charged_intent_of(refund: Refund) -> str:
    """The gateway's name of the payment that a card refund gives back."""
    intent_id = charged_intent(requests.get(refund.request_id))
    if intent_id is None:
        raise LookupError(f"refund {refund.id} is of no card payment")
    return intent_id


@dataclass(frozen=True)
class Draft:
    """A refund before its money is reserved."""

    way: Way
    status: State
    reason: str
    idempotency_key: str
    lines: list[dict[str, Any]] | None = None
    instead_of_id: UUID | None = None
    account_enc: bytes | None = None


def make(request: PaymentRequest, amount_vnd: int, draft: Draft, *, actor: Actor, clock: Clock) -> Refund:
    """Write a refund of the locked request down and reserve its money.

    Raises:
        TooMuch: more than is left of what was paid.
    """
    if amount_vnd > request.refundable_vnd:
        raise TooMuch(request.refundable_vnd)
    refund_id, now = uuid7(), clock.now()
    held = money.hold(request, refund_id=refund_id, amount_vnd=amount_vnd, way=draft.way, clock=clock)
    refund = Refund(
        id=refund_id,
        request_id=request.id,
        amount_vnd=amount_vnd,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
        **{name: getattr(draft, name) for name in draft.__dataclass_fields__},
        **asdict(held),
    )
    session = require_transaction()
    session.add(refund)
    session.flush()
    _reread(request)
    _note_act("refund_asked", refund, actor, clock)
    return refund


def _apply(request: PaymentRequest, refund: Refund, event: Event, clock: Clock, **facts: Any) -> None:
    """Move the refund, the books and the request together; `facts` are columns that change with it."""
    was, now = State(refund.status), clock.now()
    status = step(was, event)
    if status is State.SUCCEEDED:
        money.settle(refund, request, event_at=now, clock=clock)
    elif was is State.SUCCEEDED:
        returns.return_failed(request)
        money.take_back(refund, request, clock=clock)
    elif status in OVER:
        money.release(refund, request, clock=clock)
    refund.status, refund.updated_at = status, now
    refund.finished_at = now if status in OVER else None
    for name, value in facts.items():
        setattr(refund, name, value)
    require_transaction().flush()
    _reread(request)
    if status is State.SUCCEEDED:
        whole = request.refunded_vnd == request.paid_vnd
        returned = MoneyReturned(refund.id, refund.amount_vnd, tuple(refund.lines or ()), whole)
        returns.money_returned(request, returned, clock=clock)


def _reread(request: PaymentRequest) -> None:
    """The database keeps the sums of a request's refunds."""
    require_transaction().refresh(request, ["refunding_vnd", "refunded_vnd"])


def _demand_refundable(request: PaymentRequest) -> None:
    if request.settlement != Settlement.COLLECTED:
        raise NotRefundable(
            _("Tiền khoản này đã vào thẳng tài khoản người nhận, nên người nhận tự hoàn cho người trả.")
        )
    if request.status == RequestState.REFUNDED or (request.status == RequestState.PAID and request.refundable_vnd == 0):
        raise NotRefundable(_("Khoản này đã hoàn hết hoặc đang hoàn hết."))
    if request.status != RequestState.PAID and not again.is_kept_part(request):
        raise NotRefundable(_("Khoản này chưa được trả đủ nên không có gì để hoàn."))


def charged_intent(request: PaymentRequest) -> str | None:
    """The gateway's name of the card payment that paid a request, or part of it."""
    payment = cards.for_request(request.id)
    return payment.intent_id if payment is not None and payment.outcome == Outcome.MATCHED else None


def _lock(refund_id: UUID) -> tuple[PaymentRequest, Refund]:
    request = requests.get(queries.get(refund_id).request_id, for_update=True)
    return request, queries.get(refund_id, for_update=True)


def lock_key(idempotency_key: str) -> None:
    """Let two with one key wait for each other, before either holds any row."""
    require_transaction().execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(idempotency_key, 0)))
    )


def _note_act(action: str, refund: Refund, actor: Actor, clock: Clock) -> None:
    audit.record(
        action, actor=actor, subject_kind=SUBJECT, subject_id=refund.id, clock=clock,
        amount_vnd=refund.amount_vnd, way=refund.way,
    )  # fmt: skip
