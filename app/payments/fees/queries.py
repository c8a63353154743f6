"""Reads of rules, charges and what went back of them. All amounts in đồng, all days Vietnam's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from app.core.database import db
from app.payments.fees.errors import ChangeNotFound
from app.payments.fees.models import ChangeState, FeeCharge, FeeReturn, FeeRule, FeeRuleChange, Kind, Supply


@dataclass(frozen=True)
class KindTotal:
    """Of one kind: what was kept back, and what of it went back."""

    kind: Kind
    charged_vnd: int
    returned_vnd: int

    @property
    def net_vnd(self) -> int:
        """What stays kept back."""
        return self.charged_vnd - self.returned_vnd


@dataclass(frozen=True)
class RequestFee:
    """What a payment request was charged by one rule.

    Attributes:
        base_vnd: paid amount it was reckoned on.
        returned_vnd: what went back of this kind; told with the last of its rules.
    """

    kind: Kind
    supply: str
    rate_bp: int
    legal_source: str
    base_vnd: int
    charged_vnd: int
    returned_vnd: int

    @property
    def net_vnd(self) -> int:
        """What stays kept back."""
        return self.charged_vnd - self.returned_vnd


def of_payee(payee_id: UUID, since: date, until: date) -> list[KindTotal]:
    """What was kept back of a seller's money from the day `since` to before `until`; each kind, even when zero.

    What went back counts on the day it went back, whenever it had been charged.
    """
    charged = dict(
        db.session.execute(
            sa.select(FeeCharge.kind, sa.func.sum(FeeCharge.amount_vnd))
            .where(FeeCharge.payee_id == payee_id, FeeCharge.charged_on >= since, FeeCharge.charged_on < until)
            .group_by(FeeCharge.kind)
        ).all()
    )
    returned = dict(
        db.session.execute(
            sa.select(FeeReturn.kind, sa.func.sum(FeeReturn.amount_vnd))
            .where(FeeReturn.payee_id == payee_id, FeeReturn.returned_on >= since, FeeReturn.returned_on < until)
            .group_by(FeeReturn.kind)
        ).all()
    )
    return [KindTotal(kind, int(charged.get(kind, 0)), int(returned.get(kind, 0))) for kind in Kind]


def of_request(request_ids: Sequence[UUID]) -> dict[UUID, list[RequestFee]]:
    """What each of these requests was charged, by rule, with its rate and legal source; requests without are left out.

    A charge taken back with a payment that was a mistake counts no more.
    """
    if not request_ids:
        return {}
    kept = FeeCharge.taken_back_at.is_(None)
    taken_back_vnd = sa.func.coalesce(sa.func.sum(FeeCharge.amount_vnd).filter(~kept), 0)
    charged = db.session.execute(
        sa.select(
            FeeCharge.request_id,
            FeeCharge.kind,
            FeeCharge.supply,
            FeeCharge.rate_bp,
            FeeRule.legal_source,
            sa.func.coalesce(sa.func.sum(FeeCharge.base_vnd).filter(kept), 0),
            sa.func.coalesce(sa.func.sum(FeeCharge.amount_vnd).filter(kept), 0),
            taken_back_vnd,
        )
        .join(FeeRule, FeeRule.id == FeeCharge.rule_id)
        .where(FeeCharge.request_id.in_(request_ids))
        .group_by(FeeCharge.request_id, FeeCharge.kind, FeeCharge.supply, FeeCharge.rate_bp, FeeRule.id)
        .order_by(FeeCharge.request_id, FeeCharge.kind, FeeRule.valid_from.desc())
    ).all()
    back = {
        (request_id, kind): int(amount_vnd)
        for request_id, kind, amount_vnd in db.session.execute(
            sa.select(FeeReturn.request_id, FeeReturn.kind, sa.func.sum(FeeReturn.amount_vnd))
            .where(FeeReturn.request_id.in_(request_ids))
            .group_by(FeeReturn.request_id, FeeReturn.kind)
        )
    }
    for row in charged:  # what a mistake was charged went back with it
        back[row[0], row[1]] = back.get((row[0], row[1]), 0) - int(row[7])
    found: defaultdict[UUID, list[RequestFee]] = defaultdict(list)
    for request_id, kind, supply, rate_bp, source, base_vnd, charged_vnd, _taken in charged:
        if base_vnd:
            returned_vnd = back.pop((request_id, kind), 0)
            found[request_id].append(
                RequestFee(Kind(kind), supply, rate_bp, source, int(base_vnd), int(charged_vnd), returned_vnd)
            )
    return dict(found)


def get_change(change_id: UUID, *, for_update: bool = False) -> FeeRuleChange:
    """A proposed change by id, as it is now.

    Raises:
        ChangeNotFound: there is none.
    """
    found = db.session.get(FeeRuleChange, change_id, with_for_update=for_update or None, populate_existing=True)
    if found is None:
        raise ChangeNotFound()
    return found


def open_change(kind: Kind, supply: Supply) -> FeeRuleChange | None:
    """The change of this rule that waits for its second person."""
    return db.session.scalar(
        sa.select(FeeRuleChange).where(
            FeeRuleChange.kind == kind,
            FeeRuleChange.supply == supply,
            FeeRuleChange.state == ChangeState.PROPOSED,
        )
    )


def open_changes() -> list[FeeRuleChange]:
    """All that wait for a second person: at most one of each kind and supply."""
    waiting = sa.select(FeeRuleChange).where(FeeRuleChange.state == ChangeState.PROPOSED).order_by(FeeRuleChange.id)
    return list(db.session.scalars(waiting.execution_options(populate_existing=True)))


def rules_from(
    day: date, *, kind: Kind | None = None, supply: Supply | None = None, for_update: bool = False
) -> list[FeeRule]:
    """Rules that hold on that day or later, in the order of their days."""
    statement = (
        sa.select(FeeRule)
        .where(sa.or_(FeeRule.valid_until.is_(None), FeeRule.valid_until > day))
        .where(sa.or_(FeeRule.valid_until.is_(None), FeeRule.valid_until > FeeRule.valid_from))
        .order_by(FeeRule.supply, FeeRule.kind, FeeRule.valid_from)
        .execution_options(populate_existing=True)
    )
    if kind is not None:
        statement = statement.where(FeeRule.kind == kind)
    if supply is not None:
        statement = statement.where(FeeRule.supply == supply)
    if for_update:
        statement = statement.with_for_update()
    return list(db.session.scalars(statement))


def rules_over(day: date, *, limit: int = 50) -> list[FeeRule]:
    """Rules that held before that day, latest first."""
    statement = (
        sa.select(FeeRule)
        .where(FeeRule.valid_until <= day, FeeRule.valid_until > FeeRule.valid_from)
        .order_by(FeeRule.valid_until.desc(), FeeRule.supply, FeeRule.kind)
        .limit(limit)
    )
    return list(db.session.scalars(statement))
