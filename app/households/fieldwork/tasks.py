"""The clockwork of the team's work: back-checks are drawn and signs looked for when a day is over."""

from __future__ import annotations

from datetime import timedelta

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job
from app.households.registry import queries as registry

from . import services


@job(name="fieldwork.draw_back_checks", cron="40 18 * * *")
def draw_back_checks(timestamp: int) -> None:
    """At 01:40 in Vietnam."""
    services.draw_back_checks(clock=SYSTEM_CLOCK)


@job(name="fieldwork.look_for_signs", cron="10 19 * * *")
def look_for_signs(timestamp: int) -> None:
    """At 02:10 in Vietnam, yesterday and the day before, in case a night was missed."""
    today = registry.today(SYSTEM_CLOCK)
    for back in (2, 1):
        services.look_for_signs(day=today - timedelta(days=back), clock=SYSTEM_CLOCK)
