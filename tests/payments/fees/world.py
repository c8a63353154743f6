"""Collected money comes and goes back, without a gateway: what the fees' tests do and look at."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK, Clock
from app.core.database import db, transaction
from app.core.ids import uuid7
from app.payments.fees.models import FeeCharge, FeeReturn, FeeRule, Kind
from app.payments.ledger import operations as ledger
from app.payments.ledger import queries as accounts
from app.payments.ledger.models import AccountKind
from app.payments.refunds import operations as refunds
from app.payments.refunds.models import Refund, Way
from app.payments.refunds.states import Event, State
from app.payments.requests import operations as requests
from app.payments.requests import queries
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_request

_keys = itertools.count(1)
OWNERS = {Kind.COMMISSION: "platform", Kind.VAT: "vat", Kind.INCOME_TAX: "income_tax"}


def sell(payee_id: UUID, amount_vnd: int, *, clock: Clock = SYSTEM_CLOCK) -> PaymentRequest:
    """A request for money that we collect."""
    return make_request(payee_id=payee_id, amount_vnd=amount_vnd, method="card", clock=clock, lasts=timedelta(days=900))


def pay(
    asked: PaymentRequest,
    amount_vnd: int | None = None,
    *,
    event_at: datetime | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> UUID:
    """So much money comes for it (all that is missing when not said), or came at that time; the transfer's id."""
    transfer_id = uuid7()
    with transaction():
        request = queries.get(asked.id, for_update=True)
        outside = ledger.open_account(AccountKind.OUTSIDE_BANK, "collection", clock=clock)
        requests.receive(
            request,
            transfer_id=transfer_id,
            from_account_id=outside.id,
            amount_vnd=request.missing_vnd if amount_vnd is None else amount_vnd,
            event_at=event_at or clock.now(),
            clock=clock,
        )
    return transfer_id


def take_back(asked: PaymentRequest, transfer_id: UUID, amount_vnd: int, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """The money was given to it by mistake."""
    with transaction():
        request = queries.get(asked.id, for_update=True)
        requests.take_back(request, transfer_id=transfer_id, new_id=uuid7(), amount_vnd=amount_vnd, clock=clock)


def begin_refund(asked: PaymentRequest, amount_vnd: int, *, clock: Clock = SYSTEM_CLOCK) -> UUID:
    """Reserve a refund to the card, of which the gateway says nothing yet."""
    with transaction():
        request = queries.get(asked.id, for_update=True)
        draft = refunds.Draft(Way.CARD, State.ASKING, "Hàng bị dập", f"fee-key-{next(_keys)}")
        return refunds.make(request, amount_vnd, draft, actor=SYSTEM, clock=clock).id


def end_refund(refund_id: UUID, event: Event, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """The gateway's word on it."""
    with transaction():
        request, refund = refunds._lock(refund_id)
        refunds._apply(request, refund, event, clock, gateway_refund_id=refund.gateway_refund_id or str(refund.id))


def refund(asked: PaymentRequest, amount_vnd: int, *, clock: Clock = SYSTEM_CLOCK) -> Refund:
    """Give so much back, through to its payer."""
    refund_id = begin_refund(asked, amount_vnd, clock=clock)
    end_refund(refund_id, Event.DONE, clock=clock)
    return db.session.get_one(Refund, refund_id, populate_existing=True)


def kept(kind: Kind) -> int:
    """What lies in the kind's account, in đồng."""
    db.session.rollback()
    of = AccountKind.COMMISSION if kind is Kind.COMMISSION else AccountKind.TAX_WITHHELD
    account = accounts.find_account(of, OWNERS[kind])
    return accounts.balance_vnd(account.id) if account else 0


def all_kept() -> tuple[int, int, int]:
    """Commission, VAT, income tax."""
    return kept(Kind.COMMISSION), kept(Kind.VAT), kept(Kind.INCOME_TAX)


def payable_vnd(payee_id: UUID) -> int:
    """What we hold for the seller, less what the seller owes."""
    db.session.rollback()
    found = [accounts.find_account(kind, str(payee_id)) for kind in (AccountKind.PAYABLE, AccountKind.SELLER_DEBT)]
    return sum(accounts.balance_vnd(account.id) for account in found if account)


def balance_vnd(kind: AccountKind, payee_id: UUID) -> int:
    """Of one of the seller's accounts."""
    db.session.rollback()
    account = accounts.find_account(kind, str(payee_id))
    return accounts.balance_vnd(account.id) if account else 0


def spend_all(payee_id: UUID) -> None:
    """Nothing of what we hold for the seller is left: it lies elsewhere."""
    with transaction():
        payable = ledger.open_account(AccountKind.PAYABLE, str(payee_id), clock=SYSTEM_CLOCK)
        other = ledger.open_account(AccountKind.PAYABLE, str(uuid7()), clock=SYSTEM_CLOCK)
        ledger.post(
            [
                ledger.NewTransfer(
                    id=uuid7(),
                    from_account_id=payable.id,
                    to_account_id=other.id,
                    amount_vnd=(payable.balance_vnd or 0) - payable.pending_out_vnd,
                    event_at=SYSTEM_CLOCK.now(),
                )
            ],
            clock=SYSTEM_CLOCK,
        )


def charged_and_back(asked: PaymentRequest, kind: Kind) -> tuple[int, int]:
    """By the rows: what was ever charged, and what went back."""
    db.session.rollback()
    charged = db.session.scalar(
        sa.select(sa.func.sum(FeeCharge.amount_vnd)).where(FeeCharge.request_id == asked.id, FeeCharge.kind == kind)
    )
    back = db.session.scalar(
        sa.select(sa.func.sum(FeeReturn.amount_vnd)).where(FeeReturn.request_id == asked.id, FeeReturn.kind == kind)
    )
    return int(charged or 0), int(back or 0)


def set_rule(
    kind: Kind, rate_bp: int, *, supply: str = "goods", since: date = date(2020, 1, 1), until: date | None = None
) -> FeeRule:
    """A rule for this test only."""
    with transaction() as session:
        rule = FeeRule(
            kind=kind, supply=supply, rate_bp=rate_bp, base="gross", valid_from=since, valid_until=until,
            legal_source="Luật của bài thử", created_at=SYSTEM_CLOCK.now() - timedelta(days=900),
        )  # fmt: skip
        session.add(rule)
    return rule
