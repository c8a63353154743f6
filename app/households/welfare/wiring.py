"""Joins households that receive help to payouts: who hears that the account their money goes to was changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from flask import Flask

from app.core.clock import Clock
from app.core.database import require_transaction
from app.households.registry.telling import tell_of_changed_account
from app.households.welfare.models import WelfareProfile
from app.payments.payees.models import PayeeKind
from app.payments.payouts import contacts


class Owners:
    """The households' side of `payouts.contacts`."""

    def account_changed(self, payee_id: UUID, *, held_until: datetime, clock: Clock) -> None:
        """Write the message down; it is sent once the transaction has landed."""
        of = sa.select(WelfareProfile.household_id).where(WelfareProfile.payee_id == payee_id)
        tell_of_changed_account(require_transaction().scalar(of), held_until=held_until, clock=clock)


def install(_app: Flask) -> None:
    """Name who tells them."""
    contacts.register(PayeeKind.WELFARE, Owners())
