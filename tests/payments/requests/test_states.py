"""The life of a request: what the table does not know can not happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.payments.requests.models import PaymentRequest
from app.payments.requests.operations import Outcome, judge
from app.payments.requests.states import NEXT, OPEN, Event, ImpossibleStep, State, step

CLOSED_FOR_GOOD = {State.EXPIRED, State.CANCELLED, State.REFUNDED}
TAKEN_BACK = {Event.SOME_TAKEN_BACK, Event.ALL_TAKEN_BACK}
EXPIRES = datetime(2026, 11, 20, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_pair_leads_where_the_table_says_or_raises(state: State, event: Event) -> None:
    if (state, event) in NEXT:
        assert step(state, event) is NEXT[state, event]
    else:
        with pytest.raises(ImpossibleStep, match=f"{event} cannot happen to a request that is {state}"):
            step(state, event)


@given(start=st.sampled_from(State), events=st.lists(st.sampled_from(Event), max_size=8))
def test_what_is_closed_stays_closed_unless_a_person_asks_for_the_rest(start: State, events: list[Event]) -> None:
    state = start
    for event in events:
        was = state
        try:
            state = step(state, event)
        except ImpossibleStep:
            continue
        if event is Event.RETURN_FAILED:
            assert (was, state) == (State.REFUNDED, State.PAID)
            continue
        if event in TAKEN_BACK:
            assert (state is was) if was in CLOSED_FOR_GOOD else (state in OPEN)
            continue
        if event is Event.REOPENED:
            assert (was, state) == (State.EXPIRED, State.PART_PAID)
            continue
        if event is Event.MONEY_RETURNED and was is not State.PAID:
            assert state is was
            continue
        assert was not in CLOSED_FOR_GOOD
        assert not (was is State.PAID and state is not State.REFUNDED)


def test_every_state_can_be_reached_and_open_means_money_is_welcome() -> None:
    assert {*NEXT.values(), State.ASKED} == set(State)
    assert {state for state, event in NEXT if event is Event.MONEY_COMPLETE} == OPEN


@st.composite
def requests(draw: st.DrawFn) -> PaymentRequest:
    """A request in any state the database allows."""
    amount = draw(st.integers(1, 10**9))
    status = draw(st.sampled_from(State))
    paid = {
        State.ASKED: st.just(0),
        State.PART_PAID: st.integers(1, max(amount - 1, 1)),
        State.PAID: st.just(amount),
        State.REFUNDED: st.just(amount),
    }.get(status, st.integers(0, amount - 1))
    if status is State.PART_PAID and amount == 1:
        amount = 2
    return PaymentRequest(status=status, amount_vnd=amount, paid_vnd=draw(paid), expires_at=EXPIRES)


@given(request=requests(), amount=st.integers(1, 2 * 10**9), late_s=st.integers(-3600, 3600), exact=st.booleans())
def test_judging_money_never_loses_nor_makes_a_dong(
    request: PaymentRequest, amount: int, late_s: int, exact: bool
) -> None:
    if exact and request.missing_vnd > 0:
        amount = request.missing_vnd
    verdict = judge(request, amount_vnd=amount, event_at=EXPIRES + timedelta(seconds=late_s))
    assert verdict.accepted_vnd + verdict.excess_vnd == amount
    assert verdict.accepted_vnd >= 0
    assert verdict.excess_vnd >= 0
    welcome = request.status in OPEN and late_s <= 0
    if request.status == State.PAID:
        assert (verdict.outcome, verdict.accepted_vnd) == (Outcome.DUPLICATE, 0)
    elif not welcome:
        assert (verdict.outcome, verdict.accepted_vnd) == (Outcome.LATE, 0)
    elif amount < request.missing_vnd:
        assert (verdict.outcome, verdict.accepted_vnd) == (Outcome.UNDERPAID, amount)
    else:
        wanted = Outcome.MATCHED if amount == request.missing_vnd else Outcome.OVERPAID
        assert (verdict.outcome, verdict.accepted_vnd) == (wanted, request.missing_vnd)
