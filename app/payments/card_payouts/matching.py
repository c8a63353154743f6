"""What of ours each line of a payout is, and where it differs. Reads only; whole pages at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.payments.card_payouts import queries, sources
from app.payments.card_payouts.models import CardPayout, Difference
from app.payments.card_payouts.sources import KnownRefund
from app.payments.cards import queries as cards
from app.payments.cards.models import CardPayment, CardReturn

CHARGES = frozenset({"charge", "payment"})
REFUNDS = frozenset({"refund", "payment_refund", "refund_failure"})
FEES = frozenset({"stripe_fee", "stripe_fx_fee", "tax_fee", "network_cost"})
PAYOUTS = frozenset({"payout", "payout_failure", "payout_cancel"})


@dataclass(frozen=True)
class Line:
    """What matching needs of a line; amounts as the gateway signs them, in đồng."""

    txn_id: str
    type: str
    amount_vnd: int
    source_id: str | None
    intent_id: str | None


@dataclass(frozen=True)
class Match:
    """What a line is of ours, and why it does not fit, if so."""

    difference: Difference | None
    card_payment_id: UUID | None = None
    refund_id: UUID | None = None
    card_return_id: UUID | None = None
    other_payout_id: UUID | None = None


@dataclass(frozen=True)
class _Known:
    payments: Mapping[str, CardPayment]
    refunds: Mapping[str, KnownRefund]
    returns: Mapping[str, CardReturn]
    payouts: Mapping[str, CardPayout]


def match(lines: Sequence[Line]) -> list[Match]:
    """Each line's match, in the order of the lines; a payment fits one line only, the first of them."""
    known = _look_up(lines)
    taken = queries.taken_payments({payment.id for payment in known.payments.values()})
    matches = []
    for line in lines:
        found = _match(line, known)
        payment_id = found.card_payment_id
        if found.difference is None and payment_id is not None:
            if taken.get(payment_id, line.txn_id) != line.txn_id:
                found = Match(Difference.TWICE, card_payment_id=payment_id)
            taken.setdefault(payment_id, line.txn_id)
        matches.append(found)
    return matches


def _look_up(lines: Sequence[Line]) -> _Known:
    refunds = {line.source_id for line in lines if line.type in REFUNDS and line.source_id}
    return _Known(
        payments=cards.by_intents({line.intent_id for line in lines if line.type in CHARGES and line.intent_id}),
        refunds=sources.find_refunds(refunds),
        returns=cards.returns_by_name(refunds),
        payouts=queries.by_names({line.source_id for line in lines if line.type in PAYOUTS and line.source_id}),
    )


def _match(line: Line, known: _Known) -> Match:
    if line.type in CHARGES:
        return _match_charge(line, known.payments.get(line.intent_id or ""))
    if line.type in REFUNDS:
        return _match_refund(line, known)
    if line.type in FEES:
        return Match(None)
    if line.type in PAYOUTS:
        return _match_payout(line, known.payouts.get(line.source_id or ""))
    return Match(Difference.OTHER)


def _match_charge(line: Line, payment: CardPayment | None) -> Match:
    if payment is None:
        return Match(Difference.UNKNOWN)
    if payment.received_vnd is None:
        return Match(Difference.NOT_CHARGED, card_payment_id=payment.id)
    fits = payment.received_vnd == line.amount_vnd
    return Match(None if fits else Difference.AMOUNT, card_payment_id=payment.id)


def _match_refund(line: Line, known: _Known) -> Match:
    """A refund leaves the balance; one that failed comes back to it."""
    back_vnd = line.amount_vnd if line.type == "refund_failure" else -line.amount_vnd
    refund, returned = known.refunds.get(line.source_id or ""), known.returns.get(line.source_id or "")
    if refund is not None:
        return Match(None if refund.amount_vnd == back_vnd else Difference.AMOUNT, refund_id=refund.id)
    if returned is not None:
        return Match(None if returned.amount_vnd == back_vnd else Difference.AMOUNT, card_return_id=returned.id)
    return Match(Difference.UNKNOWN)


def _match_payout(line: Line, payout: CardPayout | None) -> Match:
    """Another payout: a manual one left the balance, one that failed came back to it."""
    if payout is None:
        return Match(Difference.UNKNOWN)
    left_vnd = -line.amount_vnd if line.type == "payout" else line.amount_vnd
    return Match(None if payout.amount_vnd == left_vnd else Difference.AMOUNT, other_payout_id=payout.id)
