"""How arrived money fits a request, to the đồng and to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.payments.requests.models import PaymentRequest
from app.payments.requests.operations import Outcome, Verdict, judge
from app.payments.requests.states import State

DUE = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
BEFORE, AFTER = DUE - timedelta(seconds=1), DUE + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("status", "amount_vnd", "at", "verdict"),
    [
        (State.ASKED, 50_000, BEFORE, Verdict(Outcome.MATCHED, 50_000, 0)),
        (State.ASKED, 50_000, DUE, Verdict(Outcome.MATCHED, 50_000, 0)),
        (State.ASKED, 50_000, AFTER, Verdict(Outcome.LATE, 0, 50_000)),
        (State.ASKED, 49_999, BEFORE, Verdict(Outcome.UNDERPAID, 49_999, 0)),
        (State.ASKED, 50_001, BEFORE, Verdict(Outcome.OVERPAID, 50_000, 1)),
        (State.PART_PAID, 29_999, BEFORE, Verdict(Outcome.UNDERPAID, 29_999, 0)),
        (State.PART_PAID, 30_000, BEFORE, Verdict(Outcome.MATCHED, 30_000, 0)),
        (State.PART_PAID, 50_000, BEFORE, Verdict(Outcome.OVERPAID, 30_000, 20_000)),
        (State.PART_PAID, 30_000, AFTER, Verdict(Outcome.LATE, 0, 30_000)),
        (State.PAID, 1, BEFORE, Verdict(Outcome.DUPLICATE, 0, 1)),
        (State.PAID, 1, AFTER, Verdict(Outcome.DUPLICATE, 0, 1)),
        (State.EXPIRED, 50_000, BEFORE, Verdict(Outcome.LATE, 0, 50_000)),
        (State.CANCELLED, 50_000, BEFORE, Verdict(Outcome.LATE, 0, 50_000)),
        (State.REFUNDED, 50_000, BEFORE, Verdict(Outcome.LATE, 0, 50_000)),
    ],
)
def test_the_verdict_on_arrived_money(status: State, amount_vnd: int, at: datetime, verdict: Verdict) -> None:
    paid_vnd = {State.PART_PAID: 20_000, State.PAID: 50_000, State.REFUNDED: 50_000}.get(status, 0)
    request = PaymentRequest(amount_vnd=50_000, paid_vnd=paid_vnd, status=status, expires_at=DUE)
    assert judge(request, amount_vnd=amount_vnd, event_at=at) == verdict
