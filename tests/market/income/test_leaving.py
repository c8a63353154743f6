"""A household that asks to be forgotten while money of its shop is under way: not before that has come to rest."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK
from app.households.own import services
from app.households.own.errors import MoneyWaits
from app.households.registry.models import Purpose
from app.identity.roles import Role
from app.payments.cards.gateway import RefundWord
from app.payments.payouts.states import Event
from tests.factories.households import an_officer, speaking_for
from tests.factories.people import actor_for, make_user
from tests.market.income.conftest import Selling
from tests.market.orders.conftest import buy, pay, request_of
from tests.payments.overview.test_flows import Generous
from tests.payments.payouts.world import by_hand
from tests.payments.refunds.world import again, ask


class Slow(Generous):
    """A gateway that gives back later."""

    def refund(self, *, refund_id: UUID, intent_id: str, amount_vnd: int) -> RefundWord:
        return RefundWord(f"re_{refund_id}", "pending", amount_vnd, refund_id, None, intent_id)


def own(selling: Selling) -> Actor:
    return speaking_for(selling.seller.shop.household_id)


def asked(selling: Selling) -> UUID:
    return services.ask_erasure(actor=own(selling), request_id=uuid4(), clock=SYSTEM_CLOCK).id


def refused(request_id: UUID) -> str:
    """Why an officer can't erase it yet."""
    with pytest.raises(MoneyWaits) as told:
        services.erase(actor=an_officer(), request_id=request_id, clock=SYSTEM_CLOCK)
    return str(told.value.message)


def erase(request_id: UUID) -> None:
    services.erase(actor=an_officer(), request_id=request_id, clock=SYSTEM_CLOCK)


def test_an_order_that_waits_for_its_money(selling: Selling) -> None:
    order = request_of(buy([(selling.product, 1)], clock=SYSTEM_CLOCK))
    request_id = asked(selling)
    assert "1 đơn hoặc khoản ủng hộ đang chờ tiền về" in refused(request_id)
    pay(order, clock=SYSTEM_CLOCK)
    erase(request_id)


def test_what_we_hold_for_the_household_until_the_bank_says_it_arrived(selling: Selling) -> None:
    selling.by_card()
    request_id = asked(selling)
    assert "chưa chuyển về tài khoản nhà mình" in refused(request_id)
    payout = selling.batch()
    assert "tài khoản nhà mình" in refused(request_id)
    by_hand(payout, Event.CONFIRMED, actor_for(make_user(role=Role.FINANCE)), "Ngân hàng báo")
    erase(request_id)


def test_a_payout_that_came_back_is_owed_again(selling: Selling) -> None:
    selling.by_card()
    request_id = asked(selling)
    selling.paid_out(event=Event.RETURNED, reason="Sai số tài khoản")
    assert "chưa chuyển về tài khoản nhà mình" in refused(request_id)


def test_money_on_its_way_back_to_a_buyer(selling: Selling) -> None:
    sold = selling.by_card(2)
    selling.paid_out()
    selling.by_card(4)
    refund = ask(sold, 200_000, through=Slow())
    assert again(refund).status not in ("done", "failed")
    request_id = asked(selling)
    assert "1 khoản đang hoàn lại cho người mua" in refused(request_id)


def test_a_debt_to_us_until_later_sales_repaid_it(selling: Selling) -> None:
    sold = selling.by_card()
    selling.paid_out()
    selling.give_back(sold, 100_000)
    request_id = asked(selling)
    assert "còn thiếu" in refused(request_id)
    services.take_back_erasure(actor=own(selling), clock=SYSTEM_CLOCK)
    services.set_consent(actor=own(selling), purpose=Purpose.SELLING, given=True, clock=SYSTEM_CLOCK)
    selling.by_card(5)
    selling.paid_out()
    erase(asked(selling))


def test_the_officer_is_told_all_reasons_at_once(selling: Selling) -> None:
    selling.by_card()
    request_of(buy([(selling.product, 1)], clock=SYSTEM_CLOCK))
    words = refused(asked(selling))
    assert "đang chờ tiền về" in words
    assert "chưa chuyển về" in words
