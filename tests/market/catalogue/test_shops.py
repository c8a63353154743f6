"""Who may open a shop, and for whom."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core.audit import AuditEvent
from app.core.database import db
from app.core.errors import AppError, Forbidden, NotFound
from app.households.registry import services as registry
from app.households.registry.models import How, Purpose
from app.households.registry.people import SalesAccount
from app.market.catalogue import queries, services
from app.market.catalogue.errors import HouseholdNotVerified, SalesAccountMissing, SellingConsentMissing, ShopExists
from app.payments.payees import queries as payees
from tests.factories import households

ACCOUNT = SalesAccount("970436", "0011223344", "NGUYEN THI THU")


def test_a_verified_household_opens_its_shop_and_is_paid_at_its_own_account(app, clock):
    home = households.verified(clock=clock)
    shop = services.open_shop(
        actor=households.speaking_for(home.id), household_id=home.id, name="  Chè   nhà Lan ", clock=clock
    )
    assert (shop.name, shop.commune_code, shop.status) == ("Chè nhà Lan", home.commune_code, "open")
    assert shop.code.startswith("GH")
    account = payees.active_account(shop.payee_id)
    assert account is not None and account.bin == "970415"
    acts = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.subject_id == shop.id)).all()
    assert acts == ["shop.opened"]


def test_an_account_told_now_goes_before_the_one_told_at_registration(app, clock):
    home = households.verified(clock=clock)
    shop = services.open_shop(
        actor=households.speaking_for(home.id), household_id=home.id, name="Chè Lan", account=ACCOUNT, clock=clock
    )
    account = payees.active_account(shop.payee_id)
    assert account is not None and payees.account_number(account) == "0011223344"


def test_without_any_account_there_is_no_shop(app, clock):
    home = households.verified(clock=clock, sales_account=None)
    with pytest.raises(SalesAccountMissing):
        services.open_shop(actor=households.speaking_for(home.id), household_id=home.id, name="Chè Lan", clock=clock)


def test_a_household_that_waits_for_approval_has_to_wait(app, clock):
    home = households.register(clock=clock)
    with pytest.raises(HouseholdNotVerified):
        services.open_shop(actor=households.speaking_for(home.id), household_id=home.id, name="Chè Lan", clock=clock)


def test_nobody_opens_a_shop_for_a_household_that_took_its_consent_back(app, clock):
    home = households.verified(clock=clock)
    actor = households.speaking_for(home.id)
    registry.record_consent(
        actor=actor, household_id=home.id, purpose=Purpose.SELLING, given=False, how=How.ONLINE, clock=clock
    )
    with pytest.raises(SellingConsentMissing):
        services.open_shop(actor=actor, household_id=home.id, name="Chè Lan", clock=clock)


def test_a_team_member_helps_in_their_own_hamlet_only(app, clock):
    home = households.verified(clock=clock)
    stranger = households.a_team_member(f"{households.DAI_PHUC}-01")
    with pytest.raises((NotFound, Forbidden)):
        services.open_shop(actor=stranger, household_id=home.id, name="Chè Lan", clock=clock)
    shop = services.open_shop(
        actor=households.a_team_member(home.hamlet_code), household_id=home.id, name="Chè Lan", clock=clock
    )
    assert queries.shop_of(home.id) == shop


def test_another_household_cannot_open_ours(app, clock):
    home, other = households.verified(clock=clock), households.verified(clock=clock)
    with pytest.raises(AppError) as refused:
        services.open_shop(actor=households.speaking_for(other.id), household_id=home.id, name="Chè Lan", clock=clock)
    assert refused.value.status in (403, 404)
    assert queries.shop_of(home.id) is None


def test_a_household_has_one_shop(seller, clock):
    with pytest.raises(ShopExists):
        services.open_shop(actor=seller.actor, household_id=seller.shop.household_id, name="Thứ hai", clock=clock)


def test_only_the_owner_closes_the_shop(seller, neighbour, clock):
    with pytest.raises(Forbidden):
        services.set_shop_open(actor=neighbour.actor, shop_id=seller.shop.id, is_open=False, clock=clock)
    services.set_shop_open(actor=seller.actor, shop_id=seller.shop.id, is_open=False, clock=clock)
    assert not queries.shop_by_code(seller.shop.code).is_open
