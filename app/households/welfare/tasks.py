"""The clockwork of welfare: sheets at work."""

from __future__ import annotations

from uuid import UUID

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job

from . import batch_services, services


@job(name="welfare.work")
def work(batch_id: str) -> None:
    """One chunk of a sheet."""
    batch_services.work(UUID(batch_id), clock=SYSTEM_CLOCK)


@job(name="welfare.wake_stuck", cron="* * * * *")
def wake_stuck(timestamp: int) -> None:
    """Go on with sheets whose job died."""
    batch_services.wake_stuck(clock=SYSTEM_CLOCK)


@job(name="welfare.hear_test")
def hear_test(bank_account_id: str) -> None:
    """The bank told what became of 1,000 đ: the account follows."""
    services.hear_test(bank_account_id=UUID(bank_account_id), clock=SYSTEM_CLOCK)


@job(name="welfare.end_of_gone")
def end_of_gone(household_id: str) -> None:
    """Close the account of a household that was merged into another, or erased."""
    services.end_of_gone(household_id=UUID(household_id), clock=SYSTEM_CLOCK)
