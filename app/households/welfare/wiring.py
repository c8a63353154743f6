"""Joins households that receive help to payouts: who hears that the account their money goes to was changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from flask import Flask

from app.core import jobs
from app.core.clock import Clock
from app.core.database import require_transaction
from app.households.registry.listeners import What, on_household_changed
from app.households.registry.telling import tell_of_changed_account
from app.households.welfare import operations, tasks
from app.households.welfare.models import WelfareProfile
from app.payments.payees.models import PayeeKind
from app.payments.payouts import contacts
from app.payments.probes.listeners import on_probe_changed


class Owners:
    """The households' side of `payouts.contacts`."""

    def account_changed(self, payee_id: UUID, *, held_until: datetime, clock: Clock) -> None:
        """Write the message down; it is sent once the transaction has landed."""
        of = sa.select(WelfareProfile.household_id).where(WelfareProfile.payee_id == payee_id)
        tell_of_changed_account(require_transaction().scalar(of), held_until=held_until, clock=clock)


def on_change(household_id: UUID, what: What, clock: Clock) -> None:
    """Follow a household that moves; stop money to one that is no more, and have its account closed after."""
    if what is What.MOVED:
        operations.follow(household_id)
    elif what in (What.MERGED, What.ERASED):
        operations.stop_money(household_id)
        jobs.enqueue(tasks.end_of_gone, household_id=str(household_id))


def on_probe(bank_account_id: UUID) -> None:
    """Have the account follow its test transfer once the payments' transaction has landed."""
    jobs.enqueue(tasks.hear_test, bank_account_id=str(bank_account_id))


def install(_app: Flask) -> None:
    """Name who tells them, and who hears when a household changes or a test transfer was answered."""
    contacts.register(PayeeKind.WELFARE, Owners())
    on_household_changed(on_change)
    on_probe_changed(on_probe)
