"""Where months, rules and requests end: nothing is told twice, rewritten or forgotten there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK, in_vietnam
from app.core.database import transaction
from app.payments.fees import declarations, services
from app.payments.fees.errors import PastStaysPast
from app.payments.fees.models import FeeRule, Kind, Supply
from app.payments.income.queries import rules_applied
from app.payments.ledger.books import check_books
from app.payments.ledger.models import AccountKind
from app.payments.refunds.states import Event
from tests.fakes.clock import FrozenClock
from tests.fakes.purposes import RememberingPurpose
from tests.payments.fees import world

OCTOBER, NOVEMBER = declarations.month_of("2026-10"), declarations.month_of("2026-11")


def problems() -> list[str]:
    return [broken.name for broken in check_books() if broken.problems]


def test_a_refund_of_a_part_that_no_rule_charged_leaves_the_charge_of_the_other(payee_id: UUID) -> None:
    """The rule ended between the two payments; the latest goes back first."""
    world.set_rule(Kind.COMMISSION, 300, until=date(2026, 11, 1))
    clock = FrozenClock(datetime(2026, 10, 31, 16, 59, tzinfo=UTC))
    asked = world.sell(payee_id, 200_000, clock=clock)
    world.pay(asked, 100_000, clock=clock)
    clock.advance(minutes=1)
    world.pay(asked, 100_000, clock=clock)
    assert world.kept(Kind.COMMISSION) == 3_000
    world.refund(asked, 100_000, clock=clock)
    assert world.kept(Kind.COMMISSION) == 3_000
    world.refund(asked, 50_000, clock=clock)
    assert world.kept(Kind.COMMISSION) == 1_500
    assert problems() == []


def test_a_refund_counts_as_of_the_latest_payment_when_that_one_is_not_charged(
    payee_id: UUID, purpose: RememberingPurpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was given back of the first is then owed again, as it would be had the other come at once."""
    world.set_rule(Kind.COMMISSION, 300, until=date(2026, 11, 1))
    clock = FrozenClock(datetime(2026, 10, 31, 16, 59, tzinfo=UTC))
    asked = world.sell(payee_id, 100_000, clock=clock)
    world.pay(asked, 60_000, clock=clock)
    mistaken = world.pay(asked, 40_000, clock=clock)
    world.refund(asked, 30_000, clock=clock)
    monkeypatch.setattr(purpose, "may_undo", lambda _request: True, raising=False)
    world.take_back(asked, mistaken, 40_000, clock=clock)
    assert world.kept(Kind.COMMISSION) == 900
    clock.advance(minutes=1)
    uncharged = world.pay(asked, 40_000, clock=clock)
    assert world.kept(Kind.COMMISSION) == 1_800
    assert problems() == []
    world.take_back(asked, uncharged, 40_000, clock=clock)
    assert world.kept(Kind.COMMISSION) == 900
    assert problems() == []


def test_even_a_single_dong_is_owed_again_when_a_refund_counts_as_of_an_uncharged_payment(
    payee_id: UUID, purpose: RememberingPurpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.set_rule(Kind.COMMISSION, 1_000, until=date(2026, 11, 1))
    clock = FrozenClock(datetime(2026, 10, 31, 16, 59, tzinfo=UTC))
    asked = world.sell(payee_id, 100, clock=clock)
    world.pay(asked, 60, clock=clock)
    mistaken = world.pay(asked, 40, clock=clock)
    world.refund(asked, 10, clock=clock)
    monkeypatch.setattr(purpose, "may_undo", lambda _request: True, raising=False)
    world.take_back(asked, mistaken, 40, clock=clock)
    assert world.kept(Kind.COMMISSION) == 5
    clock.advance(minutes=1)
    world.pay(asked, 40, clock=clock)
    assert world.kept(Kind.COMMISSION) == 6
    assert problems() == []


@pytest.mark.parametrize("owed", list(Kind))
def test_a_kind_that_owes_nothing_again_does_not_let_the_others_off(
    payee_id: UUID, purpose: RememberingPurpose, monkeypatch: pytest.MonkeyPatch, owed: Kind
) -> None:
    """Every rule ended between two payments; of two kinds so little is kept that nothing of it goes back."""
    with transaction() as session:
        session.execute(sa.update(FeeRule).values(valid_until=FeeRule.valid_from))
    for kind in Kind:
        world.set_rule(kind, 1_000 if kind is owed else 1, until=date(2026, 11, 1))
    clock = FrozenClock(datetime(2026, 10, 31, 16, 59, tzinfo=UTC))
    asked = world.sell(payee_id, 10_000, clock=clock)
    world.pay(asked, 6_000, clock=clock)
    mistaken = world.pay(asked, 4_000, clock=clock)
    world.refund(asked, 1_000, clock=clock)
    monkeypatch.setattr(purpose, "may_undo", lambda _request: True, raising=False)
    world.take_back(asked, mistaken, 4_000, clock=clock)
    assert {kind: world.kept(kind) for kind in Kind} == {kind: 500 if kind is owed else 0 for kind in Kind}
    clock.advance(minutes=1)
    world.pay(asked, 4_000, clock=clock)
    assert {kind: world.kept(kind) for kind in Kind} == {kind: 600 if kind is owed else 0 for kind in Kind}
    assert problems() == []


def test_a_debt_is_repaid_out_of_what_all_kinds_owed_again_leave(
    payee_id: UUID, purpose: RememberingPurpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as session:
        session.execute(sa.update(FeeRule).values(valid_until=FeeRule.valid_from))
    for kind in Kind:
        world.set_rule(kind, 1_000, until=in_vietnam(SYSTEM_CLOCK.now()).date() + timedelta(days=1))
    asked, other = world.sell(payee_id, 10_000), world.sell(payee_id, 20_000)
    world.pay(asked, 6_000)
    mistaken = world.pay(asked, 4_000)
    world.refund(asked, 1_000)
    monkeypatch.setattr(purpose, "may_undo", lambda _request: True, raising=False)
    world.take_back(asked, mistaken, 4_000)
    world.pay(other)
    world.spend_all(payee_id)
    world.refund(other, 20_000)
    assert world.balance_vnd(AccountKind.SELLER_DEBT, payee_id) == -14_000
    world.pay(asked, 4_000, clock=FrozenClock(SYSTEM_CLOCK.now() + timedelta(days=2)))
    assert world.all_kept() == (600, 600, 600)
    assert world.balance_vnd(AccountKind.SELLER_DEBT, payee_id) == -14_000 + 1_110  # 30 % of 4,000 - 3 * 100
    assert world.balance_vnd(AccountKind.PAYABLE, payee_id) == 2_590


def test_refunds_under_way_of_a_charged_and_an_uncharged_payment_may_end_in_any_order(payee_id: UUID) -> None:
    """No rule charged the first payment, so neither refund may promise what only the other gives back."""
    world.set_rule(Kind.COMMISSION, 300, since=date(2026, 11, 1))
    clock = FrozenClock(datetime(2026, 10, 31, 16, 59, tzinfo=UTC))
    asked = world.sell(payee_id, 200_000, clock=clock)
    world.pay(asked, 100_000, clock=clock)
    clock.advance(minutes=1)
    world.pay(asked, 100_000, clock=clock)
    first, second = (world.begin_refund(asked, 100_000, clock=clock) for _ in range(2))
    world.end_refund(second, Event.DONE, clock=clock)
    assert world.kept(Kind.COMMISSION) == 0
    world.end_refund(first, Event.DONE, clock=clock)
    assert world.balance_vnd(AccountKind.PAYABLE, payee_id) == 0
    assert world.balance_vnd(AccountKind.SELLER_DEBT, payee_id) == 0
    assert problems() == []


def test_a_payment_taken_back_in_a_later_month_leaves_the_month_before_as_it_was_declared(payee_id: UUID) -> None:
    clock = FrozenClock(datetime(2026, 10, 31, 16, 59, tzinfo=UTC))
    asked = world.sell(payee_id, 100_000, clock=clock)
    transfer_id = world.pay(asked, 40_000, clock=clock)
    declared = declarations.of_seller(OCTOBER, payee_id)
    assert (declared.collected_vnd, declared.net_tax_vnd) == (40_000, 600)
    clock.advance(minutes=1)
    world.take_back(asked, transfer_id, 40_000, clock=clock)
    assert declarations.of_seller(OCTOBER, payee_id) == declared
    sums = declarations.of_seller(NOVEMBER, payee_id)
    assert (sums.collected_vnd, sums.net_tax_vnd) == (-40_000, -600)


def test_a_day_about_to_begin_is_as_good_as_begun(finance: Actor, colleague: Actor, payee_id: UUID) -> None:
    """Somebody pays just after midnight while a rule is being approved just before it."""
    before = FrozenClock(datetime(2026, 11, 23, 16, 57, 59, tzinfo=UTC))
    change = services.propose(
        kind=Kind.VAT, supply=Supply.GOODS, rate_bp=200, legal_source="Nghị định mẫu", starts_on=date(2026, 11, 24),
        actor=finance, clock=before,
    )  # fmt: skip
    midnight = FrozenClock(datetime(2026, 11, 23, 17, tzinfo=UTC))
    world.pay(world.sell(payee_id, 100_000, clock=midnight), clock=midnight)
    for seconds in (1, 120):
        with pytest.raises(PastStaysPast):
            late = FrozenClock(midnight.now() - timedelta(seconds=seconds))
            services.approve(change.id, actor=colleague, clock=late)
    assert problems() == []


def test_a_year_names_the_rules_of_what_was_booked_in_it(payee_id: UUID) -> None:
    """Paid on the last day of a month, heard of on the first of the next: sums and rules stand in the same one."""
    world.set_rule(Kind.COMMISSION, 300, until=date(2026, 11, 1))
    new_month = datetime(2026, 10, 31, 17, 0, tzinfo=UTC)
    clock = FrozenClock(new_month + timedelta(minutes=5))
    asked = world.sell(payee_id, 100_000, clock=FrozenClock(new_month - timedelta(hours=1)))
    world.pay(asked, event_at=new_month - timedelta(minutes=1), clock=clock)

    def named(since: datetime, until: datetime) -> list[str]:
        return [rule.kind for rule in rules_applied(payee_id, since=since, until=until) if rule.kind == Kind.COMMISSION]

    assert named(new_month, new_month + timedelta(days=30)) == [Kind.COMMISSION]
    assert named(new_month - timedelta(days=30), new_month) == []
