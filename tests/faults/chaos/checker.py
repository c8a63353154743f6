"""Afterwards: everything that was acknowledged is in the books exactly once, and the books balance."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa

from app.config import DEMO_SECRETS
from app.core.database import db
from app.payments.bank.models import BankNotice
from app.payments.cards.models import CardPayment
from app.payments.ledger.books import check_books
from app.payments.ledger.models import OUTSIDE, AccountKind
from app.payments.payouts.models import Payout, PayoutBatch
from app.payments.refunds.models import Refund
from app.payments.requests.models import PaymentRequest
from tests.faults.books import moved_vnd

Line = dict[str, Any]


def lost_or_twice(lines: Sequence[Line], sandbox_state: Path) -> list[str]:
    """What is wrong, in words; empty when all is well."""
    problems: list[str] = []
    for line in lines:
        check = CHECKS[line["what"]]
        wrong = check(line)
        if wrong:
            problems.append(f"acknowledged {line}: {wrong}")
    problems += _unknown_to_us(sandbox_state)
    for result in check_books():
        problems += [f"books: {result.name}: {problem}" for problem in result.problems]
    db.session.rollback()
    return problems


def _asked(line: Line) -> str:
    request = _request(line["code"])
    if request is None:
        return "lost"
    return "" if request.amount_vnd == line["amount_vnd"] else f"asks for {request.amount_vnd} đ"


def _sale(line: Line) -> str:
    notices = list(db.session.scalars(sa.select(BankNotice).where(BankNotice.reference == line["reference"])))
    if len(notices) != 1:
        return f"{len(notices)} notices"
    return _paid_once(line)


def _charge(line: Line) -> str:
    payments = db.session.scalars(sa.select(CardPayment).where(CardPayment.intent_id == line["intent_id"])).all()
    if [payment.status for payment in payments] != ["succeeded"]:
        return f"its payments: {[payment.status for payment in payments]}"
    return _paid_once(line)


def _paid_once(line: Line) -> str:
    request = _request(line["code"])
    if request is None:
        return "its request is lost"
    posted = moved_vnd(request.id, *OUTSIDE, AccountKind.SUSPENSE)
    if posted != [-line["amount_vnd"]] or request.paid_vnd != line["amount_vnd"]:
        return f"{request.status}, paid {request.paid_vnd} đ, posted {posted}"
    return ""


def _refund(line: Line) -> str:
    refund = db.session.get(Refund, UUID(line["id"]), populate_existing=True)
    if refund is None:
        return "lost"
    moved = moved_vnd(refund.id, AccountKind.OUTSIDE_CARD)
    if refund.status != "succeeded" or sum(moved) != line["amount_vnd"]:
        return f"{refund.status}, moved {moved}"
    return ""


def _batch(line: Line) -> str:
    return "" if db.session.get(PayoutBatch, UUID(line["id"]), populate_existing=True) else "lost"


def _approval(line: Line) -> str:
    batch = db.session.get(PayoutBatch, UUID(line["id"]), populate_existing=True)
    if batch is None or batch.approved_by is None:
        return "lost"
    return ""


def _payouts(line: Line) -> str:
    found = list(db.session.scalars(sa.select(Payout).where(Payout.code.in_(line["codes"]))))
    if len(found) != len(line["codes"]):
        return f"{len(found)} of {len(line['codes'])} payouts"
    for payout in found:
        moved = moved_vnd(payout.id, AccountKind.OUTSIDE_PAYEE)
        if payout.status != "confirmed" or moved != [payout.amount_vnd]:
            return f"{payout.code} is {payout.status}, moved {moved}"
    return ""


CHECKS: dict[str, Callable[[Line], str]] = {
    "asked": _asked,
    "sale": _sale,
    "charge": _charge,
    "refund": _refund,
    "batch": _batch,
    "approval": _approval,
    "payouts": _payouts,
}


def _request(code: str) -> PaymentRequest | None:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalar(sa.select(PaymentRequest).where(PaymentRequest.code == code))


def _unknown_to_us(sandbox_state: Path) -> list[str]:
    """What the gateway did for rows we do not have, or more than once for one row."""
    problems = []
    for kind, key, model in (("refund", "refund", Refund), ("payment_intent", "card_payment", CardPayment)):
        ours = [str(each) for each in db.session.scalars(sa.select(model.id))]
        made = [body["metadata"].get(key) for body in gateway_objects(sandbox_state, kind)]
        problems += [f"the gateway made {kind} for {row}, which we do not know" for row in set(made) - set(ours)]
        problems += [
            f"the gateway made {made.count(row)} × {kind} for {row}" for row in set(made) if made.count(row) > 1
        ]
    return problems


def gateway_objects(sandbox_state: Path, kind: str) -> list[dict[str, Any]]:
    """Everything of a kind at the gateway."""
    with sqlite3.connect(f"file:{sandbox_state}?mode=ro", uri=True) as store:
        return [json.loads(row[0]) for row in store.execute("SELECT body FROM card_objects WHERE kind = ?", [kind])]


def undelivered(sandbox_state: Path) -> list[int]:
    """Notices of the sandbox that were never acknowledged."""
    with sqlite3.connect(f"file:{sandbox_state}?mode=ro", uri=True) as store:
        rows = store.execute("SELECT id FROM notices WHERE wire = 'stripe' AND state <> 'delivered'")
        return [row[0] for row in rows]


def deliver_again(sandbox: str, notice_id: int) -> None:
    """As Stripe goes on doing for three days."""
    key = {"Authorization": f"Bearer {DEMO_SECRETS['STRIPE_SECRET_KEY']}"}
    httpx.post(f"{sandbox}/stripe/gui-lai/{notice_id}", headers=key, trust_env=False, timeout=15)
