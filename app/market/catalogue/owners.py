"""Telling a shop's household, at the phone it registered with, that its payout account was changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import require_transaction
from app.households.registry.telling import tell_of_changed_account

from .models import Shop


class Owners:
    """The shops' side of `payouts.contacts`."""

    def account_changed(self, payee_id: UUID, *, held_until: datetime, clock: Clock) -> None:
        """Write the message down; it is sent once the transaction has landed."""
        household_id = require_transaction().scalar(sa.select(Shop.household_id).where(Shop.payee_id == payee_id))
        tell_of_changed_account(household_id, held_until=held_until, clock=clock)
