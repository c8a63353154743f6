"""Steps of accounts verified by 1,000 đ that arrive; each needs an open transaction, the household's row locked first.

An officer asks, the finance office sends, the bank tells. Payments hear the bank and know no households: a job brings
the account to where its test transfer stands. The household is told of each step in a text message (`telling`).
"""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.households.registry import operations as registry
from app.households.registry.models import Household, Status
from app.payments.payees import operations as payees
from app.payments.probes import operations as probes
from app.payments.probes import queries as probe_queries
from app.payments.probes.models import ProbeState

from . import operations, telling
from .errors import NotEligible
from .models import AccountStatus, VerifiedHow, WelfareAccount
from .states import Event, after


def ask(actor: Actor, household: Household, account: WelfareAccount, *, clock: Clock) -> None:
    """Have 1,000 đ sent to the locked account; while a test is under way this changes nothing.

    Raises:
        NotAnOfficer, NotEligible, WrongAccountStep, ProbesSpent.
    """
    registry.demand_officer(actor, household)
    if account.status == AccountStatus.VERIFYING:
        return
    if household.status != Status.VERIFIED:
        raise NotEligible
    status = after(account.status, Event.TESTED)
    probe = probes.ask(account.bank_account_id, allowance=household.commune_code, actor=actor, clock=clock)
    account.status, account.probe_id = status, probe.id
    operations.note(Event.TESTED, actor, account, clock)
    telling.of_test(household, account, Event.TESTED, clock=clock)


def withdraw(actor: Actor, household: Household, account: WelfareAccount, *, clock: Clock) -> None:
    """Give up the locked account's test while it waits for the finance office.

    Raises:
        NotAnOfficer, WrongAccountStep, ProbeGone.
    """
    registry.demand_officer(actor, household)
    status = after(account.status, Event.TEST_WITHDRAWN)
    probes.take_back(account.bank_account_id, actor=actor, clock=clock)
    account.status = status
    operations.note(Event.TEST_WITHDRAWN, actor, account, clock)


def follow(household: Household, account: WelfareAccount, *, clock: Clock) -> None:
    """Bring the locked account to where its last test transfer stands, whatever the order of the bank's words."""
    if account.probe_id is None:
        return
    probe = probe_queries.get(account.probe_id)
    testing = account.status == AccountStatus.VERIFYING
    if probe.status == ProbeState.CONFIRMED and account.status in (AccountStatus.ISSUED, AccountStatus.VERIFYING):
        if household.status == Status.VERIFIED:
            _pass(account, clock)
            telling.of_test(household, account, Event.TEST_PASSED, clock=clock)
        elif testing:
            _go(Event.TEST_FAILED, account, clock, _("Hồ sơ của hộ hiện chưa được duyệt."))
    elif probe.status == ProbeState.FAILED and testing:
        _go(Event.TEST_FAILED, account, clock, probe_queries.why(probe))
        telling.of_test(household, account, Event.TEST_FAILED, clock=clock)
    elif probe.status == ProbeState.WITHDRAWN and testing:
        _go(Event.TEST_WITHDRAWN, account, clock)
    elif probe.status == ProbeState.FAILED and account.verified_how == VerifiedHow.TEST_TRANSFER:
        _stop(household, account, probe_queries.why(probe), clock)


def _pass(account: WelfareAccount, clock: Clock) -> None:
    status = after(account.status, Event.TEST_PASSED)
    payees.activate(account.bank_account_id)
    account.status, account.verified_at = status, clock.now()
    account.verified_how = VerifiedHow.TEST_TRANSFER
    operations.note(Event.TEST_PASSED, SYSTEM, account, clock)


def _stop(household: Household, account: WelfareAccount, why: str, clock: Clock) -> None:
    """Also where an officer stopped it before: from now on only a second officer can let it go on."""
    if account.status == AccountStatus.SUSPENDED and account.suspended_by is None:
        return
    payees.deactivate(account.bank_account_id)
    account.suspended_by, account.suspended_at = None, clock.now()
    _go(Event.TEST_RETURNED, account, clock, why)
    telling.of_test(household, account, Event.TEST_RETURNED, clock=clock)


def _go(event: Event, account: WelfareAccount, clock: Clock, why: str | None = None) -> None:
    account.status = after(account.status, event)
    operations.note(event, SYSTEM, account, clock, reason=why or None)
