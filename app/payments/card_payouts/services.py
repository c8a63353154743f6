"""Use cases of the gateway's payouts. The gateway is never called inside a transaction."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from uuid import UUID

import structlog

from app.core import audit
from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.database import transaction
from app.core.sweeps import ask_until_silent, in_batches
from app.payments.card_payouts import operations, queries
from app.payments.card_payouts.gateway import PayoutGateway, PayoutWord
from app.payments.card_payouts.models import CardPayout
from app.payments.cards.gateway import GatewayRefused, GatewayUnknown, UnreadableIntent

BATCH = 100
OVERLAP = timedelta(days=7)
FIRST_LOOK = timedelta(days=60)
SUBJECT = "card_payout"
log = structlog.get_logger()


class Answer(StrEnum):
    """How far the gateway answered."""

    WHOLE = "whole"
    REFUSED = "refused"  # of this payout it says nothing that we can use; of others it may
    NONE = "none"


def catch_up(payout_row_id: UUID, *, gateway: PayoutGateway, clock: Clock) -> bool:
    """Ask the gateway how a payout stands, fetch the lines we lack, and look again at those that did not fit.

    Each answer is written down in a transaction of its own, with the cursor of the next: who dies in between, and who
    comes in parallel, goes on from there.

    Returns:
        Whether the gateway answered all of it.
    """
    return _catch_up(payout_row_id, gateway, clock) is Answer.WHOLE


def _catch_up(payout_row_id: UUID, gateway: PayoutGateway, clock: Clock) -> Answer:
    with transaction(actor=SYSTEM):
        payout_id = queries.get(payout_row_id).payout_id
    try:
        _note(gateway.payout(payout_id), clock)
        while _lacks_lines(payout_row_id):
            after = _cursor(payout_row_id)
            page = gateway.lines(payout_id, after=after)
            with transaction(actor=SYSTEM):
                operations.add_lines(payout_row_id, page, after=after, clock=clock)
    except GatewayUnknown as error:
        log.warning("card_payout_unknown", payout=payout_id, reason=str(error))
        return Answer.NONE
    except (GatewayRefused, UnreadableIntent) as error:
        log.error("card_payout_refused", payout=payout_id, reason=str(error))
        return Answer.REFUSED
    _rematch(payout_row_id, clock)
    return Answer.WHOLE


def ask_again(payout_row_id: UUID, *, actor: Actor, gateway: PayoutGateway, clock: Clock) -> tuple[CardPayout, bool]:
    """A person asks: as `catch_up`, and the lines of a payout that does not add up are read anew.

    Returns:
        The payout as it is then, and whether the gateway answered.

    Raises:
        PayoutNotFound: there is none.
    """
    with transaction(actor=SYSTEM):
        operations.forget_lines(payout_row_id, clock=clock)
        audit.record(
            "card_payout_asked_again", actor=actor, subject_kind=SUBJECT, subject_id=payout_row_id, clock=clock
        )
    answered = catch_up(payout_row_id, gateway=gateway, clock=clock)
    return queries.get(payout_row_id), answered


def sweep(*, gateway: PayoutGateway, clock: Clock) -> int:
    """Go on with every payout that is not booked or has differences, as far as it is due; how many were asked about.

    Stops when two in a row stay without an answer: the gateway is down, and the next sweep is a minute away.
    """
    due = in_batches(lambda after: queries.open_ids(after=after, limit=BATCH, clock=clock))
    return ask_until_silent(
        due, lambda payout_row_id: _catch_up(payout_row_id, gateway, clock) is not Answer.NONE, patience=2
    )


def discover(*, gateway: PayoutGateway, clock: Clock) -> int:
    """Walk the gateway's list of payouts since a week before the newest we know; how many of them were new to us.

    This is how one is found whose events never came.
    """
    newest = queries.newest_event_at()
    since = newest - OVERLAP if newest is not None else clock.now() - FIRST_LOOK
    found, after = 0, None
    try:
        while True:
            words, after = gateway.payouts(since=since, after=after)
            found += sum(_note_or_pass(word, clock) for word in words)
            if after is None:
                return found
    except (GatewayUnknown, GatewayRefused, UnreadableIntent) as error:
        log.warning("card_payouts_not_listed", reason=str(error))
        return found


def _note_or_pass(word: PayoutWord, clock: Clock) -> bool:
    """One that is not like the payout we know must not hide the others."""
    try:
        return _note(word, clock)
    except UnreadableIntent as error:
        log.error("card_payout_refused", payout=word.id, reason=str(error))
        return False


def _note(word: PayoutWord, clock: Clock) -> bool:
    with transaction(actor=SYSTEM):
        return operations.note(word, clock=clock)


def _lacks_lines(payout_row_id: UUID) -> bool:
    with transaction(actor=SYSTEM):
        payout = queries.get(payout_row_id)
        return payout.lines_ready and payout.lines_at is None


def _cursor(payout_row_id: UUID) -> str | None:
    with transaction(actor=SYSTEM):
        return queries.get(payout_row_id).lines_cursor


def _rematch(payout_row_id: UUID, clock: Clock) -> None:
    after: UUID | None = None
    while True:
        with transaction(actor=SYSTEM):
            after = operations.rematch(payout_row_id, after=after, limit=BATCH, clock=clock)
        if after is None:
            return
