"""Forgetting a household: its data key is destroyed, and what could find it is replaced by chance.

The row stays with its code and commune, so that books, the public log and the audit keep pointing at something. The
same citizen may register again: nothing leads from the new household to the old one.
"""

from __future__ import annotations

import secrets
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.crypto import destroy_data_key
from app.core.database import require_transaction
from app.payments.payees import operations as payees

from . import states
from .models import Household, HouseholdAmendment
from .states import Event

EMPTY = b""


def records_of(household: Household) -> list[Household]:
    """The household's row and those that were merged into it, locked; they are the same people."""
    merged = sa.select(Household).where(Household.merged_into == household.id).order_by(Household.id)
    return [household, *require_transaction().scalars(merged.with_for_update(key_share=True))]


def erase(household: Household, *, clock: Clock) -> list[UUID]:
    """Forget a household and what was merged into it; needs the row locked. The ids of all records forgotten.

    Versions, amendments, consents' witnesses, photos and members are sealed under the same key and die with it. Its
    bank accounts take no more money, and their numbers are found no more.

    Raises:
        WrongStep: it was erased before.
    """
    erased = []
    for one in records_of(household):
        one.status = states.after(one.status, Event.ERASE)
        one.merged_into = None
        _empty(one)
        _withdraw_amendments(one, clock)
        payees.forget_accounts(one.data_key_id)
        destroy_data_key(one.data_key_id, clock=clock)
        erased.append(one.id)
    require_transaction().flush()
    return erased


def _empty(one: Household) -> None:
    one.head_name_enc = one.citizen_id_enc = one.address_enc = EMPTY
    one.phone_enc = one.phone_index = one.sales_account_enc = one.near_index = None
    one.name_index, one.citizen_index, one.content_mark = (secrets.token_bytes(32) for _one in range(3))
    one.phone_is_contact = False
    one.verified_by = one.verified_at = one.return_reason = one.returned_version = None


def _withdraw_amendments(one: Household, clock: Clock) -> None:
    waiting = sa.and_(HouseholdAmendment.household_id == one.id, HouseholdAmendment.status == "waiting")
    require_transaction().execute(
        sa.update(HouseholdAmendment).where(waiting).values(status="withdrawn", decided_at=clock.now())
    )
