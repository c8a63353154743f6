"""What is kept back of collected money, and what of it goes back with a refund."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.payments.fees import queries
from app.payments.fees.models import FeeCharge, Kind, Supply
from app.payments.ledger import operations as ledger
from app.payments.ledger import queries as accounts
from app.payments.ledger.models import AccountKind
from app.payments.refunds.states import Event
from app.payments.requests.errors import MoneyBuiltUpon
from tests.factories.payments import make_request
from tests.fakes.clock import FrozenClock
from tests.fakes.purposes import RememberingPurpose
from tests.payments.fees import world
from tests.payments.ledger.parallel import at_once


def test_of_a_collected_sale_of_goods_one_and_a_half_per_cent_are_kept_for_the_state(payee_id: UUID) -> None:
    asked = world.sell(payee_id, 100_000)
    world.pay(asked)
    assert world.all_kept() == (0, 1_000, 500)
    assert world.payable_vnd(payee_id) == 98_500
    vat, income_tax = queries.of_request([asked.id])[asked.id][::-1]
    assert (vat.kind, vat.rate_bp, vat.base_vnd, vat.net_vnd) == (Kind.VAT, 100, 100_000, 1_000)
    assert (income_tax.kind, income_tax.net_vnd) == (Kind.INCOME_TAX, 500)
    assert vat.legal_source == "Nghị định 252/2026/NĐ-CP"


def test_services_are_taxed_as_services(payee_id: UUID, purpose: RememberingPurpose) -> None:
    purpose.supply = Supply.SERVICES
    world.pay(world.sell(payee_id, 100_000))
    assert world.all_kept() == (0, 5_000, 2_000)


def test_of_what_is_no_sale_nothing_is_kept(payee_id: UUID, purpose: RememberingPurpose) -> None:
    purpose.supply = None
    world.pay(world.sell(payee_id, 100_000))
    assert world.all_kept() == (0, 0, 0)
    assert world.payable_vnd(payee_id) == 100_000


def test_money_straight_to_the_seller_passes_us_by(payee_id: UUID) -> None:
    asked = make_request(payee_id=payee_id, amount_vnd=100_000)
    world.pay(asked)
    assert world.all_kept() == (0, 0, 0)
    assert queries.of_request([asked.id]) == {}


def test_parts_are_charged_what_the_whole_would_be(payee_id: UUID) -> None:
    asked = world.sell(payee_id, 10_000)
    for _ in range(100):
        world.pay(asked, 99)
    world.pay(asked)
    assert world.all_kept() == (0, 100, 50)


def test_a_single_dong_that_came_first_counts_with_the_rest(payee_id: UUID) -> None:
    asked = world.sell(payee_id, 100)
    world.pay(asked, 1)
    world.pay(asked)
    assert world.all_kept() == (0, 1, 0)


def test_a_charge_of_nothing_moves_nothing_and_is_still_on_record(payee_id: UUID) -> None:
    asked = world.sell(payee_id, 99)
    world.pay(asked)
    assert world.all_kept() == (0, 0, 0)
    assert db.session.scalars(sa.select(FeeCharge.amount_vnd)).all() == [0, 0]


def test_of_a_single_dong_more_kinds_than_it_pays_for_are_owed(payee_id: UUID) -> None:
    world.set_rule(Kind.COMMISSION, 200)
    asked = world.sell(payee_id, 200)
    world.pay(asked, 199)
    world.pay(asked, 1)
    assert world.all_kept() == (4, 2, 1)
    assert world.payable_vnd(payee_id) == 193


def test_each_payment_follows_the_rules_of_its_own_day_in_vietnam(payee_id: UUID) -> None:
    clock = FrozenClock(datetime(2026, 6, 30, 16, 59, tzinfo=UTC))  # 23:59 of the 30th in Vietnam
    asked = world.sell(payee_id, 100_000, clock=clock)
    world.pay(asked, 40_000, clock=clock)
    clock.advance(minutes=1)
    world.pay(asked, clock=clock)
    sources = [(fee.kind, fee.legal_source, fee.charged_vnd) for fee in queries.of_request([asked.id])[asked.id]]
    assert sources == [
        (Kind.INCOME_TAX, "Nghị định 252/2026/NĐ-CP", 300),
        (Kind.INCOME_TAX, "Nghị định 117/2025/NĐ-CP", 200),
        (Kind.VAT, "Nghị định 252/2026/NĐ-CP", 600),
        (Kind.VAT, "Nghị định 117/2025/NĐ-CP", 400),
    ]


def test_the_commission_does_not_mix_with_the_platforms_own_money(payee_id: UUID) -> None:
    """Both accounts belong to the platform; a sale is charged once, and only what was earned with it is commission."""
    world.set_rule(Kind.COMMISSION, 300)
    with transaction():
        own_id = ledger.open_account(AccountKind.PLATFORM_FUNDS, "platform", clock=SYSTEM_CLOCK).id
    for sale in (1, 2):  # the commission's account is opened with the first
        world.pay(world.sell(payee_id, 100_000))
        assert world.all_kept() == (3_000 * sale, 1_000 * sale, 500 * sale)
        assert world.payable_vnd(payee_id) == 95_500 * sale
    assert accounts.balance_vnd(own_id) == 0


def test_before_any_rule_nothing_is_kept(payee_id: UUID) -> None:
    clock = FrozenClock(datetime(2025, 6, 30, 16, 59, tzinfo=UTC))
    world.pay(world.sell(payee_id, 100_000, clock=clock), clock=clock)
    assert world.all_kept() == (0, 0, 0)


def test_a_debt_is_repaid_out_of_what_is_left_after_fees(payee_id: UUID) -> None:
    asked = world.sell(payee_id, 100_000)
    world.pay(asked)
    world.spend_all(payee_id)
    refund = world.refund(asked, 100_000)
    assert (refund.fees_vnd, refund.seller_vnd, refund.debt_vnd) == (1_500, 0, 98_500)
    world.pay(world.sell(payee_id, 100_000))
    assert world.balance_vnd(AccountKind.SELLER_DEBT, payee_id) == -98_500 + 29_550  # 30 % of 98,500


def test_a_kind_of_which_nothing_goes_back_does_not_keep_the_others_from_it(payee_id: UUID) -> None:
    world.set_rule(Kind.COMMISSION, 1)
    asked = world.sell(payee_id, 5_000)
    world.pay(asked)
    assert world.all_kept() == (0, 50, 25)
    refund = world.refund(asked, 5_000)
    assert (refund.fees_vnd, refund.seller_vnd, refund.debt_vnd) == (75, 4_925, 0)


def test_of_a_dong_that_came_back_more_kinds_than_it_pays_for_are_owed_by_the_same_seller(payee_id: UUID) -> None:
    """Its refund gave back a đồng of three kinds; the seller spent them."""
    world.set_rule(Kind.COMMISSION, 100)
    asked = world.sell(payee_id, 20_000)
    world.pay(asked)
    refund = world.refund(asked, 1)
    assert world.all_kept() == (199, 199, 99)
    world.spend_all(payee_id)
    world.end_refund(refund.id, Event.REFUSED)
    assert world.all_kept() == (200, 200, 100)
    assert world.balance_vnd(AccountKind.PAYABLE, payee_id) == 0
    assert world.balance_vnd(AccountKind.SELLER_DEBT, payee_id) == -2


def test_refunds_that_come_through_at_the_same_moment_leave_no_dong_of_rounding_with_us(
    app: Flask, payee_id: UUID
) -> None:
    asked = world.sell(payee_id, 1_000)
    world.pay(asked)
    assert world.all_kept() == (0, 10, 5)
    under_way = [world.begin_refund(asked, 125) for _ in range(8)]
    answers = at_once(app, [partial(world.end_refund, refund_id, Event.DONE) for refund_id in under_way])
    assert answers == [None] * 8
    assert world.all_kept() == (0, 0, 0)
    assert world.payable_vnd(payee_id) == 0


def test_even_a_single_dong_that_rounding_gives_back_repays_what_the_refund_made_owed(payee_id: UUID) -> None:
    asked = world.sell(payee_id, 100)
    world.pay(asked)
    assert world.all_kept() == (0, 1, 0)
    world.spend_all(payee_id)
    refund = world.refund(asked, 1)
    assert (refund.fees_vnd, refund.seller_vnd, refund.debt_vnd) == (0, 0, 1)
    assert world.all_kept() == (0, 0, 0)
    assert world.balance_vnd(AccountKind.SELLER_DEBT, payee_id) == 0
    assert world.balance_vnd(AccountKind.PAYABLE, payee_id) == 0


def test_a_refund_gives_the_tax_back_in_proportion(payee_id: UUID) -> None:
    asked = world.sell(payee_id, 100_000)
    world.pay(asked)
    refund = world.refund(asked, 30_000)
    assert (refund.fees_vnd, refund.seller_vnd, refund.debt_vnd) == (450, 29_550, 0)
    assert world.all_kept() == (0, 700, 350)
    assert world.payable_vnd(payee_id) == 68_950
    fees = {fee.kind: (fee.charged_vnd, fee.returned_vnd) for fee in queries.of_request([asked.id])[asked.id]}
    assert fees == {Kind.VAT: (1_000, 300), Kind.INCOME_TAX: (500, 150)}


def test_many_small_refunds_give_back_exactly_all(payee_id: UUID) -> None:
    asked = world.sell(payee_id, 10_001)
    world.pay(asked)
    for _ in range(101):
        world.refund(asked, 99)
    world.refund(asked, 2)
    assert world.all_kept() == (0, 0, 0)
    assert world.payable_vnd(payee_id) == 0
    assert world.charged_and_back(asked, Kind.VAT) == (100, 100)


def test_a_refused_refund_leaves_the_tax_where_it_was(payee_id: UUID) -> None:
    asked = world.sell(payee_id, 100_000)
    world.pay(asked)
    world.end_refund(world.begin_refund(asked, 60_000), Event.REFUSED)
    assert world.all_kept() == (0, 1_000, 500)
    assert world.payable_vnd(payee_id) == 98_500


def test_refunds_that_end_in_another_order_leave_what_the_rules_ask(payee_id: UUID) -> None:
    asked = world.sell(payee_id, 199)
    world.pay(asked)
    first, second = world.begin_refund(asked, 99), world.begin_refund(asked, 99)
    world.end_refund(second, Event.DONE)
    assert world.kept(Kind.VAT) == 1  # of 100 đ
    world.end_refund(first, Event.REFUSED)
    assert world.kept(Kind.VAT) == 1


def test_money_that_came_back_from_the_payers_bank_is_taxed_again(payee_id: UUID) -> None:
    asked = world.sell(payee_id, 100_000)
    world.pay(asked)
    refund = world.refund(asked, 100_000)
    assert world.all_kept() == (0, 0, 0)
    world.end_refund(refund.id, Event.REFUSED)
    assert world.all_kept() == (0, 1_000, 500)
    assert world.payable_vnd(payee_id) == 98_500


def test_money_given_by_mistake_takes_its_tax_along(payee_id: UUID) -> None:
    asked = world.sell(payee_id, 100_000)
    mistaken = world.pay(asked, 40_000)
    world.pay(asked, 20_000)
    world.take_back(asked, mistaken, 40_000)
    assert world.all_kept() == (0, 200, 100)
    assert world.payable_vnd(payee_id) == 19_700
    world.pay(asked)
    assert world.all_kept() == (0, 1_000, 500)
    fees = {fee.kind: (fee.base_vnd, fee.charged_vnd, fee.returned_vnd) for fee in
            queries.of_request([asked.id])[asked.id]}  # fmt: skip
    assert fees == {Kind.VAT: (100_000, 1_000, 0), Kind.INCOME_TAX: (100_000, 500, 0)}


def test_what_was_refunded_in_part_is_not_taken_back_whole(
    payee_id: UUID, purpose: RememberingPurpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purpose, "may_undo", lambda _request: True, raising=False)
    asked = world.sell(payee_id, 100_000)
    mistaken = world.pay(asked, 40_000)
    whole = world.sell(payee_id, 100_000)
    all_of_it = world.pay(whole)
    world.pay(asked)
    for sold in (asked, whole):
        world.refund(sold, 30_000)
    with pytest.raises(MoneyBuiltUpon):
        world.take_back(whole, all_of_it, 100_000)
    assert world.all_kept() == (0, 1_400, 700)
    world.take_back(asked, mistaken, 40_000)  # 60,000 came for it then, of which 30,000 went back
    assert world.all_kept() == (0, 1_000, 500)
    world.pay(asked)
    assert world.all_kept() == (0, 1_400, 700)


def test_a_refund_after_a_rate_changed_gives_back_what_was_charged(payee_id: UUID) -> None:
    clock = FrozenClock(datetime(2026, 6, 30, 5, 0, tzinfo=UTC))
    world.set_rule(Kind.COMMISSION, 300, until=datetime(2026, 7, 1, tzinfo=UTC).date())
    world.set_rule(Kind.COMMISSION, 500, since=datetime(2026, 7, 1, tzinfo=UTC).date())
    asked = world.sell(payee_id, 100_000, clock=clock)
    world.pay(asked, clock=clock)
    clock.advance(days=10)
    world.refund(asked, 50_000, clock=clock)
    assert world.all_kept() == (1_500, 500, 250)


def test_the_totals_of_a_seller_count_returns_on_their_own_day(payee_id: UUID) -> None:
    clock = FrozenClock(datetime(2026, 10, 31, 5, 0, tzinfo=UTC))
    asked = world.sell(payee_id, 100_000, clock=clock)
    world.pay(asked, clock=clock)
    clock.advance(days=1)
    world.refund(asked, 10_000, clock=clock)
    first, second = datetime(2026, 10, 1, tzinfo=UTC).date(), datetime(2026, 11, 1, tzinfo=UTC).date()
    third = datetime(2026, 12, 1, tzinfo=UTC).date()
    told = {total.kind: (total.charged_vnd, total.returned_vnd) for total in queries.of_payee(payee_id, first, second)}
    assert told == {Kind.COMMISSION: (0, 0), Kind.VAT: (1_000, 0), Kind.INCOME_TAX: (500, 0)}
    told = {total.kind: (total.charged_vnd, total.returned_vnd) for total in queries.of_payee(payee_id, second, third)}
    assert told == {Kind.COMMISSION: (0, 0), Kind.VAT: (0, 100), Kind.INCOME_TAX: (0, 50)}
