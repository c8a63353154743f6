"""Two people of the finance office."""

from __future__ import annotations

from tests.payments.payouts.conftest import approver, maker, purpose

__all__ = ["approver", "maker", "purpose"]
