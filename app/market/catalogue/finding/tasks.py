"""Jobs: sort what was on the market before it had kinds, and count the words of the market."""

from __future__ import annotations

from app.core.jobs import job

from . import services


@job(name="finding.count_terms", cron="* * * * *")
def count_terms(timestamp: int) -> None:
    """Sort what is old, then add what changed since the last minute."""
    services.sort_old()
    services.count_terms()
