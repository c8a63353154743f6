"""Jobs: count the words of the market."""

from __future__ import annotations

from app.core.jobs import job

from . import services


@job(name="finding.count_terms", cron="* * * * *")
def count_terms(timestamp: int) -> None:
    """Add what changed since the last minute."""
    services.count_terms()
