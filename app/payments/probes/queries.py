"""Reads of test transfers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.database import db
from app.payments.payouts.models import PROBE, Payout
from app.payments.payouts.queries import Standing
from app.payments.payouts.states import State
from app.payments.payouts.words import reason_words

from .models import IN_FLIGHT, AccountProbe, ProbeState


@dataclass(frozen=True)
class Queue:
    """How many accounts wait to be put into a batch, and since when the first does."""

    count: int
    oldest: datetime | None


def waiting() -> Queue:
    """What waits for the finance office."""
    counted = sa.select(sa.func.count(), sa.func.min(AccountProbe.created_at))
    return Queue(*db.session.execute(counted.where(AccountProbe.status == ProbeState.WAITING)).one())


def in_flight(bank_account_id: UUID) -> AccountProbe | None:
    """The test transfer to this account that nobody knows the end of."""
    return db.session.scalar(
        sa.select(AccountProbe)
        .where(AccountProbe.bank_account_id == bank_account_id, AccountProbe.status.in_(IN_FLIGHT))
        .execution_options(populate_existing=True)
    )


def get(probe_id: UUID) -> AccountProbe:
    """One test transfer as it stands."""
    return db.session.get_one(AccountProbe, probe_id, populate_existing=True)


def states(probe_ids: Collection[UUID]) -> dict[UUID, str]:
    """How each of these stands."""
    found = sa.select(AccountProbe.id, AccountProbe.status).where(AccountProbe.id.in_(probe_ids))
    return dict(db.session.execute(found).all()) if probe_ids else {}


def asked_today(allowance: str, day: date) -> int:
    """How many were asked for under this allowance on this day, but for those taken back before they left."""
    counted = sa.select(sa.func.count()).where(
        AccountProbe.allowance == allowance,
        AccountProbe.asked_on == day,
        AccountProbe.status != ProbeState.WITHDRAWN,
    )
    return db.session.scalar(counted) or 0


def why(probe: AccountProbe) -> str:
    """Why it did not arrive, in words for people; nothing while it did not fail."""
    payout = db.session.get(Payout, probe.payout_id, populate_existing=True) if probe.payout_id else None
    return reason_words(payout) if payout is not None and payout.status == State.RETURNED else ""


def to_send(*, period: date, limit: int) -> list[AccountProbe]:
    """The oldest that wait and can go this day, locked: one of a payee who stands in no draft and had none this day."""
    taken = sa.exists().where(
        Payout.payee_id == AccountProbe.payee_id,
        sa.or_(
            Payout.status == State.DRAFT,
            sa.and_(Payout.purpose == PROBE, Payout.period == period, Payout.status != State.CANCELLED),
        ),
    )
    statement = (
        sa.select(AccountProbe)
        .where(AccountProbe.status == ProbeState.WAITING, ~taken)
        .order_by(AccountProbe.id)
        .limit(limit)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    first = {probe.payee_id: probe for probe in reversed(db.session.scalars(statement).all())}
    return sorted(first.values(), key=lambda probe: probe.id)


def standing(payout_ids: Collection[UUID], *, source_id: UUID, amount_vnd: int) -> dict[UUID, Standing]:
    """By payout: whether its test transfer is still wanted; its money always is there."""
    found = sa.select(AccountProbe.payout_id, AccountProbe.withdrawn_at.is_(None)).where(
        AccountProbe.payout_id.in_(payout_ids)
    )
    wanted = dict(db.session.execute(found).all())
    return {payout_id: Standing(source_id, amount_vnd, bool(wanted.get(payout_id, False))) for payout_id in payout_ids}


def of_payouts(payout_ids: Collection[UUID]) -> dict[UUID, AccountProbe]:
    """The test transfers of these payouts, locked."""
    statement = (
        sa.select(AccountProbe)
        .where(AccountProbe.payout_id.in_(payout_ids))
        .order_by(AccountProbe.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {probe.payout_id: probe for probe in db.session.scalars(statement) if probe.payout_id}
