"""What a shop sells is paid into the account that its household names, also after it has changed."""

from __future__ import annotations

from uuid import UUID

from app.core import audit
from app.core.clock import Clock
from app.core.crypto import DataKey
from app.core.database import current_actor, require_transaction
from app.households.registry import people
from app.households.registry import queries as registry
from app.households.registry.listeners import What
from app.households.registry.people import SalesAccount
from app.payments.payees import operations as payees
from app.payments.payees import queries as accounts

from . import queries


def follow(household_id: UUID, what: What, clock: Clock) -> None:
    """Have the shop paid into the household's new account, inside the transaction that changed the household.

    Payouts wait 72 hours after that and tell the household at its phone (`payouts.contacts`). Money asked for before
    still comes where its code says.

    Raises:
        UnknownBank, BadAccountNumber, AccountTaken: the account can't be paid into; the change is undone.
    """
    shop = queries.shop_of(household_id) if what is What.ACCOUNT else None
    if shop is None:
        return
    household = registry.get(household_id)
    named = people.sales_account(household)
    if named is None or _is_used(named, shop.payee_id):
        return
    session = require_transaction()
    payees.register_account(
        payee=accounts.get_payee(shop.payee_id, for_update=True),
        bin=named.bin,
        number=named.number,
        holder=named.holder,
        data_key=session.get_one(DataKey, household.data_key_id),
        clock=clock,
    )
    audit.record("shop.account_changed", actor=current_actor(), subject_kind="shop", subject_id=shop.id, clock=clock)


def _is_used(named: SalesAccount, payee_id: UUID) -> bool:
    used = accounts.active_account(payee_id)
    if used is None:
        return False
    number = payees.checked_number(named.bin, named.number)
    paid_into = used.bin, accounts.account_number(used), accounts.account_holder(used)
    return paid_into == (named.bin, number, named.holder)
