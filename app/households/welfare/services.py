"""Use cases of welfare: give a household an account, verify it, close it."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError

from app.core import codes
from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import DataKey
from app.core.database import require_transaction, transaction
from app.core.texts import fold, tidy
from app.households.areas import queries as areas
from app.households.registry import operations as registry
from app.households.registry import people
from app.households.registry import queries as households
from app.households.registry.models import Household, Status
from app.households.registry.people import Field
from app.payments.payees import operations as payees
from app.payments.payees import queries as payee_queries
from app.payments.payees.models import PayeeKind

from . import queries
from .errors import AccountOpen, HolderDiffers, NoOpenAccount, NotEligible, OwnIssue, TellingNeed
from .models import AccountStatus, WelfareAccount, WelfareProfile

_LONG_NUMBER = re.compile(r"\d(?:[\s.\-]?\d){5,}")


def open_welfare_account(
    *, actor: Actor, household_id: UUID, bin: str, number: str, holder: str, need: str, clock: Clock
) -> WelfareAccount:
    """Register a bank account in the head's own name to receive support; another officer must verify it.

    Args:
        need: what everybody may read: never who or where.

    Raises:
        NoSuchHousehold: none in scope.
        NotAnOfficer: not an officer of that commune.
        NotEligible: not verified, or not poor or near poor today.
        HolderDiffers: the holder's name is not the head's.
        TellingNeed: the need would tell who it is.
        AccountOpen: there is one already.
        AccountTaken, UnknownBank, BadAccountNumber: from payees.
    """
    try:
        with transaction(actor=actor) as session:
            household = households.find(household_id, actor=actor, for_update=True)
            registry.demand_officer(actor, household)
            if household.status != Status.VERIFIED or not households.poverty_on(household.id, households.today(clock)):
                raise NotEligible
            if queries.open_account(household.id):
                raise AccountOpen
            head = people.open_field(household, Field.HEAD_NAME) or ""
            if fold(tidy(holder)) != fold(head):
                raise HolderDiffers
            profile = _profile(household, need=_safe_need(need, household, head), clock=clock)
            bank_account = payees.register_account(
                payee=payee_queries.get_payee(profile.payee_id),
                bin=bin,
                number=number,
                holder=holder,
                data_key=session.get_one(DataKey, household.data_key_id),
                clock=clock,
            )
            account = WelfareAccount(
                household_id=household.id, payee_id=profile.payee_id, bank_account_id=bank_account.id,
                status=AccountStatus.ISSUED, issued_by=registry.who(actor), created_at=clock.now(),
            )  # fmt: skip
            session.add(account)
            session.flush()
            _note("welfare_account_issued", actor, household, clock)
    except IntegrityError as error:
        if "uq_welfare_account_open" in str(error.orig):
            raise AccountOpen from None
        raise
    return account


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
        if account is None or account.status != AccountStatus.ISSUED:
            raise NoOpenAccount
        if account.issued_by == actor.user_id:
            raise OwnIssue
        account.status = AccountStatus.ACTIVE
        account.verified_by, account.verified_at = registry.who(actor), clock.now()
        _note("welfare_account_verified", actor, household, clock)
    return account


def close_welfare_account(*, actor: Actor, household_id: UUID, clock: Clock) -> None:
    """Close the open account: the household is unlisted at once; the row stays as history.

    Raises:
        NoSuchHousehold, NotAnOfficer, NoOpenAccount: as above.
    """
    with transaction(actor=actor):
        household = households.find(household_id, actor=actor, for_update=True)
        registry.demand_officer(actor, household)
        account = queries.open_account(household.id, for_update=True)
        if account is None:
            raise NoOpenAccount
        account.status, account.closed_at = AccountStatus.CLOSED, clock.now()
        _note("welfare_account_closed", actor, household, clock)


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


def _safe_need(text: str, household: Household, head: str) -> str:
    """The words about the need, refused when they hold the head's name, the hamlet's name or a long number."""
    need = tidy(text)
    hamlet = areas.names([household.hamlet_code]).get(household.hamlet_code, "")
    telling = [fold(head), fold(hamlet.removeprefix("Xóm ").removeprefix("Tổ dân phố "))]
    if not 5 <= len(need) <= 200 or _LONG_NUMBER.search(need) or any(word and word in fold(need) for word in telling):
        raise TellingNeed
    return need


def _note(action: str, actor: Actor, household: Household, clock: Clock) -> None:
    record(action, actor=actor, subject_kind=registry.SUBJECT, subject_id=household.id, clock=clock)
