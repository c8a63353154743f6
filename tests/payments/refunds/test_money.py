"""To the đồng: from where a refund's money comes, and to where it goes when it comes back."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.core.ids import uuid7
from app.payments.fees.models import FeeReturn, Supply
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind
from app.payments.refunds.models import Refund
from app.payments.refunds.states import Event
from app.payments.requests.models import PaymentRequest
from tests.payments.fees import world
from tests.payments.refunds.world import RefundHearingPurpose, debt_vnd, owed_vnd


@pytest.fixture
def taxed(purpose: RefundHearingPurpose) -> RefundHearingPurpose:
    """One per cent and a half per cent are kept back of what is sold."""
    purpose.supply = Supply.GOODS
    return purpose


def sold(payee_id: UUID, amount_vnd: int) -> PaymentRequest:
    asked = world.sell(payee_id, amount_vnd)
    world.pay(asked)
    return asked


def keep_only(payee_id: UUID, amount_vnd: int) -> None:
    """All but so much of what we hold for the seller lies elsewhere."""
    with transaction():
        payable = ledger.open_account(AccountKind.PAYABLE, str(payee_id), clock=SYSTEM_CLOCK)
        other = ledger.open_account(AccountKind.PAYABLE, str(uuid7()), clock=SYSTEM_CLOCK)
        away = ledger.NewTransfer(
            id=uuid7(),
            from_account_id=payable.id,
            to_account_id=other.id,
            amount_vnd=(payable.balance_vnd or 0) - amount_vnd,
            event_at=SYSTEM_CLOCK.now(),
        )
        ledger.post([away], clock=SYSTEM_CLOCK)


def parts(refund_id: UUID) -> tuple[int, int, int]:
    """From fees, from the seller, as the seller's debt."""
    db.session.rollback()
    refund = db.session.get_one(Refund, refund_id, populate_existing=True)
    return refund.fees_vnd, refund.seller_vnd, refund.debt_vnd


@pytest.mark.parametrize("free_vnd", [0, 1, 9_999, 10_000, 10_001])
def test_the_seller_gives_what_is_free_and_owes_only_the_rest(payee_id: UUID, free_vnd: int) -> None:
    asked = sold(payee_id, 50_000)
    keep_only(payee_id, free_vnd)
    refund_id = world.begin_refund(asked, 10_000)
    given_vnd = min(free_vnd, 10_000)
    assert parts(refund_id) == (0, given_vnd, 10_000 - given_vnd)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (free_vnd, 0)
    world.end_refund(refund_id, Event.DONE)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (free_vnd - given_vnd, 10_000 - given_vnd)


def test_what_rounding_gives_the_seller_repays_that_much_of_the_refunds_debt_and_no_more(
    taxed: RefundHearingPurpose, payee_id: UUID
) -> None:
    asked = sold(payee_id, 999)
    assert world.all_kept() == (0, 9, 4)
    keep_only(payee_id, 0)
    world.refund(asked, 100)
    assert (world.all_kept(), debt_vnd(payee_id)) == ((0, 8, 4), 99)
    refund_id = world.begin_refund(asked, 100)
    assert parts(refund_id) == (1, 0, 99)
    with transaction():  # from elsewhere, so that no sale repays the debt
        other = ledger.open_account(AccountKind.OUTSIDE_BANK, "collection", clock=SYSTEM_CLOCK)
        payable = ledger.open_account(AccountKind.PAYABLE, str(payee_id), clock=SYSTEM_CLOCK)
        more = ledger.NewTransfer(
            id=uuid7(), from_account_id=other.id, to_account_id=payable.id, amount_vnd=5_000,
            event_at=SYSTEM_CLOCK.now(),
        )  # fmt: skip
        ledger.post([more], clock=SYSTEM_CLOCK)
    world.end_refund(refund_id, Event.DONE)
    assert world.all_kept() == (0, 7, 3)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (5_000, 99 + 99 - 1)


def test_what_comes_back_is_taxed_out_of_itself(taxed: RefundHearingPurpose, payee_id: UUID) -> None:
    asked = sold(payee_id, 100_000)
    refund = world.refund(asked, 100_000)
    assert (refund.fees_vnd, refund.seller_vnd, refund.debt_vnd) == (1_500, 98_500, 0)
    world.end_refund(refund.id, Event.REFUSED)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (98_500, 0)
    db.session.rollback()
    told = db.session.execute(sa.select(FeeReturn.refund_id, FeeReturn.amount_vnd).order_by(FeeReturn.amount_vnd)).all()
    assert [tuple(row) for row in told] == [(refund.id, vnd) for vnd in (-1_000, -500, 500, 1_000)]


def test_of_what_comes_back_only_the_debt_it_made_is_repaid(taxed: RefundHearingPurpose, payee_id: UUID) -> None:
    first, second = sold(payee_id, 100_000), sold(payee_id, 100_000)
    keep_only(payee_id, 40_000)
    free = world.refund(first, 30_000)
    owing = world.refund(second, 100_000)
    assert (free.fees_vnd, free.seller_vnd, free.debt_vnd) == (450, 29_550, 0)
    assert (owing.fees_vnd, owing.seller_vnd, owing.debt_vnd) == (1_500, 10_450, 88_050)
    world.end_refund(free.id, Event.REFUSED)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (29_550, 88_050)
    world.end_refund(owing.id, Event.REFUSED)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (29_550 + 98_500 - 88_050, 0)


def test_a_refused_refund_frees_every_part_it_held(taxed: RefundHearingPurpose, payee_id: UUID) -> None:
    asked = sold(payee_id, 100_000)
    keep_only(payee_id, 60_000)
    refund_id = world.begin_refund(asked, 100_000)
    assert parts(refund_id) == (1_500, 60_000, 38_500)
    world.end_refund(refund_id, Event.REFUSED)
    assert (owed_vnd(payee_id), debt_vnd(payee_id), world.all_kept()) == (60_000, 0, (0, 1_000, 500))
    again = world.begin_refund(asked, 100_000)
    assert parts(again) == (1_500, 60_000, 38_500)
