"""Money that goes back to its card from the gateway's own pages; needs an open transaction.

Lock order: the card payment's row, then as the ledger goes on.
"""

from __future__ import annotations

import structlog

from app.core.clock import Clock
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.payments.cards import queries
from app.payments.cards.gateway import RefundWord, UnreadableIntent
from app.payments.cards.models import GATEWAY, CardPayment, CardReturn, EventOutcome, Outcome, ReturnStatus
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind

LEDGER_PURPOSE = "card_return"
WORDS = {"succeeded": ReturnStatus.RETURNED, "failed": ReturnStatus.FAILED, "canceled": ReturnStatus.FAILED}
log = structlog.get_logger()


class ChargeNotTold(LookupError):
    """Money went back of a charge that we have not heard of yet; the word is to be read again after that."""


def take_word(word: RefundWord, *, clock: Clock) -> EventOutcome:
    """Write down, once, a refund that nobody asked for here; money in suspense leaves it.

    Of a payment that its payee has nothing moves: such a refund is `UNKNOWN_REFUND` and waits for a person.
    After `failed` the gateway says nothing else, so an older word that comes later changes nothing.

    Raises:
        UnreadableIntent: more than we hold, or not what the gateway said of this refund before.
        ChargeNotTold: see there.
    """
    found = queries.find_for_intent(word.intent_id, None) if word.intent_id else None
    if found is None:
        return EventOutcome.UNKNOWN_REFUND
    payment, told = queries.get(found.id, for_update=True), WORDS.get(word.status)
    matched = payment.outcome == Outcome.MATCHED
    if told is None:
        return EventOutcome.UNKNOWN_REFUND if matched else EventOutcome.IGNORED
    if matched and told is ReturnStatus.RETURNED:
        told = ReturnStatus.UNEXPLAINED
    known = queries.return_of(word.id)
    if known is None:
        _begin(payment, word, told, clock)
    elif (known.payment_id, known.amount_vnd) != (payment.id, word.amount_vnd):
        raise UnreadableIntent("another refund")
    elif known.status != ReturnStatus.FAILED and told is ReturnStatus.FAILED:
        _undo(payment, known, clock)
    elif not matched:
        return EventOutcome.STALE
    require_transaction().flush()
    return EventOutcome.UNKNOWN_REFUND if matched else EventOutcome.REFUND_NOTED


def _begin(payment: CardPayment, word: RefundWord, told: ReturnStatus, clock: Clock) -> None:
    now = clock.now()
    made = CardReturn(
        id=uuid7(),
        payment_id=payment.id,
        gateway_refund_id=word.id,
        amount_vnd=word.amount_vnd,
        status=told,
        created_at=now,
        updated_at=now,
    )
    if told is ReturnStatus.RETURNED:
        if payment.outcome is None:
            raise ChargeNotTold(str(payment.id))
        if word.amount_vnd > payment.suspense_vnd:
            log.error("more_went_back_than_we_hold", card_payment=str(payment.id), gateway_refund_id=word.id)
            raise UnreadableIntent("more than we hold")
        out = ledger.NewTransfer(
            id=made.id,
            from_account_id=ledger.account_id(AccountKind.SUSPENSE, GATEWAY, clock=clock),
            to_account_id=ledger.account_id(AccountKind.OUTSIDE_CARD, GATEWAY, clock=clock),
            amount_vnd=made.amount_vnd,
            purpose=(LEDGER_PURPOSE, made.id),
            event_at=now,
        )
        ledger.post([out], clock=clock)
        payment.returned_vnd += made.amount_vnd
    require_transaction().add(made)


def _undo(payment: CardPayment, made: CardReturn, clock: Clock) -> None:
    """The payer's bank sent the money to us again: it waits in suspense as before, or is the payee's rightly."""
    if made.status == ReturnStatus.RETURNED:
        ledger.reverse(made.id, new_id=uuid7(), event_at=clock.now(), clock=clock)
        payment.returned_vnd -= made.amount_vnd
    made.status, made.updated_at = ReturnStatus.FAILED, clock.now()
