"""What a set may ask beyond plain transfers: move what is there, leave closed accounts alone, fail by itself."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from app.core.database import transaction
from app.core.ids import uuid7
from app.payments.ledger import operations
from app.payments.ledger.errors import (
    AccountClosed,
    AccountInUse,
    DifferentContent,
    InvalidTransfer,
    LedgerError,
    NotPending,
    Overdraft,
)
from app.payments.ledger.models import Account, AccountKind, TransferKind
from app.payments.ledger.operations import Posted
from tests.payments.ledger.accounts import filled_account, hold, make_account, move, post, reread, resolve
from tests.payments.ledger.parallel import at_once

pytestmark = pytest.mark.usefixtures("app")


def balancing(source, target, amount_vnd, *, at):
    return replace(move(source, target, amount_vnd, at=at), balancing=True)


def post_each(*sets, clock):
    with transaction():
        return operations.post_each(sets, clock=clock)


def outcomes(answers):
    return [type(answer) if isinstance(answer, LedgerError) else "landed" for answer in answers]


@pytest.mark.parametrize(("asked", "moved"), [(60, 60), (100, 100), (101, 100), (5_000, 100)])
def test_a_balancing_transfer_moves_what_is_free(clock, asked, moved):
    source, target = filled_account(130, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    post(hold(source, target, 30, at=clock.now()), clock=clock)
    (posted,) = post(balancing(source, target, asked, at=clock.now()), clock=clock)
    assert posted.amount_vnd == moved
    assert (reread(source.id).balance_vnd, reread(target.id).balance_vnd) == (130 - moved, moved)


def test_a_balancing_transfer_from_an_empty_account_lands_and_moves_nothing(clock):
    source, target = make_account(AccountKind.RECEIVED, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    transfer = balancing(source, target, 50, at=clock.now())
    assert [one.amount_vnd for one in post(transfer, clock=clock)] == [0]
    assert [(one.created, one.amount_vnd) for one in post(transfer, clock=clock)] == [(False, 0)]


def test_a_repeated_balancing_transfer_tells_what_it_moved_then(clock):
    source, target = filled_account(100, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    transfer = balancing(source, target, 150, at=clock.now())
    post(transfer, clock=clock)
    post(move(target, source, 70, at=clock.now()), clock=clock)
    assert [(one.created, one.amount_vnd) for one in post(transfer, clock=clock)] == [(False, 100)]
    with pytest.raises(DifferentContent):
        post(replace(transfer, amount_vnd=100, balancing=False), clock=clock)


def test_a_debt_is_repaid_no_further_than_it_is_owed(clock):
    outside = make_account(AccountKind.OUTSIDE_CARD, clock=clock)
    payable, debt = make_account(AccountKind.PAYABLE, clock=clock), make_account(AccountKind.SELLER_DEBT, clock=clock)
    post(move(debt, outside, 40, at=clock.now()), move(outside, payable, 100, at=clock.now()), clock=clock)
    with pytest.raises(InvalidTransfer):
        post(move(payable, debt, 41, at=clock.now()), clock=clock)
    assert [one.amount_vnd for one in post(balancing(payable, debt, 90, at=clock.now()), clock=clock)] == [40]
    assert (reread(debt.id).balance_vnd, reread(payable.id).balance_vnd) == (0, 60)


def test_where_nothing_is_owed_a_balancing_repayment_lands_and_moves_nothing(clock):
    payable, debt = filled_account(100, clock=clock), make_account(AccountKind.SELLER_DEBT, clock=clock)
    assert [one.amount_vnd for one in post(balancing(payable, debt, 90, at=clock.now()), clock=clock)] == [0]
    assert (reread(debt.id).balance_vnd, reread(payable.id).balance_vnd) == (0, 100)


def test_what_a_reservation_will_repay_is_owed_no_more(clock):
    outside, debt = (make_account(kind, clock=clock) for kind in (AccountKind.OUTSIDE_CARD, AccountKind.SELLER_DEBT))
    payable = filled_account(100, clock=clock)
    post(move(debt, outside, 40, at=clock.now()), clock=clock)
    post(hold(payable, debt, 30, at=clock.now()), clock=clock)
    with pytest.raises(InvalidTransfer):
        post(move(payable, debt, 11, at=clock.now()), clock=clock)
    assert [one.amount_vnd for one in post(balancing(payable, debt, 90, at=clock.now()), clock=clock)] == [10]


def test_an_account_is_of_its_kind_and_its_owner_and_there_is_one_of_each(clock):
    kinds, owners = (AccountKind.PAYABLE, AccountKind.SELLER_DEBT), (str(uuid4()), str(uuid4()))
    made = {(kind, owner): make_account(kind, clock=clock, owner=owner) for kind in kinds for owner in owners}
    assert len({account.id for account in made.values()}) == 4
    for (kind, owner), account in made.items():
        assert (account.kind, account.owner_id, account.balance_vnd) == (kind, owner, 0)
        with transaction():
            assert operations.account_id(kind, owner, clock=clock) == account.id
        assert make_account(kind, clock=clock, owner=owner).id == account.id


def test_the_answer_names_each_transfer_and_what_it_moved(clock):
    source, target = filled_account(100, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    first, second = (move(source, target, amount_vnd, at=clock.now()) for amount_vnd in (10, 20))
    assert post(first, clock=clock) == [Posted(first.id, True, 10)]
    assert post(first, clock=clock) == [Posted(first.id, False, 10)]
    assert post(first, second, clock=clock) == [Posted(first.id, False, 10), Posted(second.id, True, 20)]
    assert reread(target.id).balance_vnd == 30


@pytest.mark.parametrize("purpose", [None, ("sale", uuid4())])
def test_a_repeat_is_for_the_same_purpose(clock, purpose):
    source, target = filled_account(100, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    transfer = replace(move(source, target, 10, at=clock.now()), purpose=purpose)
    assert [one.created for _twice in range(2) for one in post(transfer, clock=clock)] == [True, False]
    for other in (("sale", uuid4()), ("gift", purpose[1] if purpose else uuid4())):
        with pytest.raises(DifferentContent):
            post(replace(transfer, purpose=other), clock=clock)
    assert reread(target.id).balance_vnd == 10


def test_a_reservation_its_end_and_a_reversal_are_known_when_they_are_repeated(clock):
    source, target = filled_account(100, clock=clock), make_account(AccountKind.RECEIVED, clock=clock)
    held = hold(source, target, 10, at=clock.now(), expires_at=clock.now() + timedelta(days=1))
    end = resolve(held, TransferKind.POST_PENDING, 10, at=clock.now())
    back = replace(move(target, source, 10, at=clock.now()), reverses_id=end.id)
    for transfer in (held, end, back):
        assert [one.created for _twice in range(2) for one in post(transfer, clock=clock)] == [True, False]
    with pytest.raises(DifferentContent):
        post(replace(held, expires_at=None), clock=clock)
    assert (reread(source.id).balance_vnd, reread(source.id).pending_out_vnd) == (100, 0)


def test_a_repeated_reservation_of_all_there_is_is_known(clock):
    source, target = filled_account(100, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    held = hold(source, target, 100, at=clock.now())
    assert [one.created for _twice in range(2) for one in post(held, clock=clock)] == [True, False]
    assert reread(source.id).pending_out_vnd == 100


def test_who_looked_at_an_account_before_posting_sees_what_is_there_after(clock):
    source, target = filled_account(100, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    with transaction() as session:
        left, came = (session.get_one(Account, account.id) for account in (source, target))
        assert (left.balance_vnd, came.balance_vnd) == (100, 0)
        operations.post([move(source, target, 10, at=clock.now())], clock=clock)
        assert (left.balance_vnd, came.balance_vnd) == (90, 10)
        operations.post([hold(source, target, 20, at=clock.now())], clock=clock)
        assert (left.pending_out_vnd, came.pending_in_vnd) == (20, 20)


def test_a_closed_account_takes_part_in_nothing_new(clock):
    account, other = make_account(AccountKind.PAYABLE, clock=clock), filled_account(10, clock=clock)
    with transaction():
        operations.close_account(account.id, clock=clock)
    with pytest.raises(AccountClosed):
        post(move(other, account, 5, at=clock.now()), clock=clock)
    with pytest.raises(AccountClosed):
        post(hold(other, account, 5, at=clock.now()), clock=clock)


def test_an_account_with_money_or_promises_can_not_be_closed(clock):
    full, other = filled_account(10, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    post(hold(full, other, 10, at=clock.now()), clock=clock)
    for account in (full, other):
        with pytest.raises(AccountInUse), transaction():
            operations.close_account(account.id, clock=clock)


def test_a_reservation_past_its_time_is_not_posted_even_before_the_sweep(clock):
    source, target = filled_account(10, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    held = hold(source, target, 10, at=clock.now(), expires_at=clock.now())
    post(held, clock=clock)
    with pytest.raises(NotPending):
        post(resolve(held, TransferKind.POST_PENDING, 10, at=clock.now()), clock=clock)
    post(resolve(held, TransferKind.VOID_PENDING, 0, at=clock.now()), clock=clock)
    assert reread(source.id).pending_out_vnd == 0


def test_what_is_resolved_or_not_due_never_keeps_others_from_expiring(clock):
    """However few are looked at in one go, the longest overdue comes first."""
    source, target = filled_account(100, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    at = clock.now()
    later, resolved, sooner, not_due = (
        hold(source, target, amount_vnd, at=at, expires_at=at + timedelta(minutes=minutes))
        for amount_vnd, minutes in ((10, 3), (20, 1), (30, 2), (40, 9))
    )
    post(later, resolved, sooner, not_due, clock=clock)
    post(resolve(resolved, TransferKind.VOID_PENDING, 0, at=at), clock=clock)
    clock.advance(minutes=3)
    left_vnd = []
    for _go in range(3):
        with transaction():
            released = operations.expire_due(clock=clock, limit=1)
        left_vnd.append((released, reread(source.id).pending_out_vnd))
    assert left_vnd == [(1, 50), (1, 40), (0, 40)]
    assert reread(source.id).balance_vnd == 100


def test_an_id_from_the_future_is_refused(clock):
    source, target = filled_account(10, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    with pytest.raises(InvalidTransfer, match="future"):
        post(move(source, target, 5, at=clock.now(), id=uuid7(4_102_444_800_000)), clock=clock)


@pytest.mark.parametrize("days", [0.9, 1.1])
def test_a_clock_may_be_ahead_by_a_day(clock, days):
    source, target = filled_account(10, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    ahead = move(source, target, 5, at=clock.now(), id=uuid7(int((time.time() + days * 86_400) * 1000)))
    if days < 1:
        assert [one.created for one in post(ahead, clock=clock)] == [True]
    else:
        with pytest.raises(InvalidTransfer):
            post(ahead, clock=clock)


@pytest.mark.parametrize("amount_vnd", [0, -1])
@pytest.mark.parametrize("balanced", [False, True])
def test_nothing_and_less_is_no_amount(clock, amount_vnd, balanced):
    source, target = filled_account(10, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    for make in (move, hold):
        with pytest.raises(InvalidTransfer):
            post(replace(make(source, target, amount_vnd, at=clock.now()), balancing=balanced), clock=clock)


@pytest.mark.parametrize("second", [TransferKind.POST_PENDING, TransferKind.VOID_PENDING])
def test_a_reservation_has_one_end_also_within_one_set(clock, second):
    source, target = filled_account(100, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    held, now = hold(source, target, 40, at=clock.now()), clock.now()
    other = hold(source, target, 50, at=now)
    post(held, other, clock=clock)
    ends = [resolve(held, TransferKind.POST_PENDING, 40, at=now)]
    ends.append(resolve(held, second, 40 if second is TransferKind.POST_PENDING else 0, at=now))
    assert outcomes(post_each(ends, clock=clock)) == [NotPending]
    after = reread(source.id)
    assert (after.balance_vnd, after.pending_out_vnd) == (100, 90)


def test_each_set_lands_or_is_refused_by_itself_as_if_posted_alone(clock):
    source = filled_account(100, clock=clock)
    first, second = (make_account(AccountKind.RECEIVED, clock=clock) for _one in range(2))
    now = clock.now()
    repeat = move(source, first, 30, at=now)
    answers = post_each(
        [repeat],
        [move(source, first, 60, at=now), move(source, second, 60, at=now)],  # not covered: nothing of it
        [move(source, second, 70, at=now)],
        [repeat],
        [move(first, second, 30, at=now), move(second, first, 100, at=now)],
        [replace(repeat, amount_vnd=1)],
        [move(source, first, 1, at=now)],
        clock=clock,
    )
    assert outcomes(answers) == ["landed", Overdraft, "landed", "landed", "landed", DifferentContent, Overdraft]
    assert [one.created for one in answers[3]] == [False]
    assert [reread(account.id).balance_vnd for account in (source, first, second)] == [0, 100, 0]


def test_a_refused_set_leaves_what_the_others_did_as_they_did_it(clock):
    source, empty = filled_account(100, clock=clock), filled_account(0, clock=clock)
    first, second = (make_account(AccountKind.PAYABLE, clock=clock) for _one in range(2))
    now = clock.now()
    answers = post_each(
        [move(source, first, 10, at=now)],
        [move(source, first, 20, at=now), move(source, second, 5, at=now), move(empty, second, 1, at=now)],
        [hold(source, second, 7, at=now), move(empty, first, 1, at=now)],
        clock=clock,
    )
    assert outcomes(answers) == ["landed", Overdraft, Overdraft]
    answers = post_each([move(source, first, 1, at=now)], [move(empty, second, 1, at=now)], clock=clock)
    assert outcomes(answers) == ["landed", Overdraft]
    answers = post_each([move(empty, second, 1, at=now)], [move(source, first, 1, at=now)], clock=clock)
    assert outcomes(answers) == [Overdraft, "landed"]
    assert [reread(one.id).balance_vnd for one in (source, first, second)] == [88, 12, 0]
    assert (reread(source.id).pending_out_vnd, reread(second.id).pending_in_vnd) == (0, 0)


def test_a_refused_end_of_a_reservation_leaves_it_to_the_next_set(clock):
    source, target = filled_account(100, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    held, now = hold(source, target, 80, at=clock.now()), clock.now()
    post(held, clock=clock)
    answers = post_each(
        [resolve(held, TransferKind.POST_PENDING, 80, at=now), move(source, target, 50, at=now)],
        [resolve(held, TransferKind.POST_PENDING, 60, at=now)],
        [resolve(held, TransferKind.VOID_PENDING, 0, at=now)],
        clock=clock,
    )
    assert outcomes(answers) == [Overdraft, "landed", NotPending]
    after = reread(source.id)
    assert (after.balance_vnd, after.pending_out_vnd) == (40, 0)


def test_a_repeat_is_known_even_when_the_money_is_spent_since(clock):
    source, target = filled_account(100, clock=clock), make_account(AccountKind.PAYABLE, clock=clock)
    transfer = move(source, target, 100, at=clock.now())
    post(transfer, clock=clock)
    assert [one.created for one in post(transfer, clock=clock)] == [False]


def test_crowds_posting_to_one_account_in_groups_agree_with_its_balance(app, clock):
    outside, hot = make_account(AccountKind.OUTSIDE_BANK, clock=clock), make_account(AccountKind.RECEIVED, clock=clock)

    def crowd():
        return post_each(*([move(outside, hot, 3, at=clock.now())] for _one in range(40)), clock=clock)

    answers = at_once(app, [crowd] * 6)
    assert [outcomes(answer) for answer in answers] == [["landed"] * 40] * 6
    assert reread(hot.id).balance_vnd == 6 * 40 * 3
