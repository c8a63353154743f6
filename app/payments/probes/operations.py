"""Steps of test transfers; each needs an open transaction.

Lock order: whatever the room above holds, the allowance's advisory lock, the test transfer's row. On the bank's side:
the builders' lock, the batch, its payouts, the ledger's accounts, the test transfer's row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock, in_vietnam
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind
from app.payments.payees.models import BankAccount
from app.payments.payouts import operations as payouts
from app.payments.payouts.limits import MAX_PAYOUTS
from app.payments.payouts.models import PROBE, Payout, PayoutBatch
from app.payments.payouts.operations import ACCOUNT_CHANGED, Wanted
from app.payments.payouts.queries import Standing
from app.payments.payouts.states import State

from . import listeners, queries
from .errors import ProbeGone, ProbesSpent
from .models import MAX_A_DAY, PROBE_VND, AccountProbe, ProbeState

PLATFORM = "platform"
SUBJECT = "account_probe"
AFTER = {State.CONFIRMED: ProbeState.CONFIRMED, State.RETURNED: ProbeState.FAILED}


class Probes:
    """The side of `payouts.purposes`: the money is the platform's own, never what is held for a seller."""

    def standing(self, payouts: Sequence[Payout], *, clock: Clock) -> dict[UUID, Standing]:
        """As the protocol says."""
        return queries.standing(
            [payout.id for payout in payouts], source_id=platform_funds(clock), amount_vnd=PROBE_VND
        )

    def sources(self, payouts: Sequence[Payout], *, clock: Clock) -> dict[UUID, UUID]:
        """As the protocol says."""
        source_id = platform_funds(clock)
        return {payout.payee_id: source_id for payout in payouts}

    def heard(self, payouts: Sequence[Payout], *, clock: Clock) -> None:
        """Follow the payouts, and tell the rooms above."""
        probes = queries.of_payouts([payout.id for payout in payouts])
        for payout in payouts:
            probe = probes.get(payout.id)
            if probe is not None:
                _follow(probe, payout, clock)
        require_transaction().flush()
        for probe in probes.values():
            listeners.tell(probe.bank_account_id)


def ask(bank_account_id: UUID, *, allowance: str, actor: Actor, clock: Clock) -> AccountProbe:
    """Have 1,000 đ sent to this account to see whether it arrives; the one in flight when there is one.

    Args:
        allowance: under whose daily number it counts, the code of a commune.

    Raises:
        ProbesSpent: the day's number is used up.
    """
    session = require_transaction()
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"probes.ask|{allowance}", 0))))
    known = queries.in_flight(bank_account_id)
    if known is not None:
        return known
    now = clock.now()
    today = in_vietnam(now).date()
    if queries.asked_today(allowance, today) >= MAX_A_DAY:
        raise ProbesSpent(MAX_A_DAY)
    if actor.user_id is None:
        raise LookupError("a test transfer is asked for by a person")
    probe = AccountProbe(
        id=uuid7(),
        bank_account_id=bank_account_id,
        payee_id=session.get_one(BankAccount, bank_account_id).payee_id,
        allowance=allowance,
        asked_by=actor.user_id,
        asked_on=today,
        status=ProbeState.WAITING,
        created_at=now,
        updated_at=now,
    )
    session.add(probe)
    session.flush()
    _note("asked", probe, actor, clock)
    return probe


def take_back(bank_account_id: UUID, *, actor: Actor, clock: Clock) -> None:
    """Give up the account's test transfer while it waits.

    Raises:
        ProbeGone: it is in a batch, or was answered.
    """
    probe = _locked(bank_account_id)
    if probe is None or probe.status != ProbeState.WAITING:
        raise ProbeGone
    _withdraw(probe, actor, clock)


def forget(bank_account_id: UUID, *, actor: Actor, clock: Clock) -> None:
    """Nobody wants to know about this account any more: what has not left the house never does."""
    probe = _locked(bank_account_id)
    if probe is not None and probe.withdrawn_at is None:
        _withdraw(probe, actor, clock)


def build(*, period: date, idempotency_key: str, actor: Actor, clock: Clock) -> PayoutBatch | None:
    """Draft a batch of the oldest that wait; the same key gets the same batch. None when nothing can go.

    Raises:
        KeyReused: the key made a batch of another purpose or day.
    """
    earlier = payouts.wait_for_builders(idempotency_key, purpose=PROBE, period=period)
    if earlier is not None:
        return earlier
    probes = queries.to_send(period=period, limit=MAX_PAYOUTS)
    if not probes:
        return None
    wanted = [Wanted(uuid7(), probe.payee_id, probe.bank_account_id, PROBE_VND) for probe in probes]
    batch = payouts.draft(
        wanted, purpose=PROBE, period=period, idempotency_key=idempotency_key, actor=actor, clock=clock
    )
    for probe, one in zip(probes, wanted, strict=True):
        probe.status, probe.payout_id, probe.updated_at = ProbeState.UNDER_WAY, one.id, clock.now()
    require_transaction().flush()
    audit.record(
        "payout_batch_drafted", actor=actor, subject_kind=payouts.SUBJECT_OF_BATCH, subject_id=batch.id, clock=clock,
        code=batch.code, payouts=len(wanted), purpose=PROBE,
    )  # fmt: skip
    return batch


def platform_funds(clock: Clock) -> UUID:
    """The ledger's account of the platform's own money."""
    return ledger.account_id(AccountKind.PLATFORM_FUNDS, PLATFORM, clock=clock)


def _follow(probe: AccountProbe, payout: Payout, clock: Clock) -> None:
    probe.updated_at = clock.now()
    if payout.status != State.CANCELLED:
        probe.status = AFTER[State(payout.status)]
    elif probe.withdrawn_at is not None or payout.reason_code == ACCOUNT_CHANGED:
        probe.status, probe.withdrawn_at = ProbeState.WITHDRAWN, probe.withdrawn_at or clock.now()
    else:
        probe.status, probe.payout_id = ProbeState.WAITING, None


def _locked(bank_account_id: UUID) -> AccountProbe | None:
    known = queries.in_flight(bank_account_id)
    if known is None:
        return None
    return require_transaction().get_one(
        AccountProbe, known.id, with_for_update={"key_share": True}, populate_existing=True
    )


def _withdraw(probe: AccountProbe, actor: Actor, clock: Clock) -> None:
    now = clock.now()
    probe.withdrawn_at, probe.updated_at = now, now
    if probe.status == ProbeState.WAITING:
        probe.status = ProbeState.WITHDRAWN
    require_transaction().flush()
    _note("withdrawn", probe, actor, clock)


def _note(action: str, probe: AccountProbe, actor: Actor, clock: Clock) -> None:
    audit.record(
        f"account_probe_{action}", actor=actor, subject_kind=SUBJECT, subject_id=probe.id, clock=clock,
        bank_account_id=str(probe.bank_account_id),
    )  # fmt: skip
