"""What a change of the rules may say and touches; what is told of charges afterwards. To the đồng and the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM, Actor
from app.core.audit import AuditEvent
from app.core.clock import in_vietnam
from app.core.database import db
from app.core.errors import BadInput
from app.payments.fees import declarations, queries, services
from app.payments.fees.errors import (
    BadChange,
    ChangeDecided,
    ChangeNotFound,
    PastStaysPast,
    ProposalWaits,
    SecondPersonNeeded,
)
from app.payments.fees.models import FeeRule, FeeRuleChange, Kind, Supply
from app.payments.fees.rules import FURTHEST, MAX_RATE_BP
from tests.factories.payments import make_payee
from tests.fakes.clock import FrozenClock
from tests.fakes.purposes import RememberingPurpose
from tests.payments.fees import world
from tests.payments.ledger.parallel import at_once

CLOCK = FrozenClock(datetime(2026, 11, 20, 5, 0, tzinfo=UTC))
TODAY = in_vietnam(CLOCK.now()).date()
TOMORROW = TODAY + timedelta(days=1)


def propose(actor: Actor, **other: Any) -> FeeRuleChange:
    said: dict[str, Any] = {"kind": Kind.VAT, "supply": Supply.GOODS, "rate_bp": 200, "starts_on": TOMORROW}
    return services.propose(**said | {"legal_source": "Nghị định mẫu"} | other, actor=actor, clock=CLOCK)


def approve(change: FeeRuleChange, actor: Actor) -> FeeRuleChange:
    return services.approve(change.id, actor=actor, clock=CLOCK)


def told_of(kind: Kind, supply: Supply = Supply.GOODS) -> list[tuple[int, date, date | None]]:
    db.session.rollback()
    found = queries.rules_from(TODAY, kind=kind, supply=supply)
    return [(rule.rate_bp, rule.valid_from, rule.valid_until) for rule in found]


def everything_else() -> list[tuple[Any, ...]]:
    """All rules but of VAT on goods."""
    db.session.rollback()
    return [
        (rule.id, rule.rate_bp, rule.valid_from, rule.valid_until)
        for rule in db.session.scalars(sa.select(FeeRule).order_by(FeeRule.id))
        if (rule.kind, rule.supply) != (Kind.VAT, Supply.GOODS)
    ]


@pytest.mark.parametrize("rate_bp", [0, 1, MAX_RATE_BP])
def test_any_rate_from_nothing_to_thirty_per_cent_may_be_proposed(finance: Actor, rate_bp: int) -> None:
    assert propose(finance, rate_bp=rate_bp).rate_bp == rate_bp


@pytest.mark.parametrize("rate_bp", [-1, MAX_RATE_BP + 1])
def test_a_rate_below_nothing_or_above_thirty_per_cent_is_refused_with_a_sentence(finance: Actor, rate_bp: int) -> None:
    with pytest.raises(BadChange) as refused:
        propose(finance, rate_bp=rate_bp)
    assert list(refused.value.details["errors"]) == ["rate"]


@pytest.mark.parametrize(("letters", "fits"), [(2, False), (3, True), (200, True), (201, False)])
def test_the_legal_source_is_of_three_to_two_hundred_letters(finance: Actor, letters: int, fits: bool) -> None:
    if fits:
        assert propose(finance, legal_source=f"  {'L' * letters} ").legal_source == "L" * letters
        return
    with pytest.raises(BadChange) as refused:
        propose(finance, legal_source="L" * letters)
    assert list(refused.value.details["errors"]) == ["legal_source"]


def test_a_change_may_begin_in_five_years_and_no_day_later(finance: Actor) -> None:
    with pytest.raises(BadChange):
        propose(finance, starts_on=TODAY + FURTHEST + timedelta(days=1))
    propose(finance, starts_on=TODAY + FURTHEST)


def test_a_change_says_who_when_and_why_and_so_does_its_rule(finance: Actor, colleague: Actor) -> None:
    change = propose(finance, rate_bp=250, starts_on=TOMORROW)
    told = (change.kind, change.supply, change.rate_bp, change.starts_on, change.legal_source, change.proposed_by_id)
    assert told == (Kind.VAT, Supply.GOODS, 250, TOMORROW, "Nghị định mẫu", finance.user_id)
    assert (change.state, change.proposed_at) == ("proposed", CLOCK.now())
    done = approve(change, colleague)
    assert (done.state, done.decided_by_id, done.decided_at) == ("approved", colleague.user_id, CLOCK.now())
    db.session.rollback()
    [rule] = db.session.scalars(sa.select(FeeRule).where(FeeRule.rate_bp == 250))
    assert (rule.kind, rule.supply, rule.base, rule.legal_source) == (Kind.VAT, "goods", "gross", "Nghị định mẫu")
    assert (rule.valid_from, rule.valid_until, rule.created_at) == (TOMORROW, None, CLOCK.now())
    assert (rule.created_by_id, rule.approved_by_id) == (finance.user_id, colleague.user_id)


def test_each_act_on_a_change_is_on_the_trail_with_what_it_says(finance: Actor, colleague: Actor) -> None:
    dropped = propose(finance)
    services.drop(dropped.id, actor=colleague, clock=CLOCK)
    services.drop(dropped.id, actor=finance, clock=CLOCK)
    assert db.session.get_one(FeeRuleChange, dropped.id).decided_by_id == colleague.user_id
    approved = approve(propose(finance, rate_bp=300), colleague)
    db.session.rollback()
    acts = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action.like("fee%")).order_by(AuditEvent.id))
    said = {"kind": "vat", "supply": "goods", "starts_on": TOMORROW.isoformat()}
    assert [(act.action, act.actor_id, act.subject_id, act.subject_kind, act.details) for act in acts] == [
        ("fee_rule_proposed", finance.user_id, dropped.id, "fee_rule_change", said | {"rate_bp": 200}),
        ("fee_rule_dropped", colleague.user_id, dropped.id, "fee_rule_change", said | {"rate_bp": 200}),
        ("fee_rule_proposed", finance.user_id, approved.id, "fee_rule_change", said | {"rate_bp": 300}),
        ("fee_rule_approved", colleague.user_id, approved.id, "fee_rule_change", said | {"rate_bp": 300}),
    ]


def test_nobody_without_a_name_changes_a_rule(finance: Actor) -> None:
    with pytest.raises(SecondPersonNeeded):
        propose(SYSTEM)
    change = propose(finance)
    with pytest.raises(SecondPersonNeeded):
        approve(change, SYSTEM)
    with pytest.raises(ChangeDecided):
        services.drop(change.id, actor=SYSTEM, clock=CLOCK)
    with pytest.raises(ChangeNotFound):
        services.drop(UUID(int=7), actor=finance, clock=CLOCK)
    assert [open_change.id for open_change in queries.open_changes()] == [change.id]


def test_a_change_touches_no_other_kind_and_no_other_supply(finance: Actor, colleague: Actor) -> None:
    for kind, supply in ((Kind.COMMISSION, Supply.GOODS), (Kind.COMMISSION, Supply.SERVICES)):
        world.set_rule(kind, 100, supply=supply, since=TOMORROW + timedelta(days=5))
    before = everything_else()
    approve(propose(finance), colleague)
    assert told_of(Kind.VAT) == [(100, date(2026, 7, 1), TOMORROW), (200, TOMORROW, None)]
    assert everything_else() == before


def test_what_holds_for_services_decides_nothing_about_goods(finance: Actor, colleague: Actor) -> None:
    services_only = {"kind": Kind.COMMISSION, "supply": Supply.SERVICES, "starts_on": TODAY}
    approve(propose(finance, **services_only), colleague)
    with pytest.raises(BadChange):
        propose(finance, kind=Kind.COMMISSION, rate_bp=None)  # nothing is charged for goods
    approve(propose(finance, kind=Kind.COMMISSION, starts_on=TODAY), colleague)
    assert told_of(Kind.COMMISSION) == told_of(Kind.COMMISSION, Supply.SERVICES) == [(200, TODAY, None)]


def test_changes_of_several_rules_wait_side_by_side(finance: Actor, colleague: Actor) -> None:
    several = [propose(finance, kind=kind, supply=supply) for kind in (Kind.VAT, Kind.INCOME_TAX) for supply in Supply]
    assert [change.id for change in queries.open_changes()] == [change.id for change in several]
    approve(several[0], colleague)
    assert [change.id for change in queries.open_changes()] == [change.id for change in several[1:]]


@pytest.mark.parametrize(
    "other", [{"rate_bp": 201}, {"starts_on": TOMORROW + timedelta(days=1)}, {"legal_source": "Luật"}]
)
def test_who_thinks_again_drops_the_first_change_before_the_next(finance: Actor, other: dict[str, Any]) -> None:
    first = propose(finance)
    with pytest.raises(ProposalWaits):
        propose(finance, **other)
    assert propose(finance).id == first.id


def test_a_rule_that_holds_from_today_holds_to_its_end(finance: Actor, colleague: Actor) -> None:
    """What begins today is charged already; it ends tomorrow at the earliest."""
    approve(propose(finance, kind=Kind.COMMISSION, starts_on=TODAY), colleague)
    with pytest.raises(PastStaysPast):
        propose(finance, kind=Kind.COMMISSION, rate_bp=None, starts_on=TODAY)
    approve(propose(finance, kind=Kind.COMMISSION, rate_bp=None), colleague)
    assert told_of(Kind.COMMISSION) == [(200, TODAY, TOMORROW)]
    for day in (TOMORROW, TOMORROW + timedelta(days=9)):
        with pytest.raises(BadChange):
            propose(finance, kind=Kind.COMMISSION, rate_bp=None, starts_on=day)


def test_where_a_rule_ended_today_another_may_begin_today(finance: Actor, colleague: Actor) -> None:
    world.set_rule(Kind.COMMISSION, 100, until=TODAY)
    approve(propose(finance, kind=Kind.COMMISSION, starts_on=TODAY), colleague)
    assert told_of(Kind.COMMISSION) == [(200, TODAY, None)]


def test_a_rule_that_begins_later_leaves_the_days_before_it_free(finance: Actor, colleague: Actor) -> None:
    later = TODAY + timedelta(days=10)
    approve(propose(finance, kind=Kind.COMMISSION, starts_on=later), colleague)
    approve(propose(finance, kind=Kind.COMMISSION, rate_bp=100, starts_on=TODAY), colleague)
    assert told_of(Kind.COMMISSION) == [(100, TODAY, later), (200, later, None)]
    approve(propose(finance, kind=Kind.COMMISSION, rate_bp=50, starts_on=later), colleague)  # instead of the other
    assert told_of(Kind.COMMISSION) == [(100, TODAY, later), (50, later, None)]
    assert [rule.rate_bp for rule in queries.rules_over(later) if rule.kind == Kind.COMMISSION] == [100]
    assert [rule for rule in queries.rules_over(later - timedelta(days=1)) if rule.kind == Kind.COMMISSION] == []


def test_of_several_later_rules_the_next_one_ends_what_begins_before(finance: Actor, colleague: Actor) -> None:
    days = [TODAY + timedelta(days=away) for away in (30, 20, 10)]
    for place, day in enumerate(days):
        approve(propose(finance, kind=Kind.COMMISSION, rate_bp=100 + place, starts_on=day), colleague)
    assert told_of(Kind.COMMISSION) == [(102, days[2], days[1]), (101, days[1], days[0]), (100, days[0], None)]


def test_two_proposals_at_the_same_moment_leave_one_and_a_clear_answer(
    app: Flask, finance: Actor, colleague: Actor
) -> None:
    for round_ in range(5):
        day = TOMORROW + timedelta(days=round_)
        both = at_once(app, [partial(propose, actor, starts_on=day) for actor in (finance, colleague)])
        assert sorted(type(one).__name__ for one in both) == ["FeeRuleChange", "ProposalWaits"]
        [change] = queries.open_changes()
        services.drop(change.id, actor=finance, clock=CLOCK)
        db.session.rollback()


def test_approved_and_dropped_at_the_same_moment_one_of_them_holds(
    app: Flask, finance: Actor, colleague: Actor
) -> None:
    for round_ in range(5):
        change = propose(finance, kind=Kind.COMMISSION, rate_bp=100 + round_)
        drop = partial(services.drop, change.id, actor=finance, clock=CLOCK)
        both = at_once(app, [partial(approve, change, colleague), drop])
        assert sorted(type(one).__name__ for one in both) == ["ChangeDecided", "FeeRuleChange"]
        state = db.session.get_one(FeeRuleChange, change.id, populate_existing=True).state
        holds = any(rate_bp == 100 + round_ for rate_bp, _since, _until in told_of(Kind.COMMISSION))
        assert holds == (state == "approved")


# What is told of charges.


def test_the_totals_of_a_seller_are_of_that_seller_and_of_the_days_asked_for(payee_id: UUID) -> None:
    world.set_rule(Kind.COMMISSION, 300)
    first, last = date(2026, 11, 2), date(2026, 11, 5)
    noons = [datetime(2026, 11, day, 5, tzinfo=UTC) for day in range(1, 6)]
    sold = [(world.sell(payee_id, 100_000, clock=FrozenClock(noon)), FrozenClock(noon)) for noon in noons]
    for asked, clock in sold:
        world.pay(asked, clock=clock)
        world.refund(asked, 10_000, clock=clock)
    other = world.sell(make_payee()[0].id, 900_000, clock=sold[2][1])
    world.pay(other, clock=sold[2][1])
    world.refund(other, 500_000, clock=sold[2][1])
    totals = {
        one.kind: (one.charged_vnd, one.returned_vnd, one.net_vnd) for one in queries.of_payee(payee_id, first, last)
    }
    assert totals == {
        Kind.COMMISSION: (9_000, 900, 8_100),
        Kind.VAT: (3_000, 300, 2_700),
        Kind.INCOME_TAX: (1_500, 150, 1_350),
    }


def test_what_several_requests_were_charged_stays_apart(payee_id: UUID, purpose: RememberingPurpose) -> None:
    """One was charged, one refunded in part, one was charged by mistake, one is a service, one charged nothing."""
    sold = [world.sell(payee_id, 100_000 * (place + 1)) for place in range(3)]
    world.pay(sold[0])
    world.pay(sold[1])
    world.refund(sold[1], 50_000)
    mistaken = world.pay(sold[2], 100_000)
    world.pay(sold[2], 50_000)
    world.take_back(sold[2], mistaken, 100_000)
    only_mistaken = world.sell(payee_id, 10_000)
    part = world.pay(only_mistaken, 9_000)
    world.take_back(only_mistaken, part, 9_000)
    purpose.supply = Supply.SERVICES
    service = world.sell(payee_id, 100_000)
    world.pay(service)
    db.session.rollback()
    found = queries.of_request([asked.id for asked in (*sold, service, only_mistaken)])
    told = {
        id: [(fee.kind, fee.supply, fee.rate_bp, fee.base_vnd, fee.charged_vnd, fee.returned_vnd) for fee in fees]
        for id, fees in found.items()
    }
    assert told == {
        sold[0].id: [("income_tax", "goods", 50, 100_000, 500, 0), ("vat", "goods", 100, 100_000, 1_000, 0)],
        sold[1].id: [("income_tax", "goods", 50, 200_000, 1_000, 250), ("vat", "goods", 100, 200_000, 2_000, 500)],
        sold[2].id: [("income_tax", "goods", 50, 50_000, 250, 0), ("vat", "goods", 100, 50_000, 500, 0)],
        service.id: [("income_tax", "services", 200, 100_000, 2_000, 0), ("vat", "services", 500, 100_000, 5_000, 0)],
    }
    assert queries.of_request([sold[0].id]).keys() == {sold[0].id}


def test_what_went_back_of_a_kind_is_told_once_where_two_rules_charged_it(payee_id: UUID) -> None:
    clock = FrozenClock(datetime(2026, 6, 30, 16, 59, tzinfo=UTC))  # new rules hold from July on
    asked = world.sell(payee_id, 100_000, clock=clock)
    world.pay(asked, 40_000, clock=clock)
    clock.advance(minutes=1)
    world.pay(asked, clock=clock)
    world.refund(asked, 10_000, clock=clock)
    db.session.rollback()
    fees = queries.of_request([asked.id])[asked.id]
    assert [(fee.kind, fee.charged_vnd, fee.returned_vnd, fee.net_vnd) for fee in fees] == [
        (Kind.INCOME_TAX, 300, 50, 250),
        (Kind.INCOME_TAX, 200, 0, 200),
        (Kind.VAT, 600, 100, 500),
        (Kind.VAT, 400, 0, 400),
    ]


# The declaration of a month.


def test_a_month_ends_at_midnight_in_vietnam(payee_id: UUID) -> None:
    november, december = declarations.month_of("2026-11"), declarations.month_of("2026-12")
    begin, end = datetime(2026, 10, 31, 17, tzinfo=UTC), datetime(2026, 11, 30, 17, tzinfo=UTC)
    for place, at in enumerate((begin - timedelta(seconds=1), begin, end - timedelta(seconds=1), end)):
        clock = FrozenClock(at)
        world.pay(world.sell(payee_id, 10_000 * 10**place, clock=clock), clock=clock)
    assert declarations.of_seller(november, payee_id).collected_vnd == 1_100_000
    assert declarations.of_seller(december, payee_id).collected_vnd == 10_000_000
    assert declarations.month_at(date(2026, 12, 31)) == december
    assert (december.next, december.name) == (date(2027, 1, 1), "2026-12")
    for wrong in ("2026-13", "2026-00", "1999-12", "2026-1", " 2026-11", "2026-11-01"):
        with pytest.raises(BadInput) as refused:
            declarations.month_of(wrong)
        assert list(refused.value.details["errors"]) == ["month"]


def test_behind_a_line_each_charge_and_each_return_stands_once_page_by_page(payee_id: UUID) -> None:
    november = declarations.month_of("2026-11")
    clock = FrozenClock(datetime(2026, 11, 2, 5, tzinfo=UTC))
    asked = world.sell(payee_id, 100_000, clock=clock)
    world.pay(asked, clock=clock)
    world.pay(world.sell(make_payee()[0].id, 70_000, clock=clock), clock=clock)
    clock.advance(minutes=1)
    world.refund(asked, 10_000, clock=clock)
    pages: list[list[declarations.Charged]] = []
    cursor = None
    while not pages or (cursor and len(pages) < 4):
        page = declarations.charges(november, payee_id, cursor=cursor, limit=3)
        pages.append(list(page.items))
        cursor = page.next_cursor
    assert [len(items) for items in pages] == [3, 1]
    lines = {(line.kind, line.base_vnd, line.amount_vnd, line.rate_bp) for items in pages for line in items}
    assert lines == {
        ("vat", 100_000, 1_000, 100),
        ("income_tax", 100_000, 500, 50),
        ("vat", None, -100, 100),
        ("income_tax", None, -50, 50),
    }
    assert {line.request_code for items in pages for line in items} == {asked.code}
    whole = declarations.charges(november, payee_id, limit=4)
    assert (len(whole.items), whole.next_cursor) == (4, None)


def test_sellers_fill_pages_to_the_last_and_each_stands_once(payee_id: UUID) -> None:
    november = declarations.month_of("2026-11")
    clock = FrozenClock(datetime(2026, 11, 2, 5, tzinfo=UTC))
    payees = sorted([payee_id, *(make_payee()[0].id for _ in range(3))])
    for place, one in enumerate(payees):
        world.pay(world.sell(one, 1_000 * (place + 1), clock=clock), clock=clock)
    first = declarations.page(november, limit=3)
    second = declarations.page(november, limit=3, cursor=first.next_cursor)
    assert second.next_cursor is None
    lines = [*first.items, *second.items]
    assert [(line.payee_id, line.sums.collected_vnd) for line in lines] == [
        (one, 1_000 * (place + 1)) for place, one in enumerate(payees)
    ]
    assert list(declarations.every(november)) == lines
    sums, sellers = declarations.total(november)
    assert (sums.collected_vnd, sellers) == (10_000, 4)
