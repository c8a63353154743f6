"""Keeping back and giving back; each needs an open transaction, with the request's row locked by the caller.

Plans are made first and posted by the caller in one set with the money they belong to, so that accounts are locked
once and in order; `note` then writes the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock, in_vietnam
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.payments.fees import rates
from app.payments.fees.models import FeeCharge, FeeHold, FeeReturn, FeeRule, Kind, Supply
from app.payments.fees.rates import Standing
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import Account, AccountKind, TransferKind
from app.payments.ledger.operations import NewTransfer

LEDGER_PURPOSE = "fee"
REFUND_PURPOSE = "refund"
ACCOUNTS: dict[str, tuple[AccountKind, str]] = {
    Kind.COMMISSION: (AccountKind.COMMISSION, "platform"),
    Kind.VAT: (AccountKind.TAX_WITHHELD, "vat"),
    Kind.INCOME_TAX: (AccountKind.TAX_WITHHELD, "income_tax"),
}


@dataclass(frozen=True)
class Payment:
    """Collected money on its way to a payee, in đồng.

    Attributes:
        transfer_id: of the ledger transfer that brings it.
        is_first: nothing that counts was paid to the request before.
        refunded_vnd: what of the request went back to its payer.
    """

    request_id: UUID
    payee_id: UUID
    transfer_id: UUID
    amount_vnd: int
    supply: Supply
    is_first: bool
    refunded_vnd: int
    event_at: datetime


@dataclass(frozen=True)
class Occasion:
    """Why a request's charges are reckoned anew.

    Attributes:
        refunded_vnd: what of the request is now back with its payer, in đồng.
        refund_id: the refund that came through, or came back; None when a payment is taken back.
    """

    request_id: UUID
    payee_id: UUID
    refunded_vnd: int
    refund_id: UUID | None
    event_at: datetime


@dataclass
class Plan:
    """Transfers for the caller to post, and the rows `note` writes of them. `total_vnd`: taken from the payee."""

    transfers: list[NewTransfer] = field(default_factory=list)
    rows: list[FeeCharge | FeeReturn] = field(default_factory=list)
    total_vnd: int = 0


@dataclass(frozen=True)
class Held:
    """What a refund holds of one kind: reserved by `transfer_id` on `account_id`."""

    kind: Kind
    charge_id: UUID
    account_id: UUID
    transfer_id: UUID
    amount_vnd: int


def withhold(payment: Payment, *, payable_id: UUID, clock: Clock) -> Plan:
    """What the rules of the payment's day keep back of it, to be posted together with it.

    Charges are reckoned on all that was paid to the request, in whole đồng, rounded down: parts sum to the whole.

    Args:
        payable_id: the payee's account the payment goes to.
    """
    day = in_vietnam(payment.event_at).date()
    rules = _rules_with_accounts(payment.supply, payment.event_at)
    standings = {} if payment.is_first else rates.load(payment.request_id)
    plan, source = Plan(), _Source(payment.payee_id, payable_id, payment.amount_vnd)
    for rule_id, kind, rate_bp, account_id in rules:
        standing = standings.get(Kind(kind), Standing())
        grown = standing.with_part(payment.amount_vnd, rate_bp)
        amount_vnd = min(max(-grown.excess_vnd(payment.refunded_vnd), 0), payment.amount_vnd)
        transfer = None
        if amount_vnd:
            transfer = NewTransfer(
                id=uuid7(),
                from_account_id=source.give(amount_vnd, clock),
                to_account_id=account_id or _account(kind, clock),
                amount_vnd=amount_vnd,
                purpose=(LEDGER_PURPOSE, payment.request_id),
                event_at=payment.event_at,
            )
            plan.transfers.append(transfer)
            plan.total_vnd += amount_vnd
        plan.rows.append(
            FeeCharge(
                id=uuid7(),
                request_id=payment.request_id,
                payee_id=payment.payee_id,
                rule_id=rule_id,
                payment_transfer_id=payment.transfer_id,
                transfer_id=transfer.id if transfer else None,
                kind=kind,
                supply=payment.supply,
                base_vnd=payment.amount_vnd,
                rate_bp=rate_bp,
                amount_vnd=amount_vnd,
                charged_on=day,
                event_at=payment.event_at,
                created_at=clock.now(),
            )
        )
    ended = {kind: standing for kind, standing in standings.items() if kind not in {rule[1] for rule in rules}}
    _charge_again(payment, ended, plan, source, clock)
    return plan


def _charge_again(payment: Payment, ended: Mapping[Kind, Standing], plan: Plan, source: _Source, clock: Clock) -> None:
    """What was given back before is from now on of this payment, which no rule of these kinds charges."""
    why = Occasion(payment.request_id, payment.payee_id, payment.refunded_vnd, None, payment.event_at)
    for kind, standing in ended.items():
        owed_vnd = -standing.with_part(payment.amount_vnd, 0).excess_vnd(payment.refunded_vnd)
        if owed_vnd <= 0 or standing.last_charge_id is None:
            continue
        transfer = NewTransfer(
            id=uuid7(),
            from_account_id=source.give(owed_vnd, clock),
            to_account_id=_account(kind, clock),
            amount_vnd=owed_vnd,
            purpose=(LEDGER_PURPOSE, payment.request_id),
            event_at=payment.event_at,
        )
        plan.transfers.append(transfer)
        plan.rows.append(_return(why, (kind, standing.last_charge_id), transfer.id, -owed_vnd, clock))
        plan.total_vnd += owed_vnd


def note(plan: Plan) -> None:
    """Write down what was just posted of a plan."""
    if plan.rows:
        session = require_transaction()
        session.add_all(plan.rows)
        session.flush()


def hold(
    request_id: UUID, *, refund_id: UUID, amount_vnd: int, gone_vnd: int, outside_id: UUID, clock: Clock
) -> list[Held]:
    """Reserve for a refund what surely goes back of each kind, whichever of several refunds comes through.

    What rounding adds to that is known, and goes to the payee, only when the refund is through (see `recount`).

    Args:
        gone_vnd: what of the request is back with the payer, or on its way there.
    """
    held, transfers = [], []
    for kind, standing in rates.load(request_id).items():
        part_vnd = standing.surely_back_vnd(amount_vnd, gone_vnd)
        if not part_vnd or standing.last_charge_id is None:
            continue
        one = Held(kind, standing.last_charge_id, _account(kind, clock), uuid7(), part_vnd)
        held.append(one)
        transfers.append(
            NewTransfer(
                id=one.transfer_id,
                kind=TransferKind.PENDING,
                from_account_id=one.account_id,
                to_account_id=outside_id,
                amount_vnd=part_vnd,
                purpose=(REFUND_PURPOSE, refund_id),
                event_at=clock.now(),
            )
        )
    if held:
        ledger.post(transfers, clock=clock)
        session = require_transaction()
        session.add_all(
            FeeHold(refund_id=refund_id, kind=one.kind, charge_id=one.charge_id, transfer_id=one.transfer_id,
                    amount_vnd=one.amount_vnd)
            for one in held
        )  # fmt: skip
        session.flush()
    return held


def holds_of(refund_id: UUID, *, clock: Clock) -> list[Held]:
    """What a refund reserved of the fees."""
    rows = require_transaction().scalars(sa.select(FeeHold).where(FeeHold.refund_id == refund_id)).all()
    return [
        Held(Kind(row.kind), row.charge_id, _account(row.kind, clock), row.transfer_id, row.amount_vnd) for row in rows
    ]


def recount(
    why: Occasion,
    *,
    payable_id: UUID,
    clock: Clock,
    paid_out: Mapping[Kind, int] | None = None,
    cover_vnd: int = 0,
    leaving: UUID | None = None,
) -> Plan:
    """What has to move between fees and payee so that what stays charged is what the rules ask of what stays paid.

    Args:
        paid_out: what of each kind goes back to the payer in the same set.
        cover_vnd: how much the payee surely has for what is charged again; the rest of that is owed.
        leaving: the transfer of a payment that is about to be taken back.
    """
    plan, source = Plan(), _Source(why.payee_id, payable_id, cover_vnd)
    for kind, standing in rates.load(why.request_id, leaving=leaving).items():
        excess_vnd = standing.excess_vnd(why.refunded_vnd) - (paid_out or {}).get(kind, 0)
        if not excess_vnd or standing.last_charge_id is None:
            continue
        account_id = _account(kind, clock)
        giving = excess_vnd > 0
        transfer = NewTransfer(
            id=uuid7(),
            from_account_id=account_id if giving else source.give(-excess_vnd, clock),
            to_account_id=payable_id if giving else account_id,
            amount_vnd=abs(excess_vnd),
            purpose=(REFUND_PURPOSE, why.refund_id) if why.refund_id else (LEDGER_PURPOSE, why.request_id),
            event_at=why.event_at,
        )
        plan.transfers.append(transfer)
        plan.rows.append(_return(why, (kind, standing.last_charge_id), transfer.id, excess_vnd, clock))
        plan.total_vnd -= excess_vnd
    return plan


def paid_out(why: Occasion, held: Sequence[Held], posted: Mapping[UUID, UUID], *, clock: Clock) -> Plan:
    """The rows of what a refund's reserves gave the payer.

    Args:
        posted: the transfer that posted each pending one.
    """
    return Plan(
        rows=[_return(why, (one.kind, one.charge_id), posted[one.transfer_id], one.amount_vnd, clock) for one in held]
    )


def take_back(why: Occasion, *, payment_transfer_id: UUID, payable_id: UUID, clock: Clock) -> None:
    """A payment given to the request by mistake is about to leave again: what it was charged goes back first."""
    require_transaction().execute(
        sa.update(FeeCharge)
        .where(FeeCharge.request_id == why.request_id, FeeCharge.payment_transfer_id == payment_transfer_id)
        .values(taken_back_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    plan = recount(why, payable_id=payable_id, clock=clock, leaving=payment_transfer_id)
    ledger.post(plan.transfers, clock=clock)
    note(plan)


@dataclass
class _Source:
    """Where money for fees comes from: the payee's account as long as it surely has it, else the payee owes it.

    Of a few đồng, rounding can ask for more than came.
    """

    payee_id: UUID
    payable_id: UUID
    left_vnd: int

    def give(self, amount_vnd: int, clock: Clock) -> UUID:
        if amount_vnd <= self.left_vnd:
            self.left_vnd -= amount_vnd
            return self.payable_id
        return ledger.account_id(AccountKind.SELLER_DEBT, str(self.payee_id), clock=clock)


def _return(why: Occasion, what: tuple[Kind, UUID], transfer_id: UUID, amount_vnd: int, clock: Clock) -> FeeReturn:
    """The row of what goes back of a kind's charge."""
    kind, charge_id = what
    return FeeReturn(
        id=uuid7(),
        charge_id=charge_id,
        request_id=why.request_id,
        payee_id=why.payee_id,
        refund_id=why.refund_id,
        transfer_id=transfer_id,
        kind=kind,
        amount_vnd=amount_vnd,
        returned_on=in_vietnam(why.event_at).date(),
        event_at=why.event_at,
        created_at=clock.now(),
    )


def _account(kind: str, clock: Clock) -> UUID:
    return ledger.account_id(*ACCOUNTS[kind], clock=clock)


def _rules_with_accounts(supply: Supply, event_at: datetime) -> Iterable[tuple[UUID, str, int, UUID | None]]:
    """The day's rules, each with its account in the ledger once there is one: one query for every sale."""
    day = in_vietnam(event_at).date()
    is_commission = FeeRule.kind == Kind.COMMISSION
    owned = sa.and_(
        Account.kind == sa.case((is_commission, AccountKind.COMMISSION), else_=AccountKind.TAX_WITHHELD),
        Account.owner_id == sa.case((is_commission, ACCOUNTS[Kind.COMMISSION][1]), else_=FeeRule.kind),
    )
    statement = (
        sa.select(FeeRule.id, FeeRule.kind, FeeRule.rate_bp, Account.id)
        .outerjoin(Account, owned)
        .where(
            FeeRule.supply == supply,
            FeeRule.valid_from <= day,
            sa.or_(FeeRule.valid_until.is_(None), FeeRule.valid_until > day),
        )
        .order_by(FeeRule.kind)
    )
    session = require_transaction()
    with session.no_autoflush:
        return session.execute(statement).all()
