"""Reads of one payee's money: sums by month, what stands now, and the lines behind them. By the time of booking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.core.clock import VIETNAM
from app.core.database import db
from app.core.errors import BadInput
from app.core.paging import Page, decode_cursor, encode_cursor
from app.payments.fees.models import FeeCharge, FeeReturn, FeeRule
from app.payments.income.kinds import WITHHELD, What, what_of
from app.payments.ledger import queries as ledger
from app.payments.ledger.models import OUTSIDE, Account, AccountKind, Entry, Transfer
from app.payments.payees.models import BankAccount
from app.payments.payouts.limits import HOLD
from app.payments.refunds.models import Refund
from app.payments.requests.models import PaymentRequest

KINDS = (AccountKind.PAYABLE, AccountKind.RECEIVED, AccountKind.SELLER_DEBT)
_FRESH = {"populate_existing": True}
_KEPT_BACK = (AccountKind.COMMISSION, AccountKind.TAX_WITHHELD, AccountKind.GATEWAY_FEE)


@dataclass
class Sums:
    """What happened to a payee's money in some time, in đồng.

    Attributes:
        direct_vnd: sold, and paid straight into the payee's own bank account; nothing can be kept back of it.
        collected_vnd: sold, and collected by us.
        refunded_vnd: of what we collected, given back to buyers.
        withheld_vnd: kept back, by kind, less what of it went back.
        repaid_vnd: of a debt after refunds, repaid out of sales.
        paid_out_vnd: arrived at the payee's bank account by payout.
    """

    direct_vnd: int = 0
    collected_vnd: int = 0
    refunded_vnd: int = 0
    withheld_vnd: dict[What, int] = field(default_factory=lambda: dict.fromkeys(WITHHELD, 0))
    repaid_vnd: int = 0
    paid_out_vnd: int = 0

    @property
    def sold_vnd(self) -> int:
        """All that was sold."""
        return self.direct_vnd + self.collected_vnd

    @property
    def kept_vnd(self) -> int:
        """All that was kept back."""
        return sum(self.withheld_vnd.values())

    @property
    def change_vnd(self) -> int:
        """By how much what we owe the payee, less what the payee owes us, grew."""
        return self.collected_vnd - self.refunded_vnd - self.kept_vnd - self.paid_out_vnd

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return not (
            self.sold_vnd or self.refunded_vnd or any(self.withheld_vnd.values()) or self.repaid_vnd
            or self.paid_out_vnd
        )  # fmt: skip

    def add(self, other: Sums) -> None:
        """Add another's sums."""
        for name in ("direct_vnd", "collected_vnd", "refunded_vnd", "repaid_vnd", "paid_out_vnd"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for what, amount_vnd in other.withheld_vnd.items():
            self.withheld_vnd[what] += amount_vnd


@dataclass(frozen=True)
class Standing:
    """How a payee's money stands now, in đồng: free to be paid out, promised (to payout or refund), owed by them."""

    free_vnd: int
    promised_vnd: int
    debt_vnd: int


@dataclass(frozen=True)
class Line:
    """One movement as the payee sees it: what was kept back of a sale is told with the sale, not here."""

    id: int
    booked_at: datetime
    amount_vnd: int
    what: What
    direct: bool
    purpose_id: UUID | None


@dataclass(frozen=True)
class AppliedRule:
    """A rule by which something was kept back: rate in basis points of what was paid, and the law or decision."""

    kind: str
    rate_bp: int
    legal_source: str


def accounts(payee_id: UUID) -> Mapping[str, Account]:
    """The payee's accounts in the ledger by kind, as far as money ever touched them."""
    wanted = sa.select(Account).where(Account.owner_id == str(payee_id), Account.kind.in_(KINDS))
    return {account.kind: account for account in db.session.scalars(wanted, execution_options=_FRESH)}


def by_month(payee_id: UUID, *, since: datetime, until: datetime) -> Mapping[date, Sums]:
    """What happened in each month of [since, until) in which anything did, by the first day of the month in Vietnam.

    Two grouped queries: over the payee's own entries of that time, and over what went to payers straight from what had
    been kept back, which is as much given back to them and as much less kept back.
    """
    mine, other = aliased(Account), aliased(Account)
    month = _month(Entry.created_at)
    groups = (month, mine.kind, other.kind, other.owner_id, Transfer.purpose_kind)
    statement = (
        _entries(mine, other, payee_id)
        .with_only_columns(*groups, sa.func.sum(Entry.amount_vnd))
        .where(Entry.created_at >= since, Entry.created_at < until)
        .group_by(*groups)
        .order_by(month)
    )
    found: dict[date, Sums] = {}
    for began, kind, other_kind, owner_id, purpose_kind, amount_vnd in db.session.execute(statement):
        sums = found.setdefault(began.date(), Sums())
        _count(sums, kind, what_of(other_kind, owner_id, purpose_kind), int(amount_vnd))
    for first, fee_kind, given_vnd in _given_back(payee_id, since, until):
        sums = found.setdefault(first, Sums())
        sums.refunded_vnd += given_vnd
        sums.withheld_vnd[What(fee_kind)] -= given_vnd
    return dict(sorted(found.items()))


def _given_back(payee_id: UUID, since: datetime, until: datetime) -> Iterator[tuple[date, str, int]]:
    month = _month(FeeReturn.created_at)
    statement = (
        _straight_to_payers()
        .with_only_columns(month, FeeReturn.kind, sa.func.sum(FeeReturn.amount_vnd))
        .where(FeeReturn.payee_id == payee_id, FeeReturn.created_at >= since, FeeReturn.created_at < until)
        .group_by(month, FeeReturn.kind)
    )
    for began, kind, amount_vnd in db.session.execute(statement):
        yield began.date(), kind, int(amount_vnd)


def given_back_with(refund_ids: Iterable[UUID]) -> dict[UUID, int]:
    """What each of these refunds gave payers straight from what had been kept back, in đồng; others are left out."""
    statement = (
        _straight_to_payers()
        .with_only_columns(FeeReturn.refund_id, sa.func.sum(FeeReturn.amount_vnd))
        .where(FeeReturn.refund_id.in_(list(refund_ids)), FeeReturn.refund_id.is_not(None))
        .group_by(FeeReturn.refund_id)
    )
    return {refund_id: int(amount_vnd) for refund_id, amount_vnd in db.session.execute(statement) if refund_id}


def _straight_to_payers() -> sa.Select[FeeReturn]:
    return (
        sa.select(FeeReturn)
        .join(Transfer, Transfer.id == FeeReturn.transfer_id)
        .join(Account, Account.id == Transfer.to_account_id)
        .where(Account.kind.in_(sorted(OUTSIDE)))
    )


def _month(moment: InstrumentedAttribute[datetime]) -> sa.Function[datetime]:
    in_vietnam = sa.func.timezone(sa.literal_column(f"'{VIETNAM.key}'"), moment)
    return sa.func.date_trunc(sa.literal_column("'month'"), in_vietnam)


def total(months: Iterable[Sums]) -> Sums:
    """The sums over several."""
    whole = Sums()
    for sums in months:
        whole.add(sums)
    return whole


def owed_at(payee_id: UUID, at: datetime) -> int:
    """What we owed the payee at that moment, less what the payee owed us, in đồng."""
    mine = accounts(payee_id)
    kept = (mine.get(kind) for kind in (AccountKind.PAYABLE, AccountKind.SELLER_DEBT))
    return sum(ledger.balance_at(account.id, at) for account in kept if account is not None)


def standing(payee_id: UUID) -> Standing:
    """How it stands now."""
    mine = accounts(payee_id)
    payable, debt = mine.get(AccountKind.PAYABLE), mine.get(AccountKind.SELLER_DEBT)
    promised_vnd = payable.pending_out_vnd if payable else 0
    held_vnd = (payable.balance_vnd or 0) if payable else 0
    return Standing(held_vnd - promised_vnd, promised_vnd, -((debt.balance_vnd or 0) if debt else 0))


def lines(payee_id: UUID, *, since: datetime, until: datetime, cursor: str | None, limit: int) -> Page[Line]:
    """Sales, refunds, repayments and payouts of [since, until), newest first."""
    mine, other = aliased(Account), aliased(Account)
    statement = (
        _entries(mine, other, payee_id)
        .with_only_columns(Entry, mine.kind, other.kind, other.owner_id, Transfer.purpose_kind, Transfer.purpose_id)
        .where(
            Entry.created_at >= since,
            Entry.created_at < until,
            other.kind.not_in(_KEPT_BACK),
            sa.or_(mine.kind != AccountKind.SELLER_DEBT, other.kind.in_(sorted(OUTSIDE))),
        )
        .order_by(Entry.created_at.desc(), Entry.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        moment, number = decode_cursor(cursor, str, int)
        statement = statement.where(sa.tuple_(Entry.created_at, Entry.id) < sa.tuple_(_moment(moment), number))
    found = [
        Line(
            id=entry.id,
            booked_at=entry.created_at,
            amount_vnd=entry.amount_vnd,
            what=what_of(other_kind, owner_id, purpose_kind),
            direct=kind == AccountKind.RECEIVED,
            purpose_id=purpose_id,
        )
        for entry, kind, other_kind, owner_id, purpose_kind, purpose_id in db.session.execute(statement)
    ]
    shown = found[:limit]
    more = len(found) > limit
    return Page(shown, encode_cursor(shown[-1].booked_at.isoformat(), shown[-1].id) if more else None)


def requests_behind(purpose_ids: Iterable[UUID | None]) -> dict[UUID, PaymentRequest]:
    """The request that a movement of this purpose is about: its own, or the one that was refunded. Two queries."""
    wanted = {purpose_id for purpose_id in purpose_ids if purpose_id}
    if not wanted:
        return {}
    direct = sa.select(PaymentRequest.id, PaymentRequest).where(PaymentRequest.id.in_(wanted))
    through = (
        sa.select(Refund.id, PaymentRequest)
        .join(PaymentRequest, PaymentRequest.id == Refund.request_id)
        .where(Refund.id.in_(wanted))
    )
    rows = [*db.session.execute(direct), *db.session.execute(through)]
    return {row[0]: row[1] for row in rows}


def held_until(payee_id: UUID, *, now: datetime) -> datetime | None:
    """Until when payouts wait because the payee's bank account changed; None when they do not."""
    latest = list(
        db.session.scalars(
            sa.select(BankAccount.created_at)
            .where(BankAccount.payee_id == payee_id)
            .order_by(BankAccount.created_at.desc())
            .limit(2)
        )
    )
    return latest[0] + HOLD if len(latest) > 1 and latest[0] + HOLD > now else None


def rules_applied(payee_id: UUID, *, since: datetime, until: datetime) -> Sequence[AppliedRule]:
    """By which rules something was kept back of the payee by bookings from `since` to before `until`, as `by_month`."""
    statement = (
        sa.select(FeeCharge.kind, FeeCharge.rate_bp, FeeRule.legal_source)
        .join(FeeRule, FeeRule.id == FeeCharge.rule_id)
        .where(FeeCharge.payee_id == payee_id, FeeCharge.created_at >= since, FeeCharge.created_at < until)
        .distinct()
        .order_by(FeeCharge.kind, FeeCharge.rate_bp, FeeRule.legal_source)
    )
    return [AppliedRule(*row) for row in db.session.execute(statement)]


def _entries(mine: type[Account], other: type[Account], payee_id: UUID) -> sa.Select[Entry]:
    """The entries of the payee's accounts, each with its transfer and the account on the other side."""
    other_id = sa.case(
        (Transfer.from_account_id == Entry.account_id, Transfer.to_account_id), else_=Transfer.from_account_id
    )
    return (
        sa.select(Entry)
        .join(mine, mine.id == Entry.account_id)
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .join(other, other.id == other_id)
        .where(mine.owner_id == str(payee_id), mine.kind.in_(KINDS))
    )


def _count(sums: Sums, kind: str, what: What, amount_vnd: int) -> None:
    if kind == AccountKind.RECEIVED:
        sums.direct_vnd += amount_vnd
    elif what is What.REFUND:
        sums.refunded_vnd -= amount_vnd
    elif what in sums.withheld_vnd:
        sums.withheld_vnd[what] -= amount_vnd
    elif what is What.PAYOUT:
        sums.paid_out_vnd -= amount_vnd
    elif what is What.SALE:
        sums.collected_vnd += amount_vnd
    elif kind == AccountKind.PAYABLE:  # a repayment stands on both of the payee's accounts
        sums.repaid_vnd -= amount_vnd


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("cursor", errors={"cursor": ["invalid"]}) from None
