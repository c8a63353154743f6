"""Steps on welfare accounts; each needs an open transaction. The household's row is locked first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID, uuid4

import sqlalchemy as sa

from app.core import codes
from app.core.actor import SYSTEM, Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import DataKey, seal_record
from app.core.database import require_transaction
from app.core.texts import fold, tidy
from app.households.areas import queries as areas
from app.households.registry import names
from app.households.registry import operations as registry
from app.households.registry import queries as households
from app.households.registry.models import Household, Status
from app.payments.payees import operations as payees
from app.payments.payees import queries as payee_queries
from app.payments.payees.models import PayeeKind
from app.payments.probes import operations as probes

from . import queries
from .errors import (
    AccountOpen,
    HolderDiffers,
    NoOpenAccount,
    NotEligible,
    OwnIssue,
    ReasonMissing,
    SuspendedByAnother,
    TellingNeed,
)
from .models import (
    REASON_FIELD,
    AccountStatus,
    AccountStep,
    VerifiedHow,
    WelfareAccount,
    WelfareProfile,
)
from .queries import Typed
from .states import Event, after

MIN_REASON, MAX_REASON = 5, 300
_LONG_NUMBER = re.compile(r"\d(?:[\s.\-]?\d){5,}")


def issue(
    actor: Actor,
    household: Household,
    typed: Typed,
    *,
    clock: Clock,
    replaces: WelfareAccount | None = None,
    batch_id: UUID | None = None,
) -> WelfareAccount:
    """Give the locked household an account, which takes no money before it is verified.

    Raises:
        NotAnOfficer, NotEligible, AccountOpen, HolderDiffers, TellingNeed: as `services.open_welfare_account`.
        UnknownBank, BadAccountNumber: from payees.
        sqlalchemy.exc.IntegrityError: `uq_welfare_account_number`, another household has it. Its account is not to be
            seen from here, so only the database can tell; see `services.one_account_each`.
    """
    registry.demand_officer(actor, household)
    if household.status != Status.VERIFIED or not households.poverty_on(household.id, households.today(clock)):
        raise NotEligible
    if queries.open_account(household.id):
        raise AccountOpen
    if not names.matches(typed.holder, known := names.of(household)):
        raise HolderDiffers
    number_index = payees.number_index(payees.checked_number(typed.bin, typed.number))
    profile = _profile(household, need=safe_need(typed.need, household, known), clock=clock)
    session = require_transaction()
    bank_account = payees.prepare_account(
        payee=payee_queries.get_payee(profile.payee_id),
        bin=typed.bin,
        number=typed.number,
        holder=typed.holder,
        data_key=session.get_one(DataKey, household.data_key_id),
        clock=clock,
    )
    account = WelfareAccount(
        household_id=household.id, payee_id=profile.payee_id, bank_account_id=bank_account.id, bin=typed.bin,
        number_index=number_index, status=AccountStatus.ISSUED, issued_by=registry.who(actor),
        replaces_id=replaces.id if replaces else None, batch_id=batch_id, created_at=clock.now(),
    )  # fmt: skip
    session.add(account)
    session.flush()
    note("issued", actor, account, clock)
    return account


def verify(actor: Actor, household: Household, account: WelfareAccount, *, clock: Clock) -> None:
    """A second officer's yes: the account takes money from now on.

    Raises:
        NotAnOfficer, NotEligible, OwnIssue, WrongAccountStep.
    """
    registry.demand_officer(actor, household)
    if account.issued_by == actor.user_id:
        raise OwnIssue
    if household.status != Status.VERIFIED:
        raise NotEligible
    status = after(account.status, Event.VERIFIED)
    payees.activate(account.bank_account_id)
    account.status, account.verified_by, account.verified_at = status, registry.who(actor), clock.now()
    account.verified_how = VerifiedHow.SECOND_PERSON
    note(Event.VERIFIED, actor, account, clock)


def suspend(actor: Actor, household: Household, account: WelfareAccount, *, reason: str, clock: Clock) -> None:
    """Stop money to an account for a while: the household is unlisted at once.

    Raises:
        NotAnOfficer, WrongAccountStep, ReasonMissing.
    """
    registry.demand_officer(actor, household)
    account.status = after(account.status, Event.SUSPENDED)
    account.suspended_by, account.suspended_at = registry.who(actor), clock.now()
    payees.deactivate(account.bank_account_id)
    note(Event.SUSPENDED, actor, account, clock, reason=checked_reason(reason))


def resume(actor: Actor, household: Household, account: WelfareAccount, *, reason: str, clock: Clock) -> None:
    """Let a suspended account go on. Who gave it can take back only their own stop, never a colleague's.

    Where the test transfer that verified it came back, only a second officer's word verifies it now.

    Raises:
        NotAnOfficer, SuspendedByAnother, WrongAccountStep, ReasonMissing.
    """
    registry.demand_officer(actor, household)
    status = after(account.status, Event.RESUMED)
    untested = queries.test_came_back(account)
    if account.issued_by == actor.user_id and (untested or account.suspended_by != actor.user_id):
        raise SuspendedByAnother
    if untested:
        account.verified_how, account.verified_by = VerifiedHow.SECOND_PERSON, registry.who(actor)
        account.verified_at = clock.now()
    payees.activate(account.bank_account_id)
    account.status, account.suspended_by, account.suspended_at = status, None, None
    note(Event.RESUMED, actor, account, clock, reason=checked_reason(reason))


def end(
    actor: Actor, household: Household, account: WelfareAccount, event: Event, *, reason: str | None, clock: Clock
) -> None:
    """Close an account, or let another take its place; its row and steps stay, its number is free for others.

    Raises:
        NotAnOfficer, WrongAccountStep, ReasonMissing.
    """
    registry.demand_officer(actor, household)
    account.status = after(account.status, event)
    account.closed_at, account.suspended_by, account.suspended_at = clock.now(), None, None
    _stop_all_money(account, actor, clock)
    note(event, actor, account, clock, reason=checked_reason(reason) if reason is not None else None)


def end_by_machine(account: WelfareAccount, *, clock: Clock) -> None:
    """Close the locked account because its household is no more."""
    account.status = after(account.status, Event.CLOSED)
    account.closed_at, account.suspended_by, account.suspended_at = clock.now(), None, None
    _stop_all_money(account, SYSTEM, clock)
    note(Event.CLOSED, SYSTEM, account, clock)


def follow(household_id: UUID) -> None:
    """Let the public page stand in the commune where the household lives now."""
    session = require_transaction()
    commune = sa.select(Household.commune_code).where(Household.id == household_id).scalar_subquery()
    session.execute(
        sa.update(WelfareProfile).where(WelfareProfile.household_id == household_id).values(commune_code=commune)
    )


def stop_money(household_id: UUID) -> None:
    """No money goes to the household's account from this moment; its steps follow."""
    profile = queries.profile(household_id)
    account = payee_queries.active_account(profile.payee_id) if profile else None
    if account is not None:
        payees.deactivate(account.id)


def locked(actor: Actor, household_id: UUID) -> tuple[Household, WelfareAccount]:
    """The household and its open account, both locked.

    Raises:
        NoSuchHousehold, NoOpenAccount.
    """
    household = households.find(household_id, actor=actor, for_update=True)
    account = queries.open_account(household.id, for_update=True)
    if account is None:
        raise NoOpenAccount
    return household, account


def checked_reason(text: str) -> str:
    """Why something was done.

    Raises:
        ReasonMissing: shorter than 5 or longer than 300 letters.
    """
    reason = tidy(text)
    if not MIN_REASON <= len(reason) <= MAX_REASON:
        raise ReasonMissing
    return reason


def _stop_all_money(account: WelfareAccount, actor: Actor, clock: Clock) -> None:
    payees.deactivate(account.bank_account_id)
    if account.probe_id is not None:
        probes.forget(account.bank_account_id, actor=actor, clock=clock)


def note(event: str, actor: Actor, account: WelfareAccount, clock: Clock, *, reason: str | None = None) -> None:
    """Put a step on record: in the account's history with its reason, sealed, and in the audit trail without."""
    session = require_transaction()
    session.add(
        AccountStep(
            account_id=account.id, household_id=account.household_id, event=event, status=account.status,
            by=actor.user_id, reason_enc=seal_record(REASON_FIELD, reason) if reason else None, at=clock.now(),
        )
    )  # fmt: skip
    record(
        f"welfare_account_{event}",
        actor=actor,
        subject_kind=registry.SUBJECT,
        subject_id=account.household_id,
        clock=clock,
        account_id=str(account.id),
    )
    session.flush()


def _profile(household: Household, *, need: str, clock: Clock) -> WelfareProfile:
    """The household's profile with this need; made with its payee when it has none."""
    known = queries.profile(household.id)
    if known is not None:
        known.need, known.commune_code = need, household.commune_code
        return known
    profile_id = uuid4()
    payee = payees.create_payee(kind=PayeeKind.WELFARE, owner_id=profile_id, clock=clock)
    profile = WelfareProfile(
        id=profile_id, household_id=household.id, code=codes.new_code("AS"), commune_code=household.commune_code,
        payee_id=payee.id, need=need, created_at=clock.now(),
    )  # fmt: skip
    session = require_transaction()
    session.add(profile)
    session.flush()
    return profile


def safe_need(text: str, household: Household, known: Sequence[str]) -> str:
    """The words about the need, refused when they hold a member's name, the hamlet's name or a long number."""
    need = tidy(text)
    hamlet = areas.names([household.hamlet_code]).get(household.hamlet_code, "")
    telling = [*map(fold, known), fold(hamlet.removeprefix("Xóm ").removeprefix("Tổ dân phố "))]
    if not 5 <= len(need) <= 200 or _LONG_NUMBER.search(need) or any(word and word in fold(need) for word in telling):
        raise TellingNeed
    return need
