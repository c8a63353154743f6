"""A shop is paid at the account on its household's papers: when an officer accepts another one, the shop follows.

What we hold for the shop waits out the hold of a changed account; see `payouts.limits.HOLD`. A buyer's transfer goes
straight to the new account from then on. The phone known before hears of it at once, for the number may have been
changed by the same hand.
"""

from __future__ import annotations

from uuid import UUID

from app.core import audit
from app.core.clock import Clock
from app.core.crypto import DataKey
from app.core.database import current_actor, require_transaction
from app.households.registry import people, versions
from app.households.registry import queries as registry
from app.households.registry.fields import ACCOUNT, Fields
from app.households.registry.listeners import What
from app.households.registry.models import Household, Status
from app.households.registry.people import SalesAccount
from app.households.registry.telling import tell_of_changed_account
from app.payments.payees import operations as payees
from app.payments.payees import queries as payee_queries
from app.payments.payees.models import BankAccount
from app.payments.payouts import contacts
from app.payments.payouts.limits import HOLD

from . import queries
from .models import Shop


def follow(household_id: UUID, what: What, clock: Clock) -> None:
    """Have the household's shop paid where its papers now say, inside the transaction that changed them.

    While the household waits for the commune's word nothing moves; the word given, the shop catches up.
    An account taken off the papers takes no more money when it was the shop's; one that the shop was given apart stays.

    Raises:
        AccountTaken: another shop is paid there; nothing is changed then.
    """
    shop = queries.shop_of(household_id) if what in (What.ACCOUNT, What.VERIFIED) else None
    household = registry.get(household_id) if shop else None
    if shop is None or household is None or household.status != Status.VERIFIED:
        return
    active, told = payee_queries.active_account(shop.payee_id), people.sales_account(household)
    changed_by = household.version if what is What.ACCOUNT else _changed_since(household, shop, active)
    before = versions.fields_at(household, changed_by - 1) if changed_by else None
    if before is None:
        return
    if told is None:
        if active is not None and _is(active, _account_of(before)):
            payees.deactivate(active.id)
            _note("shop.account_removed", shop, clock)
        return
    if active is not None and _is(active, told):
        return
    account = _register(household, shop, told, clock)
    _note("shop.account_changed", shop, clock)
    if tell_of_changed_account(household_id, held_until=clock.now() + HOLD, phone=before.get("phone"), clock=clock):
        contacts.note_told(account.id, clock=clock)


def _changed_since(household: Household, shop: Shop, active: BankAccount | None) -> int | None:
    """The first version with another account than the one the shop was last given."""
    since = active.created_at if active else shop.created_at
    later = (one for one in versions.history(household.id) if one.changed_at > since)
    return next((one.version for one in later if set(one.changed) & set(ACCOUNT)), None)


def _register(household: Household, shop: Shop, told: SalesAccount, clock: Clock) -> BankAccount:
    return payees.register_account(
        payee=payee_queries.get_payee(shop.payee_id, for_update=True),
        bin=told.bin,
        number=told.number,
        holder=told.holder,
        data_key=require_transaction().get_one(DataKey, household.data_key_id),
        clock=clock,
    )


def _is(account: BankAccount, told: SalesAccount | None) -> bool:
    """Whether this is the account told, holder and all."""
    if told is None:
        return False
    same = (account.bin, account.number_index) == (told.bin, payees.number_index(told.number))
    return same and payee_queries.account_holder(account) == payees.normalise_holder(told.holder)


def _account_of(fields: Fields) -> SalesAccount | None:
    bin, number, holder = (fields.get(name) for name in ACCOUNT)
    return SalesAccount(bin, number, holder or "") if bin and number else None


def _note(action: str, shop: Shop, clock: Clock) -> None:
    audit.record(action, actor=current_actor(), subject_kind="shop", subject_id=shop.id, clock=clock)
