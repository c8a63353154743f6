"""When the way back to the card is closed: a bank transfer, made by one person and confirmed by another."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.core.actor import Actor
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.identity.roles import Role
from app.payments.cards.gateway import GatewayRefused, RefundWord
from app.payments.ledger.models import AccountKind
from app.payments.refunds import operations, services
from app.payments.refunds.errors import KeyReused, NotRefundable, SecondPersonNeeded, SenderCantTakeBack, TooLate
from app.payments.refunds.models import Refund
from app.payments.refunds.operations import Line, PayerAccount
from app.payments.requests.models import PaymentRequest
from tests.factories.people import make_user, sign_in
from tests.payments.cards.world import payment_of
from tests.payments.ledger.parallel import at_once
from tests.payments.payouts.world import pay_out
from tests.payments.refunds.world import ACCOUNT, again, ask, balance_vnd, by_transfer, debt_vnd, owed_vnd, sums


class ClosedCard:
    """A gateway whose card was closed by its bank."""

    def refund(self, **_asked: object) -> RefundWord:
        raise GatewayRefused("CardError 402 expired_or_canceled_card")


@pytest.fixture
def refused(paid: PaymentRequest, finance: Actor) -> Refund:
    """A refund of 20,000 đ that the gateway refused."""
    return ask(paid, 20_000, actor=finance, through=ClosedCard())


def sent(refund: Refund, actor: Actor, reference: str = "FT26328001") -> Refund:
    return services.mark_sent(refund.id, bank_reference=reference, actor=actor, clock=SYSTEM_CLOCK)


def acts(refund: Refund) -> list[str]:
    db.session.rollback()
    return list(
        db.session.scalars(
            sa.select(AuditEvent.action).where(AuditEvent.subject_id == refund.id).order_by(AuditEvent.id)
        )
    )


def test_a_refused_refund_lets_go_of_the_money(refused, paid, payee_id, purpose):
    assert (refused.status, refused.failure_code) == ("refused", "CardError 402 expired_or_canceled_card")
    assert sums(paid) == ("paid", 0, 0)
    assert owed_vnd(payee_id) == 50_000
    assert purpose.refunded == []


def test_the_gateway_itself_refuses_what_it_gave_back_already(stripe_wire, paid):
    intent_id = payment_of(paid).intent_id
    assert stripe_wire.http.post("/stripe/v1/refunds", data={"payment_intent": intent_id}).status_code == 200
    refund = ask(paid)
    assert refund.status == "refused"
    assert "charge_already_refunded" in (refund.failure_code or "")


@pytest.mark.parametrize("code", ["charge_already_refunded", "charge_disputed"])
def test_money_that_went_back_otherwise_is_not_sent_by_transfer_too(client, stripe_wire, paid, finance, code):
    class Done:
        """A gateway that has given the money back, or lets a bank decide about it."""

        def refund(self, **_asked: object) -> RefundWord:
            raise GatewayRefused(f"InvalidRequestError 400 {code}")

    refused = ask(paid, 20_000, actor=finance, through=Done())
    with pytest.raises(NotRefundable, match="đã về thẻ"):
        by_transfer(refused, actor=finance)
    assert sums(paid) == ("paid", 0, 0)
    sign_in(client, make_user(role=Role.FINANCE))
    page = client.get(f"/dieu-hanh/hoan-tien/{refused.id}").text
    assert "Tiền đã về thẻ theo đường khác" in page
    assert "chuyen-khoan" not in page


def test_a_transfer_in_its_place_is_sent_by_a_second_person(refused, paid, payee_id, purpose, finance, colleague):
    waiting = by_transfer(refused, actor=finance)
    assert (waiting.status, waiting.amount_vnd, waiting.instead_of_id) == ("waiting", 20_000, refused.id)
    assert sums(paid) == ("paid", 20_000, 0)
    with pytest.raises(SecondPersonNeeded):
        sent(waiting, finance)
    assert sent(waiting, colleague).status == "succeeded"
    assert sums(paid) == ("paid", 0, 20_000)
    assert balance_vnd(AccountKind.OUTSIDE_PAYER, "bank") == 20_000
    assert owed_vnd(payee_id) == 30_000
    assert purpose.refunded == [(20_000, False, ())]
    assert acts(waiting) == ["refund_asked", "refund_sent"]


def test_marking_it_sent_twice_changes_nothing_and_otherwise_is_too_late(refused, paid, finance, colleague):
    waiting = by_transfer(refused, actor=finance)
    sent(waiting, colleague)
    assert sent(waiting, colleague).status == "succeeded"
    with pytest.raises(TooLate):
        sent(waiting, colleague, "FT-khac")
    with pytest.raises(TooLate):
        services.withdraw(waiting.id, actor=finance, clock=SYSTEM_CLOCK)
    assert sums(paid) == ("paid", 0, 20_000)


def test_the_database_itself_wants_two_people(refused, finance):
    waiting = by_transfer(refused, actor=finance)
    alone = {"status": "succeeded", "sent_by": finance.user_id, "bank_reference": "FT1", "finished_at": sa.func.now()}
    with pytest.raises(IntegrityError, match="ck_refund_four_eyes"), transaction() as session:
        session.execute(sa.update(Refund).where(Refund.id == waiting.id).values(**alone))


def test_one_transfer_stands_for_a_refused_refund_however_often_it_is_chosen(app: Flask, refused, paid, finance):
    works = [lambda: by_transfer(refused, actor=finance)] * 8
    answers = at_once(app, works)
    [made] = [answer for answer in answers if isinstance(answer, Refund)]
    assert sum(isinstance(answer, TooLate) for answer in answers) == 7
    assert sums(paid) == ("paid", 20_000, 0)
    with pytest.raises(TooLate):
        by_transfer(made, actor=finance)


def test_one_key_chosen_at_once_for_two_refused_refunds_sends_one(app: Flask, pay, refused, paid, finance):
    other = pay(50_000)
    second = ask(other, 20_000, actor=finance, through=ClosedCard())
    works = [partial(by_transfer, refund, actor=finance, key="mot") for refund in (refused, second) * 8]
    answers = at_once(app, works)
    done = [answer for answer in answers if isinstance(answer, Refund)]
    assert len({answer.id for answer in done}) == 1
    assert {type(answer) for answer in answers if answer not in done} == {KeyReused}
    assert sums(paid)[1] + sums(other)[1] == 20_000


def test_a_transfer_gives_back_the_same_lines_as_the_refund_it_stands_for(paid, purpose, finance, colleague):
    lines = [Line("SP1", 2, 15_000), Line("SP2", 1, 5_000)]
    sent(by_transfer(ask(paid, 20_000, actor=finance, lines=lines, through=ClosedCard()), actor=finance), colleague)
    told = (
        {"line": "SP1", "quantity": 2, "amount_vnd": 15_000},
        {"line": "SP2", "quantity": 1, "amount_vnd": 5_000},
    )
    assert purpose.refunded == [(20_000, False, told)]


def test_the_same_key_is_the_same_transfer_and_no_other(refused, finance):
    first = by_transfer(refused, actor=finance, key="mot")
    assert by_transfer(refused, actor=finance, key="mot").id == first.id
    with pytest.raises(KeyReused):
        by_transfer(refused, actor=finance, key="mot", account=PayerAccount("970436", "999", "KHAC"))


def test_a_transfer_given_up_frees_the_money_and_may_be_chosen_again(refused, paid, payee_id: UUID, finance):
    waiting = by_transfer(refused, actor=finance)
    services.withdraw(waiting.id, actor=finance, clock=SYSTEM_CLOCK)
    assert (again(waiting).status, sums(paid), owed_vnd(payee_id)) == ("cancelled", ("paid", 0, 0), 50_000)
    assert acts(waiting) == ["refund_asked", "refund_cancelled"]
    assert by_transfer(refused, actor=finance).status == "waiting"


def came_back(refund: Refund, actor: Actor, reason: str = "Tài khoản đã đóng") -> Refund:
    return services.came_back(refund.id, reason=reason, actor=actor, clock=SYSTEM_CLOCK)


def test_a_transfer_that_came_back_is_the_sellers_again_and_may_be_sent_anew(
    refused, paid, payee_id, purpose, finance, colleague
):
    waiting = by_transfer(refused, actor=finance)
    with pytest.raises(TooLate):
        came_back(waiting, finance)
    sent(waiting, colleague)
    with pytest.raises(SenderCantTakeBack):
        came_back(waiting, colleague)
    with pytest.raises(TooLate):
        came_back(refused, finance)
    for _twice in range(2):
        assert came_back(waiting, finance).status == "cancelled"
    with pytest.raises(TooLate):
        came_back(waiting, finance, "Lý do khác")
    assert (sums(paid), owed_vnd(payee_id)) == (("paid", 0, 0), 50_000)
    assert balance_vnd(AccountKind.OUTSIDE_PAYER, "bank") == 0
    assert acts(waiting) == ["refund_asked", "refund_sent", "refund_came_back"]
    assert (again(waiting).bank_reference, again(waiting).sent_by) == ("FT26328001", colleague.user_id)
    anew = by_transfer(refused, actor=finance)
    sent(anew, colleague, "FT26328002")
    assert (sums(paid), owed_vnd(payee_id)) == (("paid", 0, 20_000), 30_000)


def test_a_whole_refund_that_came_back_leaves_the_request_paid_and_pays_the_debt(
    paid, payee_id, purpose, finance, colleague
):
    pay_out(30_000)
    waiting = by_transfer(ask(paid, actor=finance, through=ClosedCard()), actor=finance)
    sent(waiting, colleague)
    assert (sums(paid), debt_vnd(payee_id)) == (("refunded", 0, 50_000), 30_000)
    came_back(waiting, finance)
    assert (sums(paid), owed_vnd(payee_id), debt_vnd(payee_id)) == (("paid", 0, 0), 20_000, 0)


def test_eight_who_write_down_at_once_that_it_came_back_move_it_once(
    app: Flask, refused, paid, payee_id, finance, colleague
):
    waiting = by_transfer(refused, actor=finance)
    sent(waiting, colleague)
    answers = at_once(app, [partial(came_back, waiting, finance, f"Lý do {n}") for n in range(8)])
    assert sum(isinstance(answer, Refund) for answer in answers) == 1
    assert (sums(paid), owed_vnd(payee_id)) == (("paid", 0, 0), 50_000)


WORD = {"came_back_reason": "x", "came_back_by": "finance"}


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("succeeded", {"status": "cancelled"}, "ck_refund_sent|did not come back"),
        ("succeeded", {"status": "refused", "sent_by": None, "bank_reference": None}, "ck_refund_transfer|is over"),
        ("succeeded", {"status": "waiting", "sent_by": None, "bank_reference": None, "finished_at": None}, "is over"),
        ("succeeded", {"status": "cancelled", "sent_by": None, "bank_reference": None}, "did not come back"),
        ("succeeded", {"status": "cancelled", "came_back_reason": "x"}, "ck_refund_"),
        ("succeeded", WORD, "ck_refund_came_back"),
        ("succeeded", {**WORD, "status": "cancelled", "came_back_by": "sender"}, "ck_refund_came_back_four_eyes"),
        ("waiting", {**WORD, "status": "cancelled"}, "ck_refund_sent"),
        ("waiting", {**WORD, "status": "cancelled", "sent_by": "sender", "bank_reference": "F"}, "did not come back"),
        ("card", {**WORD, "status": "cancelled"}, "ck_refund_ca"),
    ],
)
def test_the_database_itself_calls_off_only_what_came_back(
    stripe_wire, refused, paid, finance, colleague, was, now, said
):
    people = {"finance": finance.user_id, "sender": colleague.user_id}
    refund = ask(paid, 5_000) if was == "card" else by_transfer(refused, actor=finance)
    if was == "succeeded":
        sent(refund, colleague)
    values = {"finished_at": sa.func.now()} | {name: people.get(value, value) for name, value in now.items()}
    with pytest.raises(IntegrityError, match=said), transaction() as session:
        session.execute(sa.update(Refund).where(Refund.id == refund.id).values(**values))


def test_only_a_refused_refund_is_sent_by_transfer_and_only_what_is_left(stripe_wire, paid, refused, finance):
    done = ask(paid, 10_000)
    with pytest.raises(TooLate):
        by_transfer(done, actor=finance)
    ask(paid)
    with pytest.raises(NotRefundable):
        by_transfer(refused, actor=finance)


def test_the_account_is_sealed_and_each_look_is_noted(refused, finance, colleague):
    waiting = by_transfer(refused, actor=finance)
    assert waiting.account_enc
    assert ACCOUNT.number.encode() not in waiting.account_enc
    assert ACCOUNT.number not in repr(operations.account_of(waiting))
    assert services.show_account(waiting.id, actor=colleague, clock=SYSTEM_CLOCK) == ACCOUNT
    assert acts(waiting) == ["refund_asked", "refund_account_shown"]
    with pytest.raises(TooLate):
        services.show_account(refused.id, actor=colleague, clock=SYSTEM_CLOCK)
    sent(waiting, colleague)
    with pytest.raises(TooLate):
        services.show_account(waiting.id, actor=finance, clock=SYSTEM_CLOCK)
