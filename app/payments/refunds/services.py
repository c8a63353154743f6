"""Use cases of refunds. The gateway is never called inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.database import transaction
from app.core.sweeps import ask_until_silent, in_batches
from app.payments.cards.gateway import GatewayRefused, GatewayUnknown, RefundGateway, RefundWord, UnreadableIntent
from app.payments.refunds import operations, parts, queries
from app.payments.refunds.models import Refund
from app.payments.refunds.operations import Line, PayerAccount
from app.payments.refunds.states import UNANSWERED, State

BATCH = 100
log = structlog.get_logger()


def ask(
    *,
    code: str,
    amount_vnd: int | None,
    reason: str,
    idempotency_key: str,
    actor: Actor,
    gateway: RefundGateway,
    clock: Clock,
    lines: Sequence[Line] | None = None,
) -> Refund:
    """Give money back to the card it came from; the refund as the gateway's answer left it.

    Without an answer it is `unknown` and the sweep asks about it. The same key gets the same refund.

    Args:
        code: the payment request's, normalised.
        amount_vnd: in đồng; None for all that is left.

    Raises:
        RequestNotFound: no request has this code.
        NotRefundable: it is not paid, is paid back, or its money did not pass through us.
        TooMuch: with this, more than was paid would go back.
        KeyReused: the key made another refund.
        BadRefund: the lines are not of this amount.
    """
    with transaction(actor=SYSTEM):
        refund, is_new = operations.ask(
            code=code,
            amount_vnd=amount_vnd,
            reason=reason,
            lines=lines,
            idempotency_key=idempotency_key,
            actor=actor,
            clock=clock,
        )
    if is_new:
        catch_up(refund.id, gateway=gateway, clock=clock, never_asked=True)
    return queries.get(refund.id)


def choose_transfer(
    refused_id: UUID, *, account: PayerAccount, idempotency_key: str, actor: Actor, clock: Clock
) -> Refund:
    """As `operations.choose_transfer`."""
    with transaction(actor=SYSTEM):
        return operations.choose_transfer(
            refused_id, account=account, idempotency_key=idempotency_key, actor=actor, clock=clock
        )


def give_part_back(
    code: str, *, reason: str, account: PayerAccount, idempotency_key: str, actor: Actor, clock: Clock
) -> Refund:
    """As `parts.give_back`."""
    with transaction(actor=SYSTEM):
        return parts.give_back(
            code, reason=reason, account=account, idempotency_key=idempotency_key, actor=actor, clock=clock
        )


def mark_sent(refund_id: UUID, *, bank_reference: str, actor: Actor, clock: Clock) -> Refund:
    """As `operations.mark_sent`."""
    with transaction(actor=SYSTEM):
        return operations.mark_sent(refund_id, bank_reference=bank_reference, actor=actor, clock=clock)


def withdraw(refund_id: UUID, *, actor: Actor, clock: Clock) -> Refund:
    """As `operations.withdraw`."""
    with transaction(actor=SYSTEM):
        return operations.withdraw(refund_id, actor=actor, clock=clock)


def came_back(refund_id: UUID, *, reason: str, actor: Actor, clock: Clock) -> Refund:
    """As `operations.came_back`."""
    with transaction(actor=SYSTEM):
        return operations.came_back(refund_id, reason=reason, actor=actor, clock=clock)


def show_account(refund_id: UUID, *, actor: Actor, clock: Clock) -> PayerAccount:
    """As `operations.show_account`."""
    with transaction(actor=SYSTEM):
        return operations.show_account(refund_id, actor=actor, clock=clock)


def catch_up(refund_id: UUID, *, gateway: RefundGateway, clock: Clock, never_asked: bool = False) -> bool:
    """Ask the gateway for, or about, a refund that is not over, and write the answer down in its own transaction.

    Args:
        never_asked: the caller just made it, so the gateway can't know of it.

    Returns:
        Whether the gateway answered (also with a no), or nothing was left to ask.
    """
    with transaction(actor=SYSTEM):
        plan = _plan(refund_id, never_asked)
    if plan is None:
        return True
    try:
        word = _ask(plan, gateway)
        with transaction(actor=SYSTEM):
            operations.note_word(refund_id, word, clock=clock)
        return True
    except GatewayUnknown as error:
        log.warning("refund_unknown", refund_id=str(refund_id), reason=str(error))
        answered = False
    except (UnreadableIntent, _QuestionRefused) as error:
        log.error("refund_unreadable", refund_id=str(refund_id), reason=str(error))
        answered = True
    except GatewayRefused as error:
        log.warning("refund_refused", refund_id=str(refund_id), reason=str(error))
        with transaction(actor=SYSTEM):
            operations.note_refusal(refund_id, failure=str(error), clock=clock)
        return True
    with transaction(actor=SYSTEM):
        operations.not_answered(refund_id, clock=clock)
    return answered


def sweep(*, gateway: RefundGateway, clock: Clock) -> int:
    """Catch up with every refund left open by a time-out or a dead process; how many were asked about.

    Stops at the first question the gateway leaves unanswered: it is down, and the next sweep is a minute away.
    """
    due = in_batches(lambda after: queries.unanswered_ids(after=after, limit=BATCH, clock=clock))
    return ask_until_silent(due, lambda refund_id: catch_up(refund_id, gateway=gateway, clock=clock))


class _QuestionRefused(RuntimeError):
    """The gateway is there and refused to be asked, which says nothing about the refund."""


@dataclass(frozen=True)
class _Plan:
    """What to ask the gateway about a refund. `taken_on`: it said that it does it."""

    refund_id: UUID
    intent_id: str
    amount_vnd: int
    taken_on: bool
    never_asked: bool


def _plan(refund_id: UUID, never_asked: bool) -> _Plan | None:
    refund = queries.get(refund_id)
    state = State(refund.status)
    if state not in UNANSWERED:
        return None
    return _Plan(
        refund_id=refund.id,
        intent_id=operations.charged_intent_of(refund),
        amount_vnd=refund.amount_vnd,
        taken_on=state is State.ON_ITS_WAY,
        never_asked=never_asked,
    )


def _ask(plan: _Plan, gateway: RefundGateway) -> RefundWord:
    """Ask about it first; only what the gateway never heard of is asked for, always with the key of its row."""
    try:
        known = None if plan.never_asked else gateway.find_refund(refund_id=plan.refund_id, intent_id=plan.intent_id)
    except GatewayRefused as error:
        raise _QuestionRefused(str(error)) from None
    if known is not None:
        return known
    if plan.taken_on:
        raise UnreadableIntent("a refund the gateway took on is gone")
    return gateway.refund(refund_id=plan.refund_id, intent_id=plan.intent_id, amount_vnd=plan.amount_vnd)
