"""A mistake is taken back whole, once, by a new transfer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.database import transaction
from app.core.ids import uuid7
from app.payments.ledger import operations
from app.payments.ledger.errors import InvalidTransfer, NotPending
from app.payments.ledger.models import AccountKind, Transfer
from tests.payments.ledger.accounts import filled_account, make_account, move, post, reread

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def moved(clock):
    """300 đồng that went from one account with 1,000 to an empty one."""
    source = filled_account(1_000, clock=clock)
    target = make_account(AccountKind.RECEIVED, clock=clock)
    transfer = move(source, target, 300, at=clock.now())
    post(transfer, clock=clock)
    return transfer


def take_back(transfer_id, clock):
    with transaction():
        return operations.reverse(transfer_id, new_id=uuid7(), event_at=clock.now(), clock=clock)


def test_a_reversal_leaves_both_accounts_as_before(moved, clock):
    take_back(moved.id, clock)
    assert reread(moved.from_account_id).balance_vnd == 1_000
    assert reread(moved.to_account_id).balance_vnd == 0


def test_a_transfer_is_taken_back_once(moved, clock):
    take_back(moved.id, clock)
    with pytest.raises(NotPending):
        take_back(moved.id, clock)


def test_a_reversal_is_not_reversed(moved, clock):
    back = take_back(moved.id, clock)
    with pytest.raises(InvalidTransfer):
        take_back(back.id, clock)


@pytest.mark.parametrize("purpose", [None, ("sale", uuid7())])
def test_a_reversal_is_for_what_the_transfer_was_for(clock, purpose):
    source, target = filled_account(100, clock=clock), make_account(AccountKind.RECEIVED, clock=clock)
    transfer = replace(move(source, target, 30, at=clock.now()), purpose=purpose)
    post(transfer, clock=clock)
    back = take_back(transfer.id, clock)
    with transaction() as session:
        written = session.get_one(Transfer, back.id)
        assert (written.purpose_kind, written.purpose_id) == (purpose or (None, None))
        assert (written.reverses_id, written.amount_vnd) == (transfer.id, 30)


@pytest.mark.parametrize("change", [{"amount_vnd": 299}, {"amount_vnd": 1}, {"balancing": True}])
def test_a_part_is_no_reversal(moved, clock, change):
    mirrored = replace(
        moved,
        id=uuid7(),
        from_account_id=moved.to_account_id,
        to_account_id=moved.from_account_id,
        reverses_id=moved.id,
        **change,
    )
    with pytest.raises(InvalidTransfer):
        post(mirrored, clock=clock)


def test_the_same_direction_is_no_reversal(moved, clock):
    with pytest.raises(InvalidTransfer):
        post(replace(moved, id=uuid7(), reverses_id=moved.id), clock=clock)
