"""Steps of a gateway payout; each needs an open transaction.

Lock order: the payout's row, then card payments, then as the ledger goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert

from app.core.clock import Clock
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.payments.card_payouts import matching, queries
from app.payments.card_payouts.gateway import LinePage, LineWord, PayoutWord, read_payout
from app.payments.card_payouts.matching import CHARGES, FEES, REFUNDS, Line
from app.payments.card_payouts.models import CardPayout, CardPayoutLine
from app.payments.cards import operations as cards
from app.payments.cards.gateway import UnreadableIntent
from app.payments.cards.models import GATEWAY, EventOutcome
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind

LEDGER_PURPOSE = "card_payout"
COLLECTION = "collection"
# What the gateway says only ever goes up; a word that came late changes nothing.
RANKS = {"pending": 0, "in_transit": 1, "paid": 2, "failed": 3, "canceled": 3}
CAME_BACK = frozenset({"failed", "canceled"})
OVER = CAME_BACK | {"paid"}
log = structlog.get_logger()


def take_word(about: Mapping[str, Any], clock: Clock) -> EventOutcome:
    """Do what an event of the gateway tells of a payout. Its lines are fetched later, outside any transaction.

    Raises:
        UnreadableIntent: it is not shaped as documented, or not like the payout we know.
    """
    return EventOutcome.PAYOUT_NOTED if note(read_payout(about), clock=clock) else EventOutcome.STALE


def note(word: PayoutWord, *, clock: Clock) -> bool:
    """Write down what the gateway says of a payout, known or new; whether that said anything new.

    Raises:
        UnreadableIntent: it is of another amount than before, or of none.
    """
    if word.amount_vnd == 0:
        raise UnreadableIntent("nothing paid out")
    is_new = _insert(word, clock)
    payout = queries.by_name(word.id, for_update=True)
    if (payout.amount_vnd, payout.automatic) != (word.amount_vnd, word.automatic):
        raise UnreadableIntent("another payout")
    payout.checked_at = clock.now()
    ready = payout.lines_ready or word.lines_ready
    status = word.status if RANKS[word.status] > RANKS[payout.status] else payout.status
    told = is_new or (status, ready) != (payout.status, payout.lines_ready)
    if told:
        payout.status, payout.lines_ready, payout.updated_at = status, ready, clock.now()
        payout.failure_code = word.failure_code if status in CAME_BACK else None
        payout.arrives_on = word.arrives_on
    require_transaction().flush()
    settle(payout, clock=clock)
    return told


def add_lines(payout_row_id: UUID, page: LinePage, *, after: str | None, clock: Clock) -> bool:
    """Write down some lines of a payout with what they are of ours; whether more are to be fetched.

    Args:
        after: the cursor these were asked with. When somebody else has gone on from there, nothing is written.
    """
    payout = queries.get(payout_row_id, for_update=True)
    if payout.lines_at is not None:
        return False
    if payout.lines_cursor != after:
        return True
    own = [line for line in page.lines if not (line.type == "payout" and line.source_id == payout.payout_id)]
    _add(payout, own, clock)
    payout.lines_cursor, payout.updated_at = page.cursor, clock.now()
    if not page.more:
        payout.lines_at = clock.now()
        _sum_up(payout)
        if payout.off_vnd:
            log.error("card_payout_does_not_add_up", payout=payout.payout_id, off_vnd=payout.off_vnd)
    settle(payout, clock=clock)
    return page.more


def forget_lines(payout_row_id: UUID, *, clock: Clock) -> None:
    """Let the lines of a payout that did not add up be read again from the start; those we have stay as they are."""
    payout = queries.get(payout_row_id, for_update=True)
    if payout.booked_at is None and payout.lines_at is not None and payout.off_vnd:
        payout.lines_cursor = payout.lines_at = None
        payout.updated_at = clock.now()
        require_transaction().flush()


def rematch(payout_row_id: UUID, *, after: UUID | None, limit: int, clock: Clock) -> UUID | None:
    """Look again at some lines that did not fit, for we may have heard of their payments since.

    Returns:
        The last line looked at; None when there was none.
    """
    payout = queries.get(payout_row_id, for_update=True)
    lines = queries.different_lines(payout.id, after=after, limit=limit)
    if not lines:
        return None
    for line, found in zip(lines, matching.match([_line(line) for line in lines]), strict=True):
        for name, value in asdict(found).items():
            setattr(line, name, value)
    require_transaction().flush()
    _mark_settled(lines, clock)
    payout.differences = queries.count_differences(payout.id)
    require_transaction().flush()
    return lines[-1].id


def settle(payout: CardPayout, *, clock: Clock) -> None:
    """Book a locked payout once it is over and all of it is known; take back what was booked when it failed after."""
    complete = not payout.automatic or (payout.lines_at is not None and payout.off_vnd == 0)
    if payout.booked_at is None and complete and payout.status in OVER:
        _book(payout, clock)
    if payout.net_booked and payout.net_reversal_id is None and payout.status in CAME_BACK:
        payout.net_reversal_id = uuid7()
        ledger.reverse(payout.id, new_id=payout.net_reversal_id, event_at=clock.now(), clock=clock)
        log.error("card_payout_came_back", payout=payout.payout_id, reason=payout.failure_code)
    require_transaction().flush()


def _book(payout: CardPayout, clock: Clock) -> None:
    """The fee stays with the gateway whether the payout arrived or not; the net amount only moves when it did."""
    card = ledger.open_account(AccountKind.OUTSIDE_CARD, GATEWAY, clock=clock)
    fee = ledger.open_account(AccountKind.GATEWAY_FEE, GATEWAY, clock=clock)
    bank = ledger.open_account(AccountKind.OUTSIDE_BANK, COLLECTION, clock=clock)
    payout.net_booked, payout.booked_at, payout.updated_at = payout.status == "paid", clock.now(), clock.now()
    wanted = [(payout.fee_transfer_id, fee.id, payout.fee_vnd)]
    if payout.net_booked:
        wanted.append((payout.id, bank.id, payout.amount_vnd))
    transfers = [
        ledger.NewTransfer(
            id=transfer_id,
            from_account_id=other_id if amount_vnd > 0 else card.id,
            to_account_id=card.id if amount_vnd > 0 else other_id,
            amount_vnd=abs(amount_vnd),
            purpose=(LEDGER_PURPOSE, payout.id),
            event_at=payout.event_at,
        )
        for transfer_id, other_id, amount_vnd in wanted
        if amount_vnd
    ]
    ledger.post(transfers, clock=clock)


def _insert(word: PayoutWord, clock: Clock) -> bool:
    now = clock.now()
    values = {
        "id": uuid7(),
        "payout_id": word.id,
        "amount_vnd": word.amount_vnd,
        "automatic": word.automatic,
        "status": word.status,
        "failure_code": word.failure_code,
        "arrives_on": word.arrives_on,
        "event_at": word.event_at,
        "lines_ready": word.lines_ready,
        "fee_transfer_id": uuid7(),
        "checked_at": now,
        "created_at": now,
        "updated_at": now,
    }
    statement = insert(CardPayout).values(values).on_conflict_do_nothing().returning(CardPayout.id)
    return require_transaction().scalar(statement) is not None


def _add(payout: CardPayout, words: Sequence[LineWord], clock: Clock) -> None:
    """Lines that we have already, of this payout or another, are left as they are."""
    known = queries.known_lines([word.id for word in words])
    lines = [_draft(payout.id, word, clock) for word in words if word.id not in known]
    for line, found in zip(lines, matching.match([_line(line) for line in lines]), strict=True):
        for name, value in asdict(found).items():
            setattr(line, name, value)
    session = require_transaction()
    session.add_all(lines)
    session.flush()
    _mark_settled(lines, clock)


def _draft(payout_row_id: UUID, word: LineWord, clock: Clock) -> CardPayoutLine:
    return CardPayoutLine(
        id=uuid7(),
        payout_id=payout_row_id,
        txn_id=word.id,
        type=word.type,
        amount_vnd=word.amount_vnd,
        fee_vnd=word.fee_vnd,
        net_vnd=word.net_vnd,
        source_id=word.source_id,
        intent_id=word.intent_id,
        event_at=word.event_at,
        created_at=clock.now(),
    )


def _line(line: CardPayoutLine) -> Line:
    return Line(line.txn_id, line.type, line.amount_vnd, line.source_id, line.intent_id)


def _mark_settled(lines: Sequence[CardPayoutLine], clock: Clock) -> None:
    fitting = {line.card_payment_id for line in lines if line.card_payment_id and line.difference is None}
    cards.note_settled(fitting, clock=clock)


def _sum_up(payout: CardPayout) -> None:
    """A fee is what the gateway kept of a line, or a line that is nothing else."""
    session, line = require_transaction(), CardPayoutLine
    is_fee = line.type.in_(FEES)
    totals = session.execute(
        sa.select(
            _sum(line.amount_vnd, line.type.in_(CHARGES)),
            _sum(line.amount_vnd, line.type.in_(REFUNDS)),
            _sum(line.amount_vnd, line.type.not_in(CHARGES | REFUNDS | FEES)),
            _sum(line.fee_vnd, sa.not_(is_fee)) - _sum(line.net_vnd, is_fee),
        ).where(line.payout_id == payout.id)
    ).one()
    payout.gross_vnd, payout.refunds_vnd, payout.other_vnd, payout.fee_vnd = (int(total) for total in totals)
    payout.differences = queries.count_differences(payout.id)
    session.flush()


def _sum(column: Any, where: Any) -> Any:
    return sa.func.coalesce(sa.func.sum(column).filter(where), 0)
