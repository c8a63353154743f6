"""Use cases of the desk: act, approve, reject, undo, keep. The caller's role is checked at the door."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import structlog
from flask_babel import gettext as _

from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.database import again_after_deadlock, transaction
from app.core.errors import SignInNeeded
from app.core.states import ImpossibleStep
from app.core.texts import tidy
from app.payments.desk import operations, queries, same, wishes
from app.payments.desk.errors import KeyUsed, NotFinished, SamePerson
from app.payments.desk.models import DeskAction, Kind, PayerWish
from app.payments.desk.states import Event, State, step
from app.payments.desk.wanted import Wish
from app.payments.refunds.operations import PayerAccount

log = structlog.get_logger()


@again_after_deadlock
def act(
    notice_id: UUID, wishes: Sequence[Wish], *, actor: Actor, idempotency_key: str, clock: Clock
) -> list[DeskAction]:
    """Give parts of a notice's waiting money to requests or back to its sender, or say that all of it is counted
    already: all of them, or none.

    At once up to `FOUR_EYES_VND` per notice and person; above that each part is only proposed. A repeat with the same
    key answers what was done.

    Raises:
        ItemNotFound, KeyUsed, NotEnoughWaiting, BadAction, RequestNotFound, RequestNotOpen, NotTheirAccount,
        MoreThanMissing, NotTheSameMoney.
    """
    actor_id = _person(actor)
    with transaction():
        operations.lock_key(idempotency_key)
        item = queries.item(notice_id, for_update=True)
        if earlier := queries.by_key(idempotency_key):
            return _same(earlier, item.allocation_id, wishes)
        begun = operations.begin(item, wishes, actor_id=actor_id, idempotency_key=idempotency_key, clock=clock)
        notice = queries.notice_of(item)
        for action, request in begun:
            if not action.needs_approval:
                operations.do(action, request, notice=notice, clock=clock)
            queries.keep(action)
            operations.tell(action, "proposed" if action.needs_approval else "done", actor=actor, clock=clock)
    log.info("desk_acted", notice_id=str(notice_id), actions=len(begun))
    return [action for action, _request in begun]


@again_after_deadlock
def approve(action_id: UUID, *, actor: Actor, clock: Clock) -> DeskAction:
    """A second person has a proposed action done. A repeat by the same person answers what was done.

    Raises:
        ActionNotFound, NotFinished, SamePerson, RequestNotOpen, NotTheirAccount, MoreThanMissing, NotTheSameMoney.
    """
    actor_id = _person(actor)
    with transaction():
        action, item = queries.lock_action(action_id)
        if action.state == State.DONE and action.approved_by == actor_id:
            return action
        _next(action, Event.APPROVED)
        if action.created_by == actor_id:
            raise SamePerson()
        notice = queries.notice_of(item)
        request = queries.request_of(action, for_update=True)
        if request is not None:
            operations.demand_fit(request, action.amount_vnd, notice)
        if action.kind == Kind.SAME_MONEY:
            same.demand_twin(notice)
        operations.do(action, request, notice=notice, clock=clock)
        action.approved_by = actor_id
        operations.tell(action, "approved", actor=actor, clock=clock)
        return action


def reject(action_id: UUID, *, actor: Actor, reason: str, clock: Clock) -> DeskAction:
    """Turn a proposed action down (whoever proposed it may withdraw it so); its money waits again.

    Raises:
        ActionNotFound, NotFinished, BadAction.
    """
    actor_id, why = _person(actor), operations.tidy_reason(reason)
    with transaction():
        action, _item = queries.lock_action(action_id)
        if action.state == State.REJECTED and action.closed_by == actor_id:
            return action
        action.state = _next(action, Event.REFUSED)
        operations.close(action, actor_id=actor_id, reason=why, at=clock.now())
        operations.tell(action, "rejected", actor=actor, clock=clock, reason=why)
        return action


@again_after_deadlock
def undo(action_id: UUID, *, actor: Actor, reason: str, clock: Clock) -> DeskAction:
    """Take a done action back by a reversal; its money waits again.

    Above `FOUR_EYES_VND` per notice and person, and where the action itself needed two, it is only asked for; it
    happens when another person wants it as well. A repeat by the same person answers what was done.

    Raises:
        ActionNotFound, NotFinished, BadAction; MoneyBuiltUpon: refund instead.
    """
    actor_id, why = _person(actor), operations.tidy_reason(reason)
    with transaction():
        action, _item = queries.lock_action(action_id)
        if action.state == State.UNDONE and action.closed_by == actor_id:
            return action
        _next(action, Event.TAKEN_BACK)
        if action.undo_asked_by == actor_id:
            return action
        if action.undo_asked_by is None and operations.undo_needs_another(action, actor_id=actor_id):
            operations.ask_undo(action, actor_id=actor_id, reason=why, at=clock.now())
            operations.tell(action, "undo_proposed", actor=actor, clock=clock, reason=why)
            return action
        operations.undo(action, queries.request_of(action, for_update=True), clock=clock)
        operations.close(action, actor_id=actor_id, reason=why, at=clock.now())
        operations.tell(action, "undone", actor=actor, clock=clock, reason=why)
        return action


def keep(action_id: UUID, *, actor: Actor, reason: str, clock: Clock) -> DeskAction:
    """Turn down that a done action is taken back (whoever asked for it may withdraw it so); a repeat changes nothing.

    Raises:
        ActionNotFound, NotFinished, BadAction.
    """
    _person(actor)
    why = operations.tidy_reason(reason)
    with transaction():
        action, _item = queries.lock_action(action_id)
        _next(action, Event.TAKEN_BACK)
        if action.undo_asked_by is not None:
            operations.forget_undo(action)
            operations.tell(action, "undo_rejected", actor=actor, clock=clock, reason=why)
        return action


def send_back(code: str, notice_id: UUID, *, account: PayerAccount, actor: Actor, clock: Clock) -> PayerWish:
    """As `wishes.send_back`."""
    with transaction(actor=SYSTEM):
        return wishes.send_back(code, notice_id, account=account, actor=actor, clock=clock)


def keep_as_credit(code: str, notice_id: UUID, *, actor: Actor, clock: Clock) -> PayerWish:
    """As `wishes.keep`."""
    with transaction(actor=SYSTEM):
        return wishes.keep(code, notice_id, actor=actor, clock=clock)


def show_account(notice_id: UUID, *, request_id: UUID | None = None, actor: Actor, clock: Clock) -> PayerAccount:
    """As `wishes.show_account`."""
    with transaction(actor=SYSTEM):
        return wishes.show_account(notice_id, request_id=request_id, actor=actor, clock=clock)


def _next(action: DeskAction, event: Event) -> State:
    try:
        return step(State(action.state), event)
    except ImpossibleStep:
        raise NotFinished(action.state) from None


def _person(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise SignInNeeded(_("Bà con cần đăng nhập để làm việc này."))
    return actor.user_id


def _same(earlier: Sequence[DeskAction], allocation_id: UUID, wishes: Sequence[Wish]) -> list[DeskAction]:
    """What the key did before, when it asked for the same."""
    codes = queries.codes_of(earlier)
    did = [
        (action.allocation_id, action.kind, action.amount_vnd, codes.get(action.request_id), action.reason)
        for action in earlier
    ]
    asked = [(allocation_id, wish.kind, wish.amount_vnd, wish.request_code, tidy(wish.reason)) for wish in wishes]
    if did != asked:
        raise KeyUsed()
    return list(earlier)
