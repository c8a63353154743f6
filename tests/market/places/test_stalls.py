"""Taking stalls, asking for amounts, and what the money makes of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import GUEST, SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db
from app.core.errors import AppError, Forbidden
from app.identity.roles import Role
from app.market.catalogue.errors import ShopMissing
from app.market.places import queries, services
from app.market.places.errors import (
    AmountOutOfRange,
    BadStallNumber,
    KeyReused,
    MarketExists,
    StallLeft,
    StallTaken,
)
from app.market.places.models import Market, Stall, StallSale
from app.payments.payees import queries as payees
from app.payments.requests import services as request_services
from app.payments.requests import views
from app.payments.requests.purposes import handler_of
from app.payments.vietqr.codec import decode
from tests.factories import households
from tests.factories.households import DAI_PHUC, TAN_CUONG
from tests.factories.market import Seller
from tests.fakes.clock import FrozenClock

from .conftest import ask, make_market, make_stall, pay, pay_static


def sales() -> list[StallSale]:
    return list(
        db.session.scalars(sa.select(StallSale).order_by(StallSale.id).execution_options(populate_existing=True))
    )


def test_a_stall_has_a_static_qr_that_names_the_shops_own_account(seller: Seller, stall: Stall) -> None:
    standing = queries.static_qr(stall)
    assert standing is not None
    read = decode(views.standing_vietqr_text(standing) or "")
    account = payees.active_account(seller.shop.payee_id)
    assert account is not None
    assert (read.account, read.amount_vnd, read.bill) == (payees.account_number(account), None, standing.code)


def test_taking_ones_own_stall_twice_keeps_it_and_its_sticker(seller: Seller, market: Market, stall: Stall) -> None:
    before = queries.static_qr(stall)
    again = make_stall(seller, market, " a-12 ")
    assert again.code == stall.code
    assert queries.static_qr(again) == before


def test_a_number_in_a_market_belongs_to_one_shop(neighbour: Seller, market: Market, stall: Stall) -> None:
    with pytest.raises(StallTaken):
        make_stall(neighbour, market, "A 12")
    elsewhere = make_stall(neighbour, make_market("Chợ Đồng Quang"), "A12")
    assert elsewhere.number == stall.number


def test_a_number_left_is_free_again(seller: Seller, neighbour: Seller, market: Market, stall: Stall) -> None:
    for _twice in range(2):
        services.leave_stall(actor=seller.actor, stall_id=stall.id, clock=SYSTEM_CLOCK)
    assert make_stall(neighbour, market, "A12").shop_id == neighbour.shop.id
    with pytest.raises(StallLeft):
        ask(seller, stall, 10_000)


@pytest.mark.parametrize("number", ["", "  ", "---", "B" * 13])
def test_a_stall_number_is_letters_and_digits(seller: Seller, market: Market, number: str) -> None:
    with pytest.raises(BadStallNumber):
        make_stall(seller, market, number)


def test_only_a_household_with_a_shop_takes_a_stall(app: Flask, market: Market) -> None:
    shopless = households.speaking_for(households.verified(clock=SYSTEM_CLOCK).id)
    with pytest.raises(ShopMissing):
        services.open_stall(actor=shopless, market_code=market.code, number="9", clock=SYSTEM_CLOCK)
    with pytest.raises(Forbidden):
        services.open_stall(actor=GUEST, market_code=market.code, number="9", clock=SYSTEM_CLOCK)


def test_a_market_is_noted_by_the_communes_officer_or_the_province(app: Flask, market: Market) -> None:
    def note(actor: Actor, name: str) -> None:
        services.add_market(
            actor=actor, name=name, commune_code=TAN_CUONG, meeting_rule="ngày 3 và 8", clock=SYSTEM_CLOCK
        )

    officer = Actor(roles=frozenset({Role.COMMUNE_OFFICER}), areas=frozenset({TAN_CUONG}))
    note(officer, "Chợ chiều")
    for stranger in (GUEST, Actor(roles=frozenset({Role.COMMUNE_OFFICER}), areas=frozenset({DAI_PHUC}))):
        with pytest.raises(Forbidden):
            note(stranger, "Chợ sáng")
    with pytest.raises(MarketExists):
        note(SYSTEM, "Chợ chiều")


def test_an_amount_asked_waits_fifteen_minutes_and_is_paid_once_the_money_is_there(
    seller: Seller, stall: Stall, clock: FrozenClock
) -> None:
    request = ask(seller, stall, 50_000, clock=clock)
    assert request.expires_at == clock.now() + timedelta(minutes=15)
    assert [sale.status for sale in sales()] == ["asked"]
    pay(request, clock=clock)
    (sale,) = sales()
    assert (sale.status, sale.standing, sale.amount_vnd) == ("paid", False, 50_000)
    assert sale.paid_at is not None


def test_part_of_the_money_is_not_a_sale_yet(seller: Seller, stall: Stall) -> None:
    request = ask(seller, stall, 50_000)
    pay(request, 20_000)
    assert [sale.status for sale in sales()] == ["asked"]
    pay(request)
    assert [sale.status for sale in sales()] == ["paid"]


def test_time_passes_and_the_sale_is_over(seller: Seller, stall: Stall, clock: FrozenClock) -> None:
    request = ask(seller, stall, 50_000, clock=clock)
    clock.advance(minutes=30)
    assert request_services.expire_due(clock=clock) == 1
    assert [sale.status for sale in sales()] == ["expired"]
    assert queries.request_of(sales()[0]).code == request.code


def test_the_static_qr_makes_a_sale_of_whatever_came(seller: Seller, stall: Stall) -> None:
    entered = ask(seller, stall, 50_000)
    came = pay_static(stall, 35_000)
    assert [(sale.standing, sale.status, sale.amount_vnd) for sale in sales()] == [
        (False, "asked", 50_000),
        (True, "paid", 35_000),
    ]
    assert queries.stall_of(entered).id == queries.stall_of(came).id == stall.id
    seen = handler_of(came).describe(came)
    assert seen.payee_name == "Chè nhà bà Lan, Chợ Tân Cương"
    assert seen.back_url == f"/sap/{stall.code}"


def test_one_key_makes_one_sale(seller: Seller, stall: Stall) -> None:
    first = ask(seller, stall, 50_000, key="bam-mot-lan")
    assert ask(seller, stall, 50_000, key="bam-mot-lan").code == first.code
    with pytest.raises(KeyReused):
        ask(seller, stall, 60_000, key="bam-mot-lan")
    assert len(sales()) == 1


def test_one_key_pressed_on_many_connections_makes_one_sale(app: Flask, seller: Seller, stall: Stall) -> None:
    def press(_number: int) -> str:
        with app.app_context(), acting_as(SYSTEM):
            return ask(seller, stall, 50_000, key="bam-nhieu-lan").code

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(press, range(12)))) == 1
    assert len(sales()) == 1


def test_one_stall_wanted_on_many_connections_is_one_stall(app: Flask, seller: Seller, market: Market) -> None:
    def press(_number: int) -> str:
        with app.app_context(), acting_as(SYSTEM):
            return make_stall(seller, market, "C3").code

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(press, range(12)))) == 1


@pytest.mark.parametrize("amount_vnd", [-1, 0, 10_000_000_001])
def test_amounts_have_limits(seller: Seller, stall: Stall, amount_vnd: int) -> None:
    with pytest.raises(AmountOutOfRange):
        ask(seller, stall, amount_vnd)


def test_only_the_stalls_household_may_ask_or_leave(neighbour: Seller, seller: Seller, stall: Stall) -> None:
    helper = Actor(roles=frozenset({Role.TEAM_MEMBER, Role.PROVINCE_OPERATOR}), areas=frozenset({"*"}))
    for stranger in (neighbour.actor, GUEST, helper):
        with pytest.raises(AppError) as refused:
            services.ask_amount(
                actor=stranger, stall_id=stall.id, amount_vnd=1_000, idempotency_key="k", clock=SYSTEM_CLOCK
            )
        assert isinstance(refused.value, Forbidden)
        with pytest.raises(Forbidden):
            services.leave_stall(actor=stranger, stall_id=stall.id, clock=SYSTEM_CLOCK)
    assert sales() == []
