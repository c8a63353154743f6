"""From a notice to the books. Needs an open transaction and the notice's lock.

The code in the memo names the request or the static QR; the account must be the one asked for; the amount is exact to
the đồng. What does not fit waits in suspense for a person; no đồng is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.core import codes
from app.core.clock import Clock
from app.core.crypto import unseal_record
from app.core.database import Model, require_transaction
from app.core.ids import uuid7
from app.payments.bank import queries
from app.payments.bank.models import MEMO_FIELD, BankNotice, NoticeOutcome
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind
from app.payments.payees import queries as payees
from app.payments.payees.models import BankAccount
from app.payments.requests import operations as requests
from app.payments.requests import queries as request_queries
from app.payments.requests.models import Method, PaymentRequest, Purpose, StandingCode
from app.payments.vietqr.memo import find_codes

LEDGER_PURPOSE = "bank_notice"
_NOTE = sa.insert(Model.metadata.tables["notice_allocation"])
STANDING_LIFE = timedelta(days=3650)


def match(notice: BankNotice, *, clock: Clock) -> NoticeOutcome:
    """Give the locked notice's money to its request, or to suspense."""
    named = find_codes(unseal_record(MEMO_FIELD, notice.memo_enc), codes.is_valid)
    request = _pick_request(named, notice)
    if request is not None:
        return _give(notice, request, clock)
    found = request_queries.standing_by_codes(named)
    if found is not None:
        return _give_standing(notice, *found, clock)
    return _suspend(notice, notice.amount_vnd, NoticeOutcome.UNMATCHED, clock)


def name_request_of_twin(notice: BankNotice) -> None:
    """Note the request that a known notice names on the one that is counted, when that waits and names none.

    The money stays where it is: a person at the desk decides.
    """
    assert notice.same_as is not None
    twin = queries.get_notice(notice.same_as, for_update=True)
    if twin.outcome == NoticeOutcome.UNMATCHED and twin.request_id is None:
        named = find_codes(unseal_record(MEMO_FIELD, notice.memo_enc), codes.is_valid)
        request = _pick_request(named, notice)
        twin.request_id = request.id if request else None


def leave_to_people(notice: BankNotice, *, clock: Clock) -> NoticeOutcome:
    """All of the locked notice's money waits in suspense, whatever its memo says."""
    return _suspend(notice, notice.amount_vnd, NoticeOutcome.UNMATCHED, clock)


def _pick_request(named: Sequence[str], notice: BankNotice) -> PaymentRequest | None:
    """The one request the memo can mean, locked. Of several, the one at this account; then the one of this amount."""
    if len(named) == 1:
        return request_queries.find(named[0], for_update=True)
    found = request_queries.find_all(named)
    if len(found) > 1:
        found = [request for request in found if _is_account_of(request, notice)] or found
    if len(found) > 1:
        found = [request for request in found if request.missing_vnd == notice.amount_vnd] or found
    if len(found) != 1:
        return None
    return request_queries.get(found[0].id, for_update=True)


def _is_account_of(request: PaymentRequest, notice: BankNotice) -> bool:
    return request.bank_account_id is not None and _fits(payees.get_account(request.bank_account_id), notice)


def _fits(account: BankAccount | None, notice: BankNotice) -> bool:
    return account is not None and account.number_index in notice.account_indexes


def _give(notice: BankNotice, request: PaymentRequest, clock: Clock) -> NoticeOutcome:
    if not _is_account_of(request, notice):
        notice.request_id = request.id
        return _suspend(notice, notice.amount_vnd, NoticeOutcome.WRONG_ACCOUNT, clock)
    happened = min(notice.event_at, notice.received_at)
    verdict = requests.judge(request, amount_vnd=notice.amount_vnd, event_at=happened)
    outcome = NoticeOutcome(verdict.outcome)
    if verdict.accepted_vnd:
        _accept(notice, request, verdict.accepted_vnd, clock)
    if verdict.excess_vnd:
        _suspend(notice, verdict.excess_vnd, outcome, clock)
    notice.request_id = request.id  # at the end, so that the notice's row is written once
    return outcome


def _give_standing(
    notice: BankNotice, standing: StandingCode, account: BankAccount | None, clock: Clock
) -> NoticeOutcome:
    """A static QR: the amount is whatever came; a request of exactly that is made and paid at once."""
    if account is None or not _fits(account, notice):
        return _suspend(notice, notice.amount_vnd, NoticeOutcome.WRONG_ACCOUNT, clock)
    request = requests.ask(
        purpose=Purpose(standing.purpose_kind, standing.purpose_id),
        payee_id=standing.payee_id,
        amount_vnd=notice.amount_vnd,
        method=Method.VIETQR,
        label=standing.label,
        expires_at=clock.now() + STANDING_LIFE,
        clock=clock,
        standing_code=standing,
        account=account,
    )
    _accept(notice, request, notice.amount_vnd, clock)
    notice.request_id = request.id
    return NoticeOutcome.MATCHED


def _accept(notice: BankNotice, request: PaymentRequest, amount_vnd: int, clock: Clock) -> None:
    transfer_id = uuid7()
    requests.receive(
        request,
        transfer_id=transfer_id,
        from_account_id=_outside_id(notice, clock),
        amount_vnd=amount_vnd,
        event_at=notice.event_at,
        clock=clock,
    )
    _note(notice, transfer_id, amount_vnd, request.id, clock.now())


def _suspend(notice: BankNotice, amount_vnd: int, outcome: NoticeOutcome, clock: Clock) -> NoticeOutcome:
    transfer_id = uuid7()
    outside_id = _outside_id(notice, clock)  # opened first everywhere: two first payments must not wait for each other
    suspense_id = ledger.account_id(AccountKind.SUSPENSE, notice.wire, clock=clock)
    ledger.post(
        [
            ledger.NewTransfer(
                id=transfer_id,
                from_account_id=outside_id,
                to_account_id=suspense_id,
                amount_vnd=amount_vnd,
                purpose=(LEDGER_PURPOSE, notice.id),
                event_at=notice.event_at,
            )
        ],
        clock=clock,
    )
    _note(notice, transfer_id, amount_vnd, None, clock.now())
    return outcome


def _outside_id(notice: BankNotice, clock: Clock) -> UUID:
    return ledger.account_id(AccountKind.OUTSIDE_BANK, notice.wire, clock=clock)


def _note(notice: BankNotice, transfer_id: UUID, amount_vnd: int, request_id: UUID | None, now: datetime) -> None:
    require_transaction().execute(
        _NOTE,
        {
            "transfer_id": transfer_id,
            "notice_id": notice.id,
            "request_id": request_id,
            "amount_vnd": amount_vnd,
            "created_at": now,
        },
    )
