"""What a payer wants done with money above what was asked.

Of a direct transfer that money lies in the payee's own bank account: nobody here holds it. Sending it back is asked of
the payee and written down at the desk; keeping it moves it, in the books, to the payer's credit with that payee.

What writes needs an open transaction. Lock order: the item, as everywhere at the desk; nothing else is locked but
ledger accounts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import aliased

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import seal_record, unseal_record
from app.core.database import db, require_transaction
from app.core.errors import SignInNeeded
from app.core.ids import uuid7
from app.core.masking import mask_tail
from app.payments.bank.models import BankNotice
from app.payments.desk import operations, queries
from app.payments.desk.errors import ItemNotFound, NotKept, NotTheirMoney, TooLateToChoose
from app.payments.desk.models import Choice, DeskAction, DeskItem, Kind, PayerWish
from app.payments.desk.states import Event, State, step
from app.payments.desk.wanted import Wish
from app.payments.payees import queries as payees
from app.payments.payees.models import PayeeKind
from app.payments.refunds.operations import PayerAccount
from app.payments.requests import credits
from app.payments.requests import queries as requests
from app.payments.requests.models import PaymentRequest
from app.payments.requests.purposes import payer_of
from app.payments.vietqr.banks import bank_by_bin

ACCOUNT_FIELD = "payer_wish.account"
SUBJECT = "desk_item"


@dataclass(frozen=True)
class Excess:
    """Money named for a request that the request did not take, as its payer sees it.

    Attributes:
        outcome: why it was not taken, as a notice's outcome.
        amount_vnd: of it all, in đồng; `waiting_vnd` nobody decided about, `proposed_vnd` waits for a second person,
            `kept_vnd` and `returned_vnd` went where they say.
        choice: what its payer wants; None when nothing, or when that was turned down.
        to_account: where it shall go back to, masked.
    """

    notice_id: UUID
    allocation_id: UUID
    request_id: UUID
    outcome: str
    event_at: datetime
    amount_vnd: int
    waiting_vnd: int
    proposed_vnd: int
    kept_vnd: int
    returned_vnd: int
    choice: Choice | None
    to_account: str
    changes: int


def of_requests(request_ids: Iterable[UUID]) -> list[Excess]:
    """The excess of these requests, oldest first, in one query."""
    kept, back = _moved(Kind.KEEP_AS_CREDIT), _moved(Kind.RETURN_TO_SENDER)
    statement = (
        sa.select(DeskItem, BankNotice, PayerWish, DeskAction.state, kept, back)
        .join(BankNotice, BankNotice.id == DeskItem.notice_id)
        .outerjoin(PayerWish, PayerWish.allocation_id == DeskItem.allocation_id)
        .outerjoin(DeskAction, DeskAction.id == PayerWish.action_id)
        .where(BankNotice.request_id.in_(list(request_ids)))
        .order_by(BankNotice.id)
        .execution_options(populate_existing=True)
    )
    return [_excess(*row[:4], kept=row[4], back=row[5]) for row in db.session.execute(statement)]


def one(request: PaymentRequest, notice_id: UUID) -> Excess:
    """One of a request's.

    Raises:
        ItemNotFound: the notice brought no money beside this request.
    """
    found = next((excess for excess in of_requests([request.id]) if excess.notice_id == notice_id), None)
    if found is None:
        raise ItemNotFound()
    return found


def of_notice(notice_id: UUID) -> PayerWish | None:
    """What the payer wants done with a notice's waiting money, if they said."""
    return db.session.scalar(
        sa.select(PayerWish)
        .join(DeskItem, DeskItem.allocation_id == PayerWish.allocation_id)
        .where(DeskItem.notice_id == notice_id)
        .execution_options(populate_existing=True)
    )


def _moved(kind: Kind) -> sa.ScalarSelect[int]:
    of = aliased(DeskAction)
    return (
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(of.amount_vnd), 0), sa.BigInteger))
        .where(of.allocation_id == DeskItem.allocation_id, of.kind == kind, of.state == State.DONE)
        .correlate(DeskItem)
        .scalar_subquery()
    )


def _excess(
    item: DeskItem, notice: BankNotice, wish: PayerWish | None, action_state: str | None, *, kept: int, back: int
) -> Excess:
    lives = wish is not None and (wish.action_id is None or action_state in (State.PROPOSED, State.DONE))
    account = account_of(wish) if wish is not None else None
    assert notice.request_id is not None
    return Excess(
        notice_id=notice.id,
        allocation_id=item.allocation_id,
        request_id=notice.request_id,
        outcome=notice.outcome or "",
        event_at=notice.event_at,
        amount_vnd=item.amount_vnd,
        waiting_vnd=item.waiting_vnd,
        proposed_vnd=item.proposed_vnd,
        kept_vnd=kept,
        returned_vnd=back,
        choice=Choice(wish.choice) if wish is not None and lives else None,
        to_account=words_of(account),
        changes=wish.changes if wish is not None else 0,
    )


def words_of(account: PayerAccount | None) -> str:
    """Bank and last digits; empty when there is no account."""
    if account is None:
        return ""
    bank = bank_by_bin(account.bin)
    return f"{bank.short_name if bank else account.bin} {mask_tail(account.number)}"


def account_of(wish: PayerWish) -> PayerAccount | None:
    """Where the money shall go back to, in full."""
    if wish.account_enc is None:
        return None
    return PayerAccount(**json.loads(unseal_record(ACCOUNT_FIELD, wish.account_enc)))


def may_choose(request: PaymentRequest, actor: Actor) -> bool:
    """Whether this person may say what becomes of the excess: who ordered; whoever has the code, when nobody knows."""
    payer = payer_of(request)
    return payer is None or payer == actor.user_id


def may_keep(request: PaymentRequest, actor: Actor) -> bool:
    """Whether the excess may be left with the payee: only by whoever ordered, signed in, and only with a seller."""
    known = actor.user_id is not None and payer_of(request) == actor.user_id
    return known and payees.get_payee(request.payee_id).kind == PayeeKind.SHOP


def send_back(code: str, notice_id: UUID, *, account: PayerAccount, actor: Actor, clock: Clock) -> PayerWish:
    """The payer wants the waiting money back at this account; a repeat changes nothing.

    Raises:
        RequestNotFound, ItemNotFound, NotTheirMoney; TooLateToChoose: a person has acted.
        CreditSpent: it was kept before, and spent.
    """
    request, item, wish = _begin(code, notice_id, actor)
    if wish is not None and wish.choice == Choice.SEND_BACK and account_of(wish) == account and item.waiting_vnd:
        return wish
    _let_go(wish, actor, clock)
    require_transaction().refresh(item)
    if not item.waiting_vnd:
        raise TooLateToChoose()
    sealed = seal_record(ACCOUNT_FIELD, json.dumps(asdict(account)))
    wish = _write(wish, item, request, actor, clock, choice=Choice.SEND_BACK, account_enc=sealed, action_id=None)
    _tell(wish, "send_back", actor, clock, item.waiting_vnd)
    return wish


def keep(code: str, notice_id: UUID, *, actor: Actor, clock: Clock) -> PayerWish:
    """The payer leaves the waiting money with the seller for the next time; a repeat changes nothing.

    Above `FOUR_EYES_VND` an officer approves it first.

    Raises:
        SignInNeeded, RequestNotFound, ItemNotFound, NotTheirMoney; TooLateToChoose: a person has acted.
        NotKept: the payee is no seller, nobody knows the payer, or the money lies at another account.
    """
    if actor.user_id is None:
        raise SignInNeeded(_("Bà con cần đăng nhập để gửi lại tiền cho lần sau."))
    request, item, wish = _begin(code, notice_id, actor)
    notice = queries.notice_of(item)
    if wish is not None and wish.choice == Choice.KEEP and _lives(wish):
        return wish
    if not may_keep(request, actor) or not queries.is_account_of(request.payee_id, notice):
        raise NotKept()
    if not item.waiting_vnd:
        raise TooLateToChoose()
    wanted = Wish(
        Kind.KEEP_AS_CREDIT,
        item.waiting_vnd,
        _("Người trả gửi lại cho lần mua sau"),
        credit_owner=credits.owner_of(actor.user_id, request.payee_id),
    )
    key = f"payer|{uuid7()}"
    [(action, _none)] = operations.begin(item, [wanted], actor_id=actor.user_id, idempotency_key=key, clock=clock)
    if not action.needs_approval:
        operations.do(action, None, notice=notice, clock=clock)
    queries.keep(action)
    operations.tell(action, "proposed" if action.needs_approval else "done", actor=actor, clock=clock)
    wish = _write(wish, item, request, actor, clock, choice=Choice.KEEP, account_enc=None, action_id=action.id)
    _tell(wish, "keep", actor, clock, action.amount_vnd)
    return wish


def show_account(notice_id: UUID, *, request_id: UUID | None = None, actor: Actor, clock: Clock) -> PayerAccount:
    """The payer's account in full, for who sends the money back; each look is noted. The caller says who may look.

    Args:
        request_id: when given, only if the money was for this request.

    Raises:
        ItemNotFound: nobody wants this money back.
    """
    item = queries.item(notice_id, for_update=True)
    wish = db.session.get(PayerWish, item.allocation_id)
    account = account_of(wish) if wish is not None else None
    if wish is None or account is None or request_id not in (None, wish.request_id):
        raise ItemNotFound()
    _tell(wish, "account_shown", actor, clock, item.waiting_vnd)
    return account


def _begin(code: str, notice_id: UUID, actor: Actor) -> tuple[PaymentRequest, DeskItem, PayerWish | None]:
    request = requests.by_code(code)
    item = queries.item(notice_id, for_update=True)
    if queries.notice_of(item).request_id != request.id:
        raise ItemNotFound()
    if not may_choose(request, actor):
        raise NotTheirMoney()
    return request, item, db.session.get(PayerWish, item.allocation_id, populate_existing=True)


def _lives(wish: PayerWish) -> bool:
    action = db.session.get_one(DeskAction, wish.action_id, populate_existing=True)
    return action.state in (State.PROPOSED, State.DONE)


def _let_go(wish: PayerWish | None, actor: Actor, clock: Clock) -> None:
    """Take back that it was kept, unless a person has approved it."""
    if wish is None or wish.choice != Choice.KEEP or not _lives(wish):
        return
    action = db.session.get_one(DeskAction, wish.action_id)
    if action.approved_by is not None or actor.user_id is None:
        raise TooLateToChoose()
    why = _("Người trả đổi ý")
    if action.state == State.PROPOSED:
        action.state = step(State(action.state), Event.REFUSED)
    else:
        operations.undo(action, None, clock=clock)
    operations.close(action, actor_id=actor.user_id, reason=why, at=clock.now())
    operations.tell(action, "undone", actor=actor, clock=clock, reason=why)
    require_transaction().flush()


def _write(
    wish: PayerWish | None,
    item: DeskItem,
    request: PaymentRequest,
    actor: Actor,
    clock: Clock,
    *,
    choice: Choice,
    account_enc: bytes | None,
    action_id: UUID | None,
) -> PayerWish:
    session, now = require_transaction(), clock.now()
    if wish is None:
        wish = PayerWish(allocation_id=item.allocation_id, request_id=request.id, changes=0, created_at=now)
        session.add(wish)
    else:
        wish.changes += 1
    wish.choice, wish.account_enc, wish.action_id = choice, account_enc, action_id
    wish.by_user_id, wish.changed_at = actor.user_id, now
    session.flush()
    return wish


def _tell(wish: PayerWish, what: str, actor: Actor, clock: Clock, amount_vnd: int) -> None:
    record(
        f"excess.{what}",
        actor=actor,
        subject_kind=SUBJECT,
        subject_id=wish.allocation_id,
        clock=clock,
        request_id=str(wish.request_id),
        amount_vnd=amount_vnd,
        changes=wish.changes,
    )
