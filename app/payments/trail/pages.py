"""The finance office's trail: one page for a payout, a request, a notice, each with links to the next and back."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.codes import normalise
from app.core.crypto import unseal_record
from app.core.masking import mask_tail
from app.core.paging import Page
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.bank.models import ACCOUNT_FIELD, MEMO_FIELD
from app.payments.cards import queries as cards
from app.payments.cards.models import Outcome
from app.payments.desk import queries as desk
from app.payments.desk import words as desk_words
from app.payments.desk.errors import ActionNotFound
from app.payments.fees import queries as fees
from app.payments.fees import words as fee_words
from app.payments.income import queries as income
from app.payments.income.kinds import what_of
from app.payments.income.words import what_words
from app.payments.ledger import queries as ledger
from app.payments.ledger.models import AccountKind
from app.payments.ledger.queries import Movement
from app.payments.payouts import queries as payouts
from app.payments.payouts import words as payout_words
from app.payments.refunds import queries as refunds
from app.payments.refunds import words as refund_words
from app.payments.requests import queries as requests
from app.payments.requests.models import PaymentRequest, Settlement
from app.payments.requests.office import office_links
from app.payments.trail import queries

bp = Blueprint("trail", __name__, template_folder="templates", url_prefix="/dieu-hanh/dau-vet")
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)
PAGE, REFUNDS = 50, 20


@bp.get("/khoan-chi/<uuid:payout_id>")
@requires(*READERS)
def payout(payout_id: UUID) -> str:
    """What a payout was made of, line by line."""
    found = payouts.get_payout(payout_id)
    made = queries.made_of(found)
    page: Page[Movement] = Page([], None)
    if made is not None:
        cursor = request.args.get("cursor")
        page = ledger.movements(made.account, since=made.since, until=made.until, cursor=cursor, limit=PAGE)
    behind = income.requests_behind(line.purpose_id for line in page.items)
    return render_template(
        "trail/payout.html",
        payout=found,
        batch=payouts.get_batch(found.batch_id),
        made=made,
        page=page,
        behind=behind,
        orders=office_links(list(behind.values())),
        what_of=what_of,
        what_words=what_words,
        payout_words=payout_words,
    )


@bp.get("/khoan-thu/<code>")
@requires(*READERS)
def asked(code: str) -> str:
    """One payment request: what it was for, how its money came, what became of it."""
    found = requests.by_code(normalise(code))
    collected = found.settlement == Settlement.COLLECTED
    payable = ledger.find_account(AccountKind.PAYABLE if collected else AccountKind.RECEIVED, str(found.payee_id))
    return render_template(
        "trail/request.html",
        asked=found,
        order=office_links([found]).get(found.id),
        came=queries.came_for(found.id),
        card=cards.for_request(found.id),
        card_matched=Outcome.MATCHED,
        kept=fees.of_request([found.id]).get(found.id, []),
        fee_words=fee_words,
        refunds=refunds.page(request_id=found.id, limit=REFUNDS),
        account=payable,
        collected=collected,
        payout=_payout_of(found) if collected else None,
        payout_words=payout_words,
        refund_words=refund_words,
        status_words=desk_words.request_status,
    )


@bp.get("/bao-co/<uuid:notice_id>")
@requires(*READERS)
def notice(notice_id: UUID) -> str:
    """One bank notice: what it told and which requests its money went to."""
    found = queries.find_notice(notice_id)
    if found is None:
        abort(404)
    return render_template(
        "trail/notice.html",
        notice=found,
        memo=unseal_record(MEMO_FIELD, found.memo_enc),
        account_masked=mask_tail(unseal_record(ACCOUNT_FIELD, found.account_enc)),
        parts=queries.parts_of(notice_id),
        actions=desk.actions(notice_id),
        at_desk=queries.has_item(notice_id),
        outcome=_outcome_words(found.outcome),
        desk_words=desk_words,
    )


@bp.get("/<kind>/<uuid:purpose_id>")
@requires(*READERS)
def go(kind: str, purpose_id: UUID) -> Response:
    """From a movement in the ledger to the page of what it was for."""
    find = _PLACES.get(kind)
    place = find(purpose_id) if find else None
    if place is None:
        abort(404)
    return redirect(place)


def _payout_of(found: PaymentRequest) -> object | None:
    return queries.payout_after(found.payee_id, found.paid_at) if found.paid_at else None


def _to_request(code: str | None) -> str | None:
    return url_for(".asked", code=code) if code else None


def _to_desk(action_id: UUID) -> str | None:
    try:
        return url_for("desk.item", notice_id=desk.notice_of_action(action_id))
    except ActionNotFound:
        return None


_PLACES: dict[str, Callable[[UUID], str | None]] = {
    "payment_request": lambda purpose_id: _to_request(queries.code_of(purpose_id)),
    "debt_repayment": lambda purpose_id: _to_request(queries.code_of(purpose_id)),
    "fee": lambda purpose_id: _to_request(queries.code_of(purpose_id)),
    "card_payment": lambda purpose_id: _to_request(queries.code_of_card(purpose_id)),
    "card_return": lambda purpose_id: _to_request(queries.code_of_card(purpose_id)),
    "bank_notice": lambda purpose_id: url_for(".notice", notice_id=purpose_id),
    "refund": lambda purpose_id: url_for("refunds.show", refund_id=purpose_id),
    "card_payout": lambda purpose_id: url_for("card_payouts.show", payout_id=str(purpose_id)),
    "payout": lambda purpose_id: url_for("payouts.payout", payout_id=purpose_id),
    "desk_action": _to_desk,
}


def _outcome_words(outcome: str | None) -> str:
    words: dict[str | None, str] = {
        None: _("chưa ghi sổ"),
        "matched": _("khớp mã, đúng số tiền"),
        "ignored": _("không phải tiền vào"),
        "known": _("đã được báo từ trước"),
    }
    return words.get(outcome) or desk_words.outcome(outcome or "")
