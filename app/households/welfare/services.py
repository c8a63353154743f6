"""Use cases of welfare: give a household an account, verify it, stop it and let it go on, replace it, close it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.crypto import DataKey
from app.core.database import transaction
from app.core.errors import AppError
from app.households.registry import operations as registry
from app.households.registry import queries as households
from app.households.registry.models import Household, Status
from app.payments.payees import operations as payees
from app.payments.payees.errors import AccountTaken

from . import operations, queries, testing
from .errors import AccountOpen, NoOpenAccount
from .models import AccountStatus, WelfareAccount
from .queries import Typed
from .states import Event, fits


def open_welfare_account(
    *, actor: Actor, household_id: UUID, bin: str, number: str, holder: str, need: str, clock: Clock
) -> WelfareAccount:
    """Register a bank account in a member's own name to receive support; another officer must verify it.

    Args:
        need: what everybody may read: never who or where.

    Raises:
        NoSuchHousehold: none in scope.
        NotAnOfficer: not an officer of that commune.
        NotEligible: not verified, or not poor or near poor today.
        HolderDiffers: the holder's name is nobody's who lives there.
        TellingNeed: the need would tell who it is.
        AccountOpen: there is one already.
        AccountTaken: it is the open account of another household, whichever the commune.
        UnknownBank, BadAccountNumber: from payees.
    """
    with one_account_each(), transaction(actor=actor):
        household = households.find(household_id, actor=actor, for_update=True)
        return operations.issue(actor, household, Typed(bin, number, holder, need), clock=clock)


def verify_welfare_account(*, actor: Actor, household_id: UUID, clock: Clock) -> WelfareAccount:
    """Confirm an account that another officer gave; gifts can then be sent to it.

    Raises:
        NoSuchHousehold, NotAnOfficer: as above.
        NoOpenAccount: none waits to be verified.
        OwnIssue: the actor gave it.
    """
    with transaction(actor=actor):
        household = households.find(household_id, actor=actor, for_update=True)
        registry.demand_officer(actor, household)
        account = queries.open_account(household.id, for_update=True)
        if account is None or not fits(account.status, Event.VERIFIED):
            raise NoOpenAccount
        operations.verify(actor, household, account, clock=clock)
    return account


def verify_many(*, actor: Actor, account_ids: Sequence[UUID], clock: Clock) -> tuple[int, list[AppError]]:
    """Confirm chosen accounts, each decided anew: how many were, and why the others were not."""
    return _each(
        account_ids, actor, lambda household, account: operations.verify(actor, household, account, clock=clock)
    )


def test_welfare_account(*, actor: Actor, household_id: UUID, clock: Clock) -> WelfareAccount:
    """Have 1,000 đ of the platform's own money sent to the account; it is verified once they arrived.

    Whoever gave the account may ask. While a test is under way this changes nothing.

    Raises:
        NoSuchHousehold, NotAnOfficer, NoOpenAccount: as above.
        NotEligible: the household is not verified.
        WrongAccountStep: the account is verified already, or suspended.
        ProbesSpent: the commune's number for today is used up.
    """
    with transaction(actor=actor):
        household, account = operations.locked(actor, household_id)
        testing.ask(actor, household, account, clock=clock)
    return account


def test_many(*, actor: Actor, account_ids: Sequence[UUID], clock: Clock) -> tuple[int, list[AppError]]:
    """Have 1,000 đ sent to chosen accounts, each decided anew: how many are under way, and why the others are not."""
    return _each(
        account_ids,
        actor,
        lambda household, account: testing.ask(actor, household, account, clock=clock),
        AccountStatus.VERIFYING,
    )


def withdraw_test(*, actor: Actor, household_id: UUID, clock: Clock) -> WelfareAccount:
    """Give up the test while it waits for the finance office, so that a second officer can verify instead.

    Raises:
        NoSuchHousehold, NotAnOfficer, NoOpenAccount: as above.
        WrongAccountStep: no test is under way.
        ProbeGone: it went into a batch for the bank.
    """
    with transaction(actor=actor):
        household, account = operations.locked(actor, household_id)
        testing.withdraw(actor, household, account, clock=clock)
    return account


def hear_test(*, bank_account_id: UUID, clock: Clock) -> None:
    """The bank told what became of a test: the account follows, the machine's own step. A repeat changes nothing."""
    with transaction(actor=SYSTEM):
        known = queries.by_bank_account(bank_account_id)
        if known is None:
            return
        household = households.get(known.household_id, for_update=True)
        account = queries.open_account(household.id, for_update=True)
        if account is not None and account.id == known.id:
            testing.follow(household, account, clock=clock)


def suspend_welfare_account(*, actor: Actor, household_id: UUID, reason: str, clock: Clock) -> None:
    """Stop money to the account: the household is unlisted at once, and no QR leads to it.

    Raises:
        NoSuchHousehold, NotAnOfficer, NoOpenAccount: as above.
        WrongAccountStep: it is not active.
        ReasonMissing.
    """
    with transaction(actor=actor):
        household, account = operations.locked(actor, household_id)
        operations.suspend(actor, household, account, reason=reason, clock=clock)


def resume_welfare_account(*, actor: Actor, household_id: UUID, reason: str, clock: Clock) -> None:
    """Let a suspended account go on.

    Raises:
        NoSuchHousehold, NotAnOfficer, NoOpenAccount, ReasonMissing: as above.
        WrongAccountStep: it is not suspended.
        SuspendedByAnother: the actor gave it, and somebody else stopped it.
    """
    with transaction(actor=actor):
        household, account = operations.locked(actor, household_id)
        operations.resume(actor, household, account, reason=reason, clock=clock)


def replace_welfare_account(
    *,
    actor: Actor,
    household_id: UUID,
    bin: str,
    number: str,
    holder: str,
    need: str,
    reason: str,
    clock: Clock,
) -> WelfareAccount:
    """Put another account in the place of the open one, which keeps its history; the new one waits to be verified.

    Until then the household takes no gifts: nothing may go to the old account any more.

    Raises:
        As `open_welfare_account`; NoOpenAccount: there is none to replace; ReasonMissing.
    """
    with one_account_each(), transaction(actor=actor):
        household, old = operations.locked(actor, household_id)
        operations.end(actor, household, old, Event.REPLACED, reason=reason, clock=clock)
        return operations.issue(actor, household, Typed(bin, number, holder, need), replaces=old, clock=clock)


def close_welfare_account(*, actor: Actor, household_id: UUID, clock: Clock, reason: str | None = None) -> None:
    """Close the open account: the household is unlisted at once; the row stays as history.

    Raises:
        NoSuchHousehold, NotAnOfficer, NoOpenAccount: as above.
    """
    with transaction(actor=actor):
        household, account = operations.locked(actor, household_id)
        operations.end(actor, household, account, Event.CLOSED, reason=reason, clock=clock)


def end_of_gone(*, household_id: UUID, clock: Clock) -> None:
    """Close the open account of a household that was merged into another or erased: the machine's own step.

    A merger that was taken back before leaves the account as it was.
    """
    with transaction(actor=SYSTEM) as session:
        household = households.get(household_id, for_update=True)
        account = queries.open_account(household.id, for_update=True)
        if account is None:
            return
        if household.status == Status.MERGED or session.get_one(DataKey, household.data_key_id).destroyed_at:
            operations.end_by_machine(account, clock=clock)
        elif account.status == AccountStatus.ACTIVE:
            payees.activate(account.bank_account_id)


def _each(
    account_ids: Sequence[UUID],
    actor: Actor,
    act: Callable[[Household, WelfareAccount], None],
    *also: AccountStatus,
) -> tuple[int, list[AppError]]:
    """Do this with each of the issued accounts (or those that stand as `also`), in a transaction of its own."""
    done, refused = 0, list[AppError]()
    for account_id in account_ids:
        try:
            with transaction(actor=actor):
                household_id = queries.household_of(account_id)
            if household_id is None:
                raise NoOpenAccount
            with transaction(actor=actor):
                household, account = operations.locked(actor, household_id)
                if account.id != account_id or account.status not in (AccountStatus.ISSUED, *also):
                    raise NoOpenAccount
                act(household, account)
        except AppError as error:
            refused.append(error)
        else:
            done += 1
    return done, refused


@contextmanager
def one_account_each() -> Iterator[None]:
    """Words for what the database refuses when two officers act at the same moment; outside the transaction."""
    try:
        yield
    except IntegrityError as error:
        if "uq_welfare_account_open" in str(error.orig):
            raise AccountOpen from None
        if "uq_welfare_account_number" in str(error.orig):
            raise AccountTaken from None
        raise
