"""The gateway's balance and its payouts to the platform's bank account. Amounts are whole đồng.

Every movement is a balance transaction; the daily payout takes all that no payout took before. The row's `parent` is
the payout that took it. As at Stripe, a manual payout takes no transactions: it is one itself, for the next daily one.
"""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime
from typing import Any

from sandbox.cards import forms
from sandbox.cards.errors import GatewayError
from sandbox.cards.events import Origin, emit
from sandbox.cards.objects import children, list_page, load, new_id, save

FEE_BP = 340
FEE_FIXED_VND = 2_000
KIND = "balance_transaction"
Answer = tuple[int, dict[str, Any]]


def note_charge(db: sqlite3.Connection, charge: dict[str, Any]) -> None:
    """A card was charged: the gateway keeps 3.4 % and 2,000 đ."""
    fee = charge["amount_captured"] * FEE_BP // 10_000 + FEE_FIXED_VND
    _note(db, "charge", charge["amount_captured"], source=charge["id"], fee=fee, txn_id=charge["balance_transaction"])


def note_refund(db: sqlite3.Connection, refund: dict[str, Any]) -> None:
    """Money went back to a card; the charge's fee is not given back."""
    _note(db, "refund", -refund["amount"], source=refund["id"], txn_id=refund["balance_transaction"])


def note_adjustment(db: sqlite3.Connection, amount: int) -> None:
    """Something that is neither a charge nor a refund."""
    _note(db, "adjustment", amount, source=None)


def _note(
    db: sqlite3.Connection, kind: str, amount: int, *, source: str | None, fee: int = 0, txn_id: str | None = None
) -> str:
    now = int(time.time())
    details = [{"amount": fee, "currency": "vnd", "description": "Stripe processing fees", "type": "stripe_fee"}]
    body = {
        "id": txn_id or new_id("txn"),
        "object": KIND,
        "amount": amount,
        "available_on": now,
        "created": now,
        "currency": "vnd",
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details if fee else [],
        "net": amount - fee,
        "reporting_category": kind,
        "source": source,
        "status": "available",
        "type": kind,
    }
    save(db, KIND, body)
    return str(body["id"])


def _waiting(db: sqlite3.Connection) -> list[tuple[str, int]]:
    rows = db.execute(
        "SELECT id, json_extract(body, '$.net') AS net FROM card_objects WHERE kind = ? AND parent IS NULL", (KIND,)
    )
    return [(row["id"], row["net"]) for row in rows]


def _draft(amount: int, *, automatic: bool, metadata: dict[str, str]) -> dict[str, Any]:
    now = int(time.time())
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "id": new_id("po"),
        "object": "payout",
        "amount": amount,
        "arrival_date": int(midnight.timestamp()) + 86_400,
        "automatic": automatic,
        "balance_transaction": None,
        "created": now,
        "currency": "vnd",
        "description": "STRIPE PAYOUT",
        "destination": "ba_sandbox",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": metadata,
        "method": "standard",
        "reconciliation_status": "completed" if automatic else "not_applicable",
        "source_type": "card",
        "status": "in_transit",
        "type": "bank_account",
    }


def pay_out_daily(db: sqlite3.Connection, origin: Origin, *, amount_off: int = 0) -> dict[str, Any]:
    """Pay out everything that waits, as the automatic schedule does.

    Args:
        amount_off: make a payout that differs from its transactions by so much; for tests.

    Raises:
        GatewayError: 400, nothing waits.
    """
    waiting = _waiting(db)
    total = sum(net for _txn, net in waiting)
    if total <= 0:
        raise GatewayError("There is nothing to pay out.", code="balance_insufficient")
    payout = _draft(total + amount_off, automatic=True, metadata={})
    payout["balance_transaction"] = _note(db, "payout", -payout["amount"], source=payout["id"])
    save(db, "payout", payout)
    taken = [*(txn for txn, _net in waiting), payout["balance_transaction"]]
    db.executemany("UPDATE card_objects SET parent = ? WHERE id = ?", [(payout["id"], txn) for txn in taken])
    emit(db, "payout.created", payout, origin)
    return payout


def create(db: sqlite3.Connection, params: dict[str, Any], origin: Origin) -> Answer:
    """`POST /v1/payouts`: a manual payout, out of what waits.

    Raises:
        GatewayError: 400, more than what waits.
    """
    amount = forms.amount_vnd(params)
    if str(params.get("currency", "")).lower() != "vnd":
        raise GatewayError("Invalid currency. This gateway only takes vnd.", param="currency")
    if amount > sum(net for _txn, net in _waiting(db)):
        raise GatewayError("You have insufficient funds in your account.", code="balance_insufficient")
    payout = _draft(amount, automatic=False, metadata=forms.metadata(params))
    payout["balance_transaction"] = _note(db, "payout", -amount, source=payout["id"])
    save(db, "payout", payout)
    emit(db, "payout.created", payout, origin)
    return 200, payout


def finish(db: sqlite3.Connection, payout_id: str, outcome: str, origin: Origin) -> dict[str, Any]:
    """The bank's word: `paid`, or `failed` (also after `paid`), which puts the money back into the balance.

    Raises:
        GatewayError: 400, the payout can't become that any more.
    """
    payout = load(db, "payout", payout_id)
    if (payout["status"], outcome) not in (("in_transit", "paid"), ("in_transit", "failed"), ("paid", "failed")):
        raise GatewayError(f"This payout is {payout['status']} and cannot become {outcome}.", param="outcome")
    payout["status"] = outcome
    if outcome == "failed":
        payout |= {"failure_code": "account_closed", "failure_message": "The bank account has been closed."}
        payout["failure_balance_transaction"] = _note(db, "payout_failure", payout["amount"], source=payout_id)
    save(db, "payout", payout)
    emit(db, f"payout.{outcome}", payout, origin)
    return payout


def transactions(db: sqlite3.Connection, params: dict[str, Any]) -> dict[str, Any]:
    """`GET /v1/balance_transactions`, of one automatic `payout` or all; `expand[]=data.source` puts sources in place.

    Raises:
        GatewayError: 400, the payout is a manual one.
    """
    payout_id = params.get("payout")
    if payout_id and not load(db, "payout", str(payout_id), param="payout")["automatic"]:
        raise GatewayError(
            "Balance transaction history can only be filtered on automatic payouts, not manual.", param="payout"
        )
    equal = {"type": forms.listed(params.get("type")), "source": forms.listed(params.get("source"))}
    page = list_page(
        db, KIND, params, url="/v1/balance_transactions", equal=equal, parent=str(payout_id) if payout_id else None
    )
    if "data.source" in forms.listed(params.get("expand")):
        for item in page["data"]:
            item["source"] = _source(db, item["source"])
    return page


def payouts(db: sqlite3.Connection, limit: int) -> list[tuple[dict[str, Any], int]]:
    """The newest payouts, each with the number of its transactions."""
    page = list_page(db, "payout", {"limit": str(limit)}, url="/v1/payouts", equal={})
    return [(payout, len(children(db, KIND, payout["id"]))) for payout in page["data"]]


def waiting_vnd(db: sqlite3.Connection) -> int:
    """What the next daily payout would bring."""
    return sum(net for _txn, net in _waiting(db))


def _source(db: sqlite3.Connection, source: str | None) -> dict[str, Any] | str | None:
    kind = {"ch": "charge", "re": "refund", "po": "payout"}.get((source or "").partition("_")[0])
    return load(db, kind, source) if kind and source else source
