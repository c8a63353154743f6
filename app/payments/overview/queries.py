"""Reads of the flows between the world and our books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.core.clock import VIETNAM, in_vietnam
from app.core.database import db
from app.payments.ledger.models import OUTSIDE, Account, AccountKind, Entry, Transfer

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REFUND = "refund"
_WATCHED = OUTSIDE | {AccountKind.SUSPENSE}
# Between these the world settles with itself: the gateway's payout arrives at the bank, less its fee.
_NOT_OURS = OUTSIDE | {AccountKind.GATEWAY_FEE}


@dataclass
class Flow:
    """What was booked in one hour or day, in đồng. A correction lessens what it corrects, where it is booked.

    Attributes:
        in_bank_vnd: arrived by bank transfer, at payees' own accounts or at ours.
        in_card_vnd: charged to cards.
        out_payout_vnd: arrived at payees' accounts by payout.
        out_refund_vnd: back with payers, by card or by transfer.
        out_sender_vnd: unmatched money sent back to where it came from.
        into_suspense_vnd, out_of_suspense_vnd: began and ended to wait for a person.
    """

    in_bank_vnd: int = 0
    in_card_vnd: int = 0
    out_payout_vnd: int = 0
    out_refund_vnd: int = 0
    out_sender_vnd: int = 0
    into_suspense_vnd: int = 0
    out_of_suspense_vnd: int = 0

    @property
    def in_vnd(self) -> int:
        """All that came from the world."""
        return self.in_bank_vnd + self.in_card_vnd

    @property
    def out_vnd(self) -> int:
        """All that went to the world."""
        return self.out_payout_vnd + self.out_refund_vnd + self.out_sender_vnd

    @property
    def is_still(self) -> bool:
        """Whether nothing moved."""
        return not any(getattr(self, each.name) for each in fields(self))

    def add(self, other: Flow) -> None:
        """Add another's sums."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


class Bucket(NamedTuple):
    """An hour or a day from its first moment, in Vietnam."""

    since: datetime
    flow: Flow


class _Row(NamedTuple):
    kind: str
    other_kind: str
    is_correction: bool
    is_refund: bool
    amount_vnd: int


def flows(*, since: datetime, until: datetime) -> Sequence[Bucket]:
    """Every hour of [since, until) when that is one day, else every day, with what was booked in it.

    Args:
        since: a midnight in Vietnam, as is `until`.
    """
    step = HOUR if until - since <= DAY else DAY
    found = {start: Flow() for start in _starts(since, until, step)}
    for start, row in _sums(since, until, step):
        _count(found[start], row)
    return [Bucket(start, flow) for start, flow in found.items()]


def total(buckets: Sequence[Bucket]) -> Flow:
    """The sums over all buckets."""
    whole = Flow()
    for bucket in buckets:
        whole.add(bucket.flow)
    return whole


def _starts(since: datetime, until: datetime, step: timedelta) -> Iterator[datetime]:
    start = in_vietnam(since)
    while start < until:
        yield start
        start += step


def _sums(since: datetime, until: datetime, step: timedelta) -> Iterator[tuple[datetime, _Row]]:
    """Grouped in the database. It reads the entries of a dozen accounts within the time, through their index."""
    mine, other = aliased(Account), aliased(Account)
    start = sa.func.date_trunc(
        sa.literal_column("'hour'" if step == HOUR else "'day'"),
        sa.func.timezone(sa.literal_column(f"'{VIETNAM.key}'"), Entry.created_at),
    )
    other_id = sa.case(
        (Transfer.from_account_id == Entry.account_id, Transfer.to_account_id), else_=Transfer.from_account_id
    )
    groups = (
        start,
        mine.kind,
        other.kind,
        Transfer.reverses_id.is_not(None),
        sa.func.coalesce(Transfer.purpose_kind == REFUND, False),
        Entry.amount_vnd > 0,
    )
    statement = (
        sa.select(*groups[:-1], sa.func.sum(Entry.amount_vnd))
        .select_from(Entry)
        .join(mine, mine.id == Entry.account_id)
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .join(other, other.id == other_id)
        .where(mine.kind.in_(sorted(_WATCHED)), Entry.created_at >= since, Entry.created_at < until)
        .group_by(*groups)
    )
    for began, kind, other_kind, is_correction, is_refund, amount_vnd in db.session.execute(statement):
        yield began.replace(tzinfo=VIETNAM), _Row(kind, other_kind, is_correction, is_refund, int(amount_vnd))


def _count(flow: Flow, row: _Row) -> None:
    """Seen from an outside account, money that comes to us is negative."""
    amount_vnd, leaves = row.amount_vnd, row.amount_vnd > 0
    if row.kind == AccountKind.SUSPENSE:
        flow.into_suspense_vnd += max(amount_vnd, 0)
        flow.out_of_suspense_vnd += max(-amount_vnd, 0)
    elif row.other_kind in _NOT_OURS:
        return
    elif row.kind == AccountKind.OUTSIDE_PAYEE:
        flow.out_payout_vnd += amount_vnd
    elif row.kind == AccountKind.OUTSIDE_PAYER or row.is_refund:
        flow.out_refund_vnd += amount_vnd
    elif leaves is row.is_correction:  # money in, or a correction of it
        _came(flow, row)
    elif row.kind == AccountKind.OUTSIDE_CARD:
        flow.out_refund_vnd += amount_vnd
    else:
        flow.out_sender_vnd += amount_vnd


def _came(flow: Flow, row: _Row) -> None:
    if row.kind == AccountKind.OUTSIDE_CARD:
        flow.in_card_vnd -= row.amount_vnd
    else:
        flow.in_bank_vnd -= row.amount_vnd
