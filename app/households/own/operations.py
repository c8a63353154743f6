"""Steps on requests, and the erasure; each needs an open transaction with the household's row locked."""

from __future__ import annotations

import secrets
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.actor import SYSTEM, Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import DataKey, seal
from app.core.database import current_actor, require_transaction
from app.core.ids import uuid7
from app.households.merging.models import Merge
from app.households.registry import erasing, fields, listeners, versions
from app.households.registry import people as registry_people
from app.households.registry import queries as registry
from app.households.registry.listeners import What
from app.households.registry.models import Household, Status
from app.households.registry.operations import SUBJECT, who
from app.households.registry.people import Field
from app.households.welfare.models import WelfareAccount, WelfareProfile
from app.identity import operations as identity
from app.identity.roles import Role

from . import money, people, phones, queries
from .deadlines import counted_from
from .errors import MoneyWaits, RequestClosed, SecondPersonNeeded
from .models import Kind, PrivacyRequest, Relation, RequestStatus

KEPT = ("ledger", "tax", "public_log", "audit")
"""What the law has us keep after an erasure: books, tax withheld, the public log of gifts, and who did what."""


def is_through_contact(actor: Actor, household: Household) -> bool:
    """Whether the acting person only stands in for the household."""
    return actor.household_id == household.id and people.relation_of(actor, household) is Relation.CONTACT


def ask(
    actor: Actor, household: Household, *, kind: Kind, purpose: str | None, request_id: UUID, clock: Clock
) -> PrivacyRequest:
    """Write down what the household asked, with the days the law gives us."""
    due = counted_from(clock.now())
    request = PrivacyRequest(
        id=request_id,
        household_id=household.id,
        commune_code=household.commune_code,
        kind=kind,
        purpose=purpose,
        asked_by=who(actor),
        through_contact=is_through_contact(actor, household),
        asked_at=clock.now(),
        rule_from=due.rule.valid_from,
        answer_by=due.answer_by,
        done_by=due.done_by,
        status=RequestStatus.OPEN,
    )
    session = require_transaction()
    session.add(request)
    session.flush()
    note("privacy_request_made", actor, household, clock, request=request)
    return request


def follow_consents(actor: Actor, household: Household, *, clock: Clock) -> None:
    """Make a request of each consent taken back, by whichever way; one given again needs no more doing."""
    if actor.user_id is None or queries.open_request(household.id, Kind.ERASE):
        return
    open_now = queries.open_withdrawals(household.id)
    words = registry.consents(household.id)
    last = max(words.values(), key=lambda word: word.id, default=None)
    if last is None:
        return
    waiting = open_now.get(last.purpose)
    if last.given and waiting:
        close(actor, household, waiting, RequestStatus.TAKEN_BACK, clock=clock)
    elif not last.given and waiting is None:
        ask(actor, household, kind=Kind.WITHDRAW, purpose=last.purpose, request_id=uuid7(), clock=clock)


def answer(actor: Actor, household: Household, request: PrivacyRequest, *, words: str, clock: Clock) -> None:
    """The commune's answer, which the household reads. The first one counts for the deadline."""
    demand_open(request)
    key = require_transaction().get_one(DataKey, household.data_key_id)
    request.answer_enc = seal(key, queries.ANSWER, words)
    request.answered_at = request.answered_at or clock.now()
    request.answered_by = request.answered_by or who(actor)
    note("privacy_request_answered", actor, household, clock, request=request)


def close(actor: Actor, household: Household, request: PrivacyRequest, status: RequestStatus, *, clock: Clock) -> None:
    """Settle a request."""
    demand_open(request)
    request.status, request.closed_by, request.closed_at = status, who(actor), clock.now()
    if status == RequestStatus.DONE:
        request.answered_at = request.answered_at or clock.now()
        request.answered_by = request.answered_by or who(actor)
    require_transaction().flush()
    action = "privacy_request_done" if status == RequestStatus.DONE else "privacy_request_taken_back"
    note(action, actor, household, clock, request=request)


def demand_open(request: PrivacyRequest) -> None:
    """Raises RequestClosed when it was settled before."""
    if request.status != RequestStatus.OPEN:
        raise RequestClosed


def erase(actor: Actor, household: Household, request: PrivacyRequest, *, clock: Clock) -> None:
    """Forget the household: end every way in, destroy its key, and let shop and giving page follow.

    Books, tax, the public log and the audit stay: none of them holds anything personal.

    Raises:
        SecondPersonNeeded: the actor asked for it in the household's name, or registered the household.
        MoneyWaits: money is under way.
        RequestClosed: it was settled before.
    """
    demand_open(request)
    if actor.user_id in (request.asked_by, household.registered_by):
        raise SecondPersonNeeded
    if reasons := money.under_way(household.id):
        raise MoneyWaits(reasons)
    phone = registry_people.open_field(household, Field.PHONE)
    close(actor, household, request, RequestStatus.DONE, clock=clock)
    _settle_the_rest(actor, household, clock)
    records = [one.id for one in erasing.records_of(household)]
    people.end_all(actor, records, clock=clock)
    _forget_welfare(records)
    _refuse_merges(actor, records, clock)
    erasing.erase(household, clock=clock)
    for household_id in records:
        record("household_erased", actor=actor, subject_kind=SUBJECT, subject_id=household_id, clock=clock, kept=KEPT)
        listeners.tell(household_id, What.ERASED, clock=clock)
    if phone:
        identity.queue_sms(phone_e164=phone, text=_erased_words(), clock=clock)


def heard(household_id: UUID, what: What, clock: Clock) -> None:
    """Follow what happens to a household in the rooms below and beside; see `registry.listeners`."""
    if what not in (What.VERIFIED, What.CONSENT, What.PHONE):
        return
    household, actor = registry.get(household_id), current_actor()
    if what is What.PHONE:
        before = versions.fields_at(household, household.version - 1)
        phones.follow(actor, household, before or dict.fromkeys(fields.NAMES), clock=clock)
        return
    if household.status != Status.VERIFIED:
        return
    people.follow(actor, household, approved=what is What.VERIFIED, clock=clock)
    if what is What.VERIFIED:
        phones.note_head(household)
    if what is What.CONSENT:
        follow_consents(actor, household, clock=clock)


def note(
    action: str, actor: Actor, household: Household, clock: Clock, *, request: PrivacyRequest | None = None
) -> None:
    """Write an act down under the household, and whether somebody only stood in for it."""
    details: dict[str, object] = {}
    if request is not None:
        details |= {"request_id": str(request.id), "kind": request.kind, "purpose": request.purpose}
    if actor.has_role(Role.HOUSEHOLD) and actor != SYSTEM and is_through_contact(actor, household):
        details["through_contact"] = True
    record(action, actor=actor, subject_kind=SUBJECT, subject_id=household.id, clock=clock, **details)


def _settle_the_rest(actor: Actor, household: Household, clock: Clock) -> None:
    """Consents taken back before need no doing any more: everything is gone."""
    for request in queries.open_withdrawals(household.id).values():
        close(actor, household, request, RequestStatus.DONE, clock=clock)


def _forget_welfare(household_ids: list[UUID]) -> None:
    """The words about the household's need, and the fingerprint of its account's number."""
    session = require_transaction()
    session.execute(
        sa.update(WelfareProfile).where(WelfareProfile.household_id.in_(household_ids)).values(need=_("Đã xóa"))
    )
    for account in session.scalars(sa.select(WelfareAccount).where(WelfareAccount.household_id.in_(household_ids))):
        account.number_index = secrets.token_bytes(32)
    session.flush()


def _refuse_merges(actor: Actor, household_ids: list[UUID], clock: Clock) -> None:
    """A merge that was proposed and waits has nothing to compare any more."""
    either = sa.or_(Merge.winner_id.in_(household_ids), Merge.loser_id.in_(household_ids))
    require_transaction().execute(
        sa.update(Merge)
        .where(either, Merge.status == "proposed")
        .values(status="refused", decided_by=who(actor), decided_at=clock.now())
    )


def _erased_words() -> str:
    return str(_("Chợ Phiên: đã xóa dữ liệu của nhà mình theo yêu cầu. Sổ sách giữ lại theo luật, không có tên ai."))
