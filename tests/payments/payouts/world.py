"""What the payout tests do and look at: sell, batch, approve, send, hear from the bank, the books."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK, Clock
from app.core.crypto import new_data_key
from app.core.database import db, transaction
from app.core.ids import uuid7
from app.identity.roles import Role
from app.payments.cards import operations as cards
from app.payments.cards.gateway import Intent
from app.payments.ledger import operations as ledger
from app.payments.ledger import queries as ledger_queries
from app.payments.ledger.models import AccountKind, TransferKind
from app.payments.payees import operations as payees
from app.payments.payees import queries as payee_queries
from app.payments.payouts import queries, services
from app.payments.payouts.bank_files import OwnAccount
from app.payments.payouts.limits import LIMITS, Limits
from app.payments.payouts.models import Payout, PayoutBatch
from app.payments.payouts.states import Event
from tests.factories.payments import make_payee, make_request
from tests.factories.people import actor_for, make_user

OWN = OwnAccount("970422", "0000999900001", "CHỢ PHIÊN")
_keys = itertools.count(1)


def collect(payee_id: UUID, amount_vnd: int) -> None:
    """A card paid the payee so much, and the gateway's money is ours to pay out."""
    asked = make_request(payee_id=payee_id, method="card", amount_vnd=amount_vnd)
    with transaction():
        payment = cards.begin(asked.id, clock=SYSTEM_CLOCK)
        assert payment
        charged = Intent(f"pi_{asked.id}", "succeeded", amount_vnd, amount_vnd)
        cards.note_answer(payment.id, charged, clock=SYSTEM_CLOCK)


def promise(payee_id: UUID, amount_vnd: int) -> None:
    """So much of the payee's money is spoken for by something else, as a refund under way does."""
    with transaction():
        payable = ledger.open_account(AccountKind.PAYABLE, str(payee_id), clock=SYSTEM_CLOCK)
        outside = ledger.open_account(AccountKind.OUTSIDE_CARD, "stripe", clock=SYSTEM_CLOCK)
        held = ledger.NewTransfer(
            uuid7(), payable.id, outside.id, amount_vnd, SYSTEM_CLOCK.now(), kind=TransferKind.PENDING
        )
        ledger.post([held], clock=SYSTEM_CLOCK)


def sold(amount_vnd: int = 50_000, *, number: str | None = None) -> UUID:
    """A seller of many years whose goods were paid for."""
    long_ago = At(datetime(2024, 1, 1, tzinfo=UTC))
    payee_id = make_payee(clock=long_ago, number=number)[0].id
    collect(payee_id, amount_vnd)
    return payee_id


class At:
    """A clock that stands at one moment."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


def change_account(payee_id: UUID, number: str, *, clock: Clock = SYSTEM_CLOCK) -> None:
    with transaction():
        payees.register_account(
            payee=payee_queries.get_payee(payee_id),
            bin="970436",
            number=number,
            holder="HO MAU SO MOT",
            data_key=new_data_key(clock=clock),
            clock=clock,
        )


def build(
    actor: Actor,
    *,
    key: str | None = None,
    limits: Limits = LIMITS,
    period: date | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> PayoutBatch:
    key = key or f"key-{next(_keys)}"
    return services.build(idempotency_key=key, actor=actor, clock=clock, limits=limits, period=period)


def sent(maker: Actor, approver: Actor, *, period: date | None = None, limits: Limits = LIMITS) -> PayoutBatch:
    """A batch at the bank."""
    batch = build(maker, period=period, limits=limits)
    services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    services.xml_file(batch.id, own=OWN, actor=approver, clock=SYSTEM_CLOCK)
    return fresh(batch)


def pay_out(amount_vnd: int) -> None:
    """Every seller got at most so much of what we hold, all the way to the bank account.

    Raises:
        NothingToPay: we hold nothing that is free.
    """
    people = [actor_for(make_user(role=Role.FINANCE)) for _each in range(2)]
    period = date(2027, 1, 1) + timedelta(days=next(_keys))
    batch = sent(*people, period=period, limits=Limits(minimum_vnd=1, max_payout_vnd=amount_vnd))
    for payout in payouts(batch):
        by_hand(payout, Event.CONFIRMED, people[0])


def by_hand(payout: Payout, event: Event, actor: Actor, reason: str = "Ngân hàng gọi điện báo") -> Payout:
    return services.answer_by_hand(
        payout.id, event, reason=reason, bank_reference=None, actor=actor, clock=SYSTEM_CLOCK
    )


def fresh(batch: PayoutBatch) -> PayoutBatch:
    db.session.rollback()
    return queries.get_batch(batch.id)


def payouts(batch: PayoutBatch) -> list[Payout]:
    db.session.rollback()
    return queries.payouts_of(batch.id)


def the_payout(batch: PayoutBatch) -> Payout:
    (only,) = payouts(batch)
    return only


def states(batch: PayoutBatch) -> list[str]:
    return [payout.status for payout in payouts(batch)]


def money(payee_id: UUID) -> tuple[int, int]:
    """What we hold for the payee, and how much of it is promised to a payout, in đồng."""
    db.session.rollback()
    account = ledger_queries.find_account(AccountKind.PAYABLE, str(payee_id))
    assert account and account.balance_vnd is not None
    db.session.refresh(account)
    return account.balance_vnd, account.pending_out_vnd


def at_the_bank_vnd() -> int:
    """What all payees' own banks got of us."""
    db.session.rollback()
    account = ledger_queries.find_account(AccountKind.OUTSIDE_PAYEE, "bank")
    return ledger_queries.balance_vnd(account.id) if account else 0
