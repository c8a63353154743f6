"""Flows of money that comes in: sales, stickers, gifts, cards, statements, the bank's feed, the desk."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import Headers

from app.config import DEMO_SECRETS
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.core.money import FOUR_EYES_VND
from app.giving.gifts import queries as gifts
from app.giving.gifts.models import Gift
from app.giving.log.models import LogLeaf
from app.households.welfare import queries as welfare
from app.market.places import queries as places
from app.market.places.models import StallSale
from app.payments.bank import services as bank
from app.payments.bank.models import BankNotice, NoticeAllocation, Wire
from app.payments.bank.wires import read_sepay
from app.payments.desk.models import DeskAction
from app.payments.ledger.models import AccountKind, Transfer
from app.payments.payees import queries as payee_queries
from app.payments.requests import queries as requests
from app.payments.requests.models import PaymentRequest
from app.payments.statements import queries as statements
from app.payments.statements import services as statement_services
from app.payments.statements.feed import FeedPage, Told
from app.payments.statements.models import StatementImport
from tests.factories.households import load_areas, with_welfare_account
from tests.factories.market import make_seller
from tests.factories.payments import make_payee, make_request
from tests.fakes.banks import message, notify, transfer
from tests.fakes.stripe_gateway import deliver
from tests.faults.books import count, demand_one_notice, demand_paid_once, moved_vnd
from tests.faults.flows import Attempt, Browser, Stage, do_waiting_jobs, flow
from tests.market.places.conftest import Phone, make_market, make_stall
from tests.payments.cards.world import intent_of, payment_of
from tests.payments.desk.world import REASON, strand, waiting_vnd
from tests.payments.statements.files import camt, entry

LIST = "/dieu-hanh/sao-ke"
PRESSED = {"ghi-so": ("applying", "applied"), "hoan-tac": ("undoing", "undone")}  # where an import is after a button
_references = itertools.count(1)


def told_by_bank(stage: Stage, moved: dict[str, Any]) -> bool:
    """The bank's notice, on the webhook."""
    return notify(stage.guest(), "sepay", moved).status_code == 200


@dataclass(frozen=True)
class Stand:
    """A stall, its sticker, the seller's account, and the seller's phone."""

    code: str
    number: str
    sticker: str
    stall_id: UUID
    phone: Browser


def _stand(stage: Stage) -> Stand:
    load_areas()
    seller = make_seller(clock=SYSTEM_CLOCK)
    stall = make_stall(seller, make_market())
    account = payee_queries.active_account(seller.shop.payee_id)
    standing = places.static_qr(stall)
    assert account and standing
    phone = Phone(stage.guest(), seller.shop.household_id)
    return Stand(stall.code, payee_queries.account_number(account), standing.code, stall.id, Browser(phone.client))


@flow
def stall_sale(stage: Stage) -> Attempt:
    """The seller types an amount, the buyer's bank tells of the money."""
    stand = stage.once("stand", lambda: _stand(stage))
    key = uuid4().hex
    asked: dict[str, str] = {}
    moved: dict[str, Any] = {}

    def ask() -> bool:
        answer = stand.phone.api(f"/api/v1/stalls/{stand.code}/payment-requests", key, {"amount_vnd": 50_000})
        if answer.status_code == 201:
            asked.setdefault("code", answer.get_json()["code"])
            assert answer.get_json()["code"] == asked["code"], "one key made two requests"
            moved.update(moved or transfer(stand.number, 50_000, f"{asked['code']} CHO PHIEN"))
        return answer.status_code == 201

    def expect() -> None:
        paid = demand_paid_once(asked["code"])
        demand_one_notice(paid)
        assert count(NoticeAllocation, NoticeAllocation.request_id == paid.id) == 1
        [sale] = db.session.scalars(sa.select(StallSale).where(StallSale.idempotency_key.endswith(key)))
        assert (sale.id, sale.status) == (paid.purpose_id, "paid")

    return Attempt([ask, lambda: told_by_bank(stage, moved)], expect)


@flow
def sticker_sale(stage: Stage) -> Attempt:
    """A buyer scans the stall's sticker and types the amount."""
    stand = stage.once("stand", lambda: _stand(stage))
    moved = transfer(stand.number, 50_000, f"{stand.sticker} CHO PHIEN")
    before = count(StallSale, StallSale.stall_id == stand.stall_id)

    def expect() -> None:
        [notice] = db.session.scalars(sa.select(BankNotice).where(BankNotice.external_id == str(moved["serial"])))
        assert notice.request_id
        demand_paid_once(requests.get(notice.request_id).code)
        assert count(StallSale, StallSale.stall_id == stand.stall_id) == before + 1

    return Attempt([lambda: told_by_bank(stage, moved)], expect)


@flow
def waiting_notice(stage: Stage) -> Attempt:
    """A process died between storing a notice and handling it; the pump comes by."""
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bank, "try_to_handle", lambda *_arguments, **_options: None)
        assert told_by_bank(stage, transfer(number, 50_000, f"{request.code} CHO PHIEN"))
    return Attempt(
        [lambda: stage.behind(lambda: bank.pump(clock=SYSTEM_CLOCK))],
        lambda: demand_one_notice(demand_paid_once(request.code)),
    )


@flow
def gift(stage: Stage) -> Attempt:
    """Somebody gives to a household, and the bank tells of it; it ends as one leaf of the public log."""
    listed, number = stage.once("household", _listed_household)
    key = uuid4().hex
    told: dict[str, str] = {}
    moved: dict[str, Any] = {}

    def ask() -> bool:
        body = {"household_code": listed, "amount_vnd": 200_000, "method": "vietqr"}
        answer = Browser(stage.guest()).api("/api/v1/gifts", key, body)
        if answer.status_code == 201:
            told.setdefault("gift", answer.get_json()["code"])
            assert answer.get_json()["code"] == told["gift"], "one key made two gifts"
            told["code"] = answer.get_json()["payment_request"]["code"]
            moved.update(moved or transfer(number, 200_000, f"{told['code']} ung ho"))
        return answer.status_code == 201

    def expect() -> None:
        demand_one_notice(demand_paid_once(told["code"], 200_000))
        given = gifts.by_code(told["gift"])
        assert given.status == "received"
        assert count(Gift, Gift.idempotency_key.endswith(key)) == 1
        [leaf] = db.session.scalars(sa.select(LogLeaf).where(LogLeaf.subject_id == given.id))
        assert (leaf.id, leaf.seq is not None) == (given.leaf_id, True)

    return Attempt([ask, lambda: told_by_bank(stage, moved)], expect)


def _listed_household() -> tuple[str, str]:
    number = "8812345678"
    household, _account = with_welfare_account(clock=SYSTEM_CLOCK, number=number)
    profile = welfare.profile(household.id)
    assert profile
    return profile.code, number


@flow
def card_event(stage: Stage) -> Attempt:
    """A card was charged, and the gateway tells of it."""
    request = make_request(payee_id=make_payee()[0].id, method="card")
    intent_id = intent_of(request)
    assert stage.stripe.pay(intent_id) == 200
    [charged] = [
        event for event in stage.stripe.events("payment_intent.succeeded") if event["data"]["object"]["id"] == intent_id
    ]
    return Attempt(
        [lambda: deliver(stage.guest(), charged).status_code == 200], lambda: _demand_charged_once(stage, request)
    )


@flow
def card_page(stage: Stage) -> Attempt:
    """A payer opens the card form, pays, and comes back; the gateway's event never arrives."""
    request = make_request(payee_id=make_payee()[0].id, method="card")
    page = f"/tra-tien/{request.code}/the"
    intent: list[str] = []

    def pay_and_come_back() -> bool:
        intent[:] = intent or [intent_of(request)]
        if stage.stripe.intent(*intent)["status"] != "succeeded":
            assert stage.stripe.pay(*intent) == 200
        return stage.guest().get(f"{page}/xong").status_code == 302

    opened = lambda: stage.guest().get(page).status_code in (200, 302)  # noqa: E731 - a list of small steps
    return Attempt([opened, pay_and_come_back], lambda: _demand_charged_once(stage, request))


def _demand_charged_once(stage: Stage, request: PaymentRequest) -> None:
    demand_paid_once(request.code)
    payment = payment_of(request)
    ours = [found for found in stage.stripe.intents() if found["metadata"].get("card_payment") == str(payment.id)]
    assert [(found["id"], found["amount_received"]) for found in ours] == [(payment.intent_id, 50_000)]
    assert payment.status == "succeeded"


@flow
def statement(stage: Stage) -> Attempt:
    """Two people take a camt.053 in: one line pays a request, one waits for the desk."""
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    names = [f"FTC{next(_references)}" for _line in range(2)]
    data = camt(number, entry("50000", names[0], f"{request.code} CHO PHIEN"), entry("70000", names[1], "khong ma"))
    page: list[str] = []

    def upload() -> bool:
        answer = stage.officer().form(LIST, file=(io.BytesIO(data), "sao-ke.xml"))
        if answer.status_code == 303:
            page[:] = page or [answer.location]
            assert page == [answer.location], "one file made two imports"
        return answer.status_code == 303

    def expect() -> None:
        demand_one_notice(demand_paid_once(request.code))
        assert statements.get(UUID(page[0].split("/")[-1])).state == "applied"
        lines = list(db.session.scalars(sa.select(BankNotice).where(BankNotice.reference.in_(names))))
        assert len(lines) == 2
        [stray] = [line for line in lines if line.reference == names[1]]
        assert waiting_vnd(stray.id) == 70_000
        assert moved_vnd(stray.id, AccountKind.SUSPENSE) == [70_000]

    return Attempt([upload, lambda: _press(stage, page[0], "ghi-so"), lambda: _work(stage)], expect)


@flow
def statement_undone(stage: Stage) -> Attempt:
    """A statement was counted, and is taken back."""
    _payee, number = make_payee()
    reference = f"FTU{next(_references)}"
    officer = stage.officer()
    data = camt(number, entry("70000", reference, "khong ma"))
    page = officer.form(LIST, file=(io.BytesIO(data), "sao-ke.xml")).location
    assert _press(stage, page, "ghi-so")
    assert _work(stage)

    def expect() -> None:
        assert statements.get(UUID(page.split("/")[-1])).state == "undone"
        [notice] = db.session.scalars(sa.select(BankNotice).where(BankNotice.reference == reference))
        reversed_ids = sa.select(Transfer.id).where(Transfer.purpose_id == notice.id)
        posted = list(db.session.scalars(sa.select(Transfer.id).where(Transfer.id.in_(reversed_ids))))
        back = count(Transfer, Transfer.reverses_id.in_(posted))
        assert back == 1

    return Attempt([lambda: _press(stage, page, "hoan-tac"), lambda: _work(stage)], expect)


def _press(stage: Stage, page: str, what: str) -> bool:
    """A button of an import; when it was pressed already the page says so, and the person is content."""
    answer = stage.officer(2).form(f"{page}/{what}")
    if answer.status_code == 409:
        assert _import(page).state in PRESSED[what], "refused for another reason"
    return answer.status_code in (303, 409)


def _import(page: str) -> StatementImport:
    db.session.rollback()
    return statements.get(UUID(page.rsplit("/", maxsplit=1)[-1]))


def _work(stage: Stage) -> bool:
    return stage.behind(lambda: do_waiting_jobs("statements.work"))


class OnePageFeed:
    """A bank's feed that tells of one transfer."""

    def __init__(self, number: int, moved: dict[str, Any]) -> None:
        raw, headers = message("sepay", moved)
        secret = DEMO_SECRETS["BANK_SEPAY_SECRET"]
        self._told = Told(Wire.SEPAY, raw, read_sepay(raw, Headers(headers), secret=secret, now=SYSTEM_CLOCK.now()))
        self._number = number

    def after(self, since: int) -> FeedPage:
        told = [self._told] if since < self._number else []
        return FeedPage(told=told, unread=[], next_since=self._number, newest=self._number, has_more=False)


@flow
def lost_notice(stage: Stage) -> Attempt:
    """The notice never came; asking the bank's feed finds the money. The notice comes after all, in the end."""
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    moved = transfer(number, 50_000, f"{request.code} CHO PHIEN")
    feed = OnePageFeed(next(_references), moved)
    return Attempt(
        [
            lambda: stage.behind(lambda: statement_services.poll(feed, name="bank", clock=SYSTEM_CLOCK)),
            lambda: told_by_bank(stage, moved),
        ],
        lambda: demand_one_notice(demand_paid_once(request.code)),
    )


@flow
def desk(stage: Stage) -> Attempt:
    """Money that fitted nothing is attached to a request by one person."""
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    notice_id = strand(stage.guest(), number, 50_000)
    acts = _at_desk(stage, notice_id, request, 50_000)

    def expect() -> None:
        demand_paid_once(request.code)
        assert (waiting_vnd(notice_id), count(DeskAction, DeskAction.request_id == request.id)) == (0, 1)

    return Attempt([acts.propose], expect)


@flow
def desk_four_eyes(stage: Stage) -> Attempt:
    """Much money is attached by two people as part of a payment, and the act is taken back by two."""
    amount_vnd = FOUR_EYES_VND + 1
    payee, number = make_payee()
    request = make_request(payee_id=payee.id, amount_vnd=2 * amount_vnd)
    notice_id = strand(stage.guest(), number, amount_vnd)
    acts = _at_desk(stage, notice_id, request, amount_vnd)

    def expect() -> None:
        [action] = db.session.scalars(sa.select(DeskAction).where(DeskAction.request_id == request.id))
        assert action.state == "undone"
        assert (waiting_vnd(notice_id), requests.by_code(request.code).paid_vnd) == (amount_vnd, 0)
        assert sorted(moved_vnd(request.id, AccountKind.SUSPENSE)) == [-amount_vnd, amount_vnd]

    return Attempt([acts.propose, acts.approve, lambda: acts.undo(3, 2), lambda: acts.undo(4, 3)], expect)


class _AtDesk:
    """Buttons of the desk, each with the key of its page."""

    def __init__(self, stage: Stage, notice_id: UUID, wish: dict[str, Any]) -> None:
        self._stage, self._notice_id, self._wish = stage, notice_id, wish
        self._keys = [uuid4().hex for _button in range(4)]
        self._action = ""

    def propose(self) -> bool:
        path = f"/api/v1/suspense/{self._notice_id}/actions"
        answer = self._stage.officer().api(path, self._keys[0], {"actions": [self._wish]})
        if answer.status_code == 201:
            [item] = answer.get_json()["items"]
            self._action = self._action or item["id"]
            assert item["id"] == self._action, "one key acted twice"
        return answer.status_code == 201

    def approve(self) -> bool:
        path = f"/api/v1/suspense/actions/{self._action}/approve"
        return self._stage.officer(2).api(path, self._keys[1]).status_code == 200

    def undo(self, officer: int, key: int) -> bool:
        path = f"/api/v1/suspense/actions/{self._action}/undo"
        return self._stage.officer(officer).api(path, self._keys[key], {"reason": REASON}).status_code == 200


def _at_desk(stage: Stage, notice_id: UUID, request: PaymentRequest, amount_vnd: int) -> _AtDesk:
    wish = {"kind": "attach", "amount_vnd": amount_vnd, "reason": REASON, "request_code": request.code}
    return _AtDesk(stage, notice_id, wish)
