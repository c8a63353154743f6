"""Reads of welfare: the public list, which knows no person, and the officers' view of who has an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from app.core import codes
from app.core.actor import EVERYWHERE, Actor
from app.core.clock import Clock
from app.core.crypto import load_keys, unseal_record
from app.core.database import db
from app.core.paging import Page, decode_cursor, decode_uuid_cursor, encode_cursor
from app.households.areas import queries as areas
from app.households.registry import queries as registry
from app.households.registry.models import Household
from app.payments.payees import queries as payees
from app.payments.payees.models import BankAccount
from app.payments.probes import queries as probes
from app.payments.probes.models import ProbeState

from .errors import NotListed
from .models import (
    ENDED,
    REASON_FIELD,
    AccountStatus,
    AccountStep,
    RollEntry,
    VerifiedHow,
    WelfareAccount,
    WelfareProfile,
    welfare_public,
)
from .states import Event


@dataclass(frozen=True)
class PublicHousehold:
    """What everybody may know of a household that receives help; `direct` offers a QR to its own account."""

    code: str
    commune_code: str
    commune_name: str
    poverty_class: str
    need: str
    direct: bool


@dataclass(frozen=True)
class Typed:
    """An account as somebody typed it."""

    bin: str
    number: str
    holder: str
    need: str


@dataclass(frozen=True)
class Coverage:
    """How far a commune has come: households eligible today, and how their accounts stand.

    `covered` have an active account, `waiting` one that nobody verified yet, `suspended` one that is stopped.
    """

    commune_code: str
    commune_name: str
    eligible: int
    covered: int
    waiting: int = 0
    suspended: int = 0

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down, so that 100 means everybody."""
        return self.covered * 100 // self.eligible if self.eligible else 100

    @property
    def missing(self) -> int:
        """Those without an active account."""
        return self.eligible - self.covered


@dataclass(frozen=True)
class Missing:
    """A household without an active account, and how the one it has stands, if any."""

    household: Household
    account_status: str | None


@dataclass(frozen=True)
class Waiting:
    """An account that waits for a second officer, with its household and bank account; data keys loaded."""

    account: WelfareAccount
    household: Household
    bank_account: BankAccount


@dataclass(frozen=True)
class Step:
    """Something that happened to one of a household's accounts, in words a person can check."""

    account_id: UUID
    event: str
    at: datetime
    by: UUID | None
    reason: str | None


def public_list(*, commune: str | None, cursor: str | None, limit: int, clock: Clock) -> Page[PublicHousehold]:
    """One page of households that need help today, by their random code."""
    query = _public(registry.today(clock)).order_by(welfare_public.c.code).limit(limit + 1)
    if commune:
        query = query.where(welfare_public.c.commune_code == commune)
    if cursor:
        query = query.where(welfare_public.c.code > decode_cursor(cursor, str)[0])
    rows = db.session.execute(query).all()
    items = _shown(rows[:limit])
    return Page(items, encode_cursor(items[-1].code) if len(rows) > limit else None)


def public_by_code(code: str, *, clock: Clock) -> PublicHousehold:
    """One listed household.

    Raises:
        NotListed: none, or it took back its consent, or its poverty status ended.
    """
    row = db.session.execute(
        _public(registry.today(clock)).where(welfare_public.c.code == codes.normalise(code))
    ).one_or_none()
    if row is None:
        raise NotListed
    return _shown([row])[0]


def payee_for_gift(code: str, *, clock: Clock) -> UUID:
    """The payee that stands for a listed household's welfare account.

    Raises:
        NotListed: as for `public_by_code`.
    """
    payee_id = db.session.scalar(
        sa.select(welfare_public.c.payee_id).where(
            welfare_public.c.code == codes.normalise(code), *_holds(registry.today(clock))
        )
    )
    if payee_id is None:
        raise NotListed
    return UUID(str(payee_id))


def profile(household_id: UUID) -> WelfareProfile | None:
    """The household as one that receives help."""
    return db.session.scalar(sa.select(WelfareProfile).where(WelfareProfile.household_id == household_id))


def open_account(household_id: UUID, *, for_update: bool = False) -> WelfareAccount | None:
    """The account that has not ended."""
    query = sa.select(WelfareAccount).where(
        WelfareAccount.household_id == household_id, WelfareAccount.status.not_in(ENDED)
    )
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def accounts(household_id: UUID) -> Sequence[WelfareAccount]:
    """All accounts of a household, newest first."""
    query = sa.select(WelfareAccount).where(WelfareAccount.household_id == household_id)
    return db.session.scalars(query.order_by(WelfareAccount.id.desc())).all()


def test_came_back(account: WelfareAccount) -> bool:
    """Whether a test transfer verified the account, and came back since."""
    if account.verified_how != VerifiedHow.TEST_TRANSFER or account.probe_id is None:
        return False
    return probes.get(account.probe_id).status != ProbeState.CONFIRMED


def test_waits(account: WelfareAccount) -> bool:
    """Whether the account's test transfer has not left the house yet."""
    return account.probe_id is not None and probes.get(account.probe_id).status == ProbeState.WAITING


def by_bank_account(bank_account_id: UUID) -> WelfareAccount | None:
    """The welfare account of this bank account."""
    return db.session.scalar(sa.select(WelfareAccount).where(WelfareAccount.bank_account_id == bank_account_id))


def household_of(account_id: UUID) -> UUID | None:
    """Whose account it is, when the actor may see it."""
    return db.session.scalar(sa.select(WelfareAccount.household_id).where(WelfareAccount.id == account_id))


def steps(household_id: UUID) -> list[Step]:
    """What happened to a household's accounts, newest first."""
    query = sa.select(AccountStep).where(AccountStep.household_id == household_id).order_by(AccountStep.id.desc())
    return [
        Step(
            row.account_id, row.event, row.at, row.by,
            unseal_record(REASON_FIELD, row.reason_enc) if row.reason_enc is not None else None,
        )
        for row in db.session.scalars(query)
    ]  # fmt: skip


def tests_asked(account: WelfareAccount, *, since: datetime) -> int:
    """How often 1,000 đ were asked for this account from then on."""
    counted = sa.select(sa.func.count()).where(
        AccountStep.household_id == account.household_id,
        AccountStep.account_id == account.id,
        AccountStep.event == Event.TESTED,
        AccountStep.at > since,
    )
    return db.session.scalar(counted) or 0


def coverage(actor: Actor, day: date) -> list[Coverage]:
    """Per commune in scope: eligible households and how many have an active account; from the roll."""
    of = RollEntry.account_status
    rows = db.session.execute(
        sa.select(
            RollEntry.commune_code,
            sa.func.count(),
            *(
                sa.func.count().filter(of.in_(statuses))
                for statuses in (
                    (AccountStatus.ACTIVE,),
                    (AccountStatus.ISSUED, AccountStatus.VERIFYING),
                    (AccountStatus.SUSPENDED,),
                )
            ),
        )
        .where(_in_scope(actor), *_counts_on(day))
        .group_by(RollEntry.commune_code)
        .order_by(RollEntry.commune_code)
    ).all()
    names = areas.names(row[0] for row in rows)
    return [Coverage(code, names.get(code, code), *numbers) for code, *numbers in rows]


def without_account(
    actor: Actor, day: date, *, cursor: str | None, limit: int, commune: str | None = None
) -> Page[Missing]:
    """Eligible households in scope that have no active account, by commune and code; data keys loaded."""
    query = (
        sa.select(RollEntry.household_id, RollEntry.commune_code, RollEntry.code, RollEntry.account_status)
        .where(_in_scope(actor), ~RollEntry.covered, *_counts_on(day))
        .order_by(RollEntry.commune_code, RollEntry.code)
        .limit(limit + 1)
    )
    if commune:
        query = query.where(RollEntry.commune_code == commune)
    if cursor:
        after_commune, after_code = decode_cursor(cursor, str, str)
        query = query.where(sa.tuple_(RollEntry.commune_code, RollEntry.code) > sa.tuple_(after_commune, after_code))
    found = db.session.execute(query).all()
    shown = found[:limit]
    households = {one.id: one for one in registry.many([row.household_id for row in shown])}
    items = [
        Missing(households[row.household_id], row.account_status) for row in shown if row.household_id in households
    ]
    last = shown[-1] if len(found) > limit else None
    return Page(items, encode_cursor(last.commune_code, last.code) if last else None)


def waiting(actor: Actor, *, cursor: str | None, limit: int, batch_id: UUID | None = None) -> Page[Waiting]:
    """Accounts in scope that wait for a second officer, oldest first, without those the actor gave."""
    query = _with_home(actor, WelfareAccount.status == AccountStatus.ISSUED).where(
        WelfareAccount.issued_by != actor.user_id
    )
    if batch_id:
        query = query.where(WelfareAccount.batch_id == batch_id)
    return _page_of(query, cursor, limit)


def to_test(actor: Actor, *, cursor: str | None, limit: int) -> Page[Waiting]:
    """Accounts in scope that nobody verified yet, whoever gave them, oldest first."""
    return _page_of(_with_home(actor, WelfareAccount.status == AccountStatus.ISSUED), cursor, limit)


def being_tested(actor: Actor, *, cursor: str | None, limit: int) -> Page[Waiting]:
    """Accounts in scope with 1,000 đ on their way, oldest first."""
    return _page_of(_with_home(actor, WelfareAccount.status == AccountStatus.VERIFYING), cursor, limit)


def stopped_by_test(actor: Actor, *, limit: int) -> Sequence[Household]:
    """Households in scope whose account the machine stopped because the test transfer came back; the newest first."""
    query = (
        sa.select(Household)
        .join(WelfareAccount, WelfareAccount.household_id == Household.id)
        .where(
            WelfareAccount.status == AccountStatus.SUSPENDED,
            WelfareAccount.suspended_by.is_(None),
            registry.scope(actor),
        )
        .order_by(WelfareAccount.id.desc())
        .limit(limit)
    )
    found = db.session.scalars(query).all()
    load_keys({one.data_key_id for one in found})
    return found


def _with_home(actor: Actor, stands: sa.ColumnElement[bool]) -> sa.Select[WelfareAccount, Household]:
    return (
        sa.select(WelfareAccount, Household)
        .join(Household, Household.id == WelfareAccount.household_id)
        .where(stands, registry.scope(actor))
    )


def _waiting(rows: Sequence[sa.Row[WelfareAccount, Household]]) -> list[Waiting]:
    """With their bank accounts, in one more query."""
    banks = payees.get_accounts(account.bank_account_id for account, _home in rows)
    return [Waiting(account, home, banks[account.bank_account_id]) for account, home in rows]


def _page_of(query: sa.Select[WelfareAccount, Household], cursor: str | None, limit: int) -> Page[Waiting]:
    query = query.order_by(WelfareAccount.id).limit(limit + 1)
    if cursor:
        query = query.where(WelfareAccount.id > decode_uuid_cursor(cursor))
    rows = _waiting(db.session.execute(query).all())
    load_keys({one.household.data_key_id for one in rows})
    return Page(rows[:limit], encode_cursor(str(rows[limit - 1].account.id)) if len(rows) > limit else None)


def _in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    """The communes an actor sees: poverty is the commune's business only."""
    if EVERYWHERE in actor.areas:
        return sa.true()
    return RollEntry.commune_code.in_(sorted(actor.areas))


def _counts_on(day: date) -> tuple[sa.ColumnElement[bool], ...]:
    return RollEntry.valid_from <= day, RollEntry.valid_to >= day


def _public(day: date) -> sa.Select[str, str, str, str, bool]:
    columns = welfare_public.c
    return sa.select(columns.code, columns.commune_code, columns.poverty_class, columns.need, columns.direct).where(
        *_holds(day)
    )


def _holds(day: date) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return welfare_public.c.valid_from <= day, welfare_public.c.valid_to >= day


def _shown(rows: Sequence[sa.Row[str, str, str, str, bool]]) -> list[PublicHousehold]:
    names = areas.names(row.commune_code for row in rows)
    return [
        PublicHousehold(
            row.code, row.commune_code, names.get(row.commune_code, ""), row.poverty_class, row.need, row.direct
        )
        for row in rows
    ]
