"""What the rules ask of a request: plain computing on its charges. All amounts in đồng."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa

from app.core.database import require_transaction
from app.payments.fees.models import FeeCharge, FeeReturn, Kind

WHOLE_BP = 10_000
# Payments lie in the room above. One that was taken back is closed.
_PAYMENTS = """
    SELECT arrival.transfer_id, arrival.amount_vnd FROM arrival
    WHERE arrival.request_id = :request_id AND arrival.transfer_id IS DISTINCT FROM CAST(:leaving AS uuid)
      AND NOT EXISTS (SELECT FROM ledger_closing AS closing WHERE closing.transfer_id = arrival.transfer_id)
    ORDER BY arrival.seq
"""


@dataclass(frozen=True)
class Standing:
    """One kind's charges on one request.

    Attributes:
        parts: base and rate (basis points; zero where no rule held) of each payment that still counts, oldest first.
        net_vnd: what was charged, less what went back.
        last_charge_id: the latest charge that still counts.
    """

    parts: tuple[tuple[int, int], ...] = ()
    net_vnd: int = 0
    last_charge_id: UUID | None = None

    def with_part(self, base_vnd: int, rate_bp: int) -> Standing:
        """With one more payment, not charged yet."""
        return replace(self, parts=(*self.parts, (base_vnd, rate_bp)))

    def asked_vnd(self, refunded_vnd: int) -> int:
        """What the rules ask when so much went back: the latest payments go back first, rounded down once."""
        left_vnd = max(sum(base_vnd for base_vnd, _rate in self.parts) - refunded_vnd, 0)
        total = 0
        for base_vnd, rate_bp in self.parts:
            counts_vnd = min(base_vnd, left_vnd)
            left_vnd -= counts_vnd
            total += counts_vnd * rate_bp
        return total // WHOLE_BP

    def excess_vnd(self, refunded_vnd: int) -> int:
        """How much more is charged than the rules ask; below zero, less."""
        return self.net_vnd - self.asked_vnd(refunded_vnd)

    def surely_back_vnd(self, amount_vnd: int, gone_vnd: int) -> int:
        """What a refund of this amount gives back at the least, in whatever order this and others come through."""
        left_vnd = max(sum(base_vnd for base_vnd, _rate in self.parts) - gone_vnd, 0)
        lowest_bp = min((rate_bp for _base, rate_bp in self.parts), default=0)
        return min(amount_vnd, left_vnd) * lowest_bp // WHOLE_BP


def load(request_id: UUID, *, leaving: UUID | None = None) -> dict[Kind, Standing]:
    """Each kind a request was ever charged, as it stands.

    A payment that no rule of a kind charged is a part at the rate of zero: it goes back in its turn like any other.

    Args:
        leaving: the transfer of a payment that is about to be taken back, and counts no more.
    """
    session = require_transaction()
    charges = session.execute(
        sa.select(
            FeeCharge.kind,
            FeeCharge.payment_transfer_id,
            FeeCharge.rate_bp,
            FeeCharge.amount_vnd,
            FeeCharge.id,
            FeeCharge.taken_back_at.is_(None),
        )
        .where(FeeCharge.request_id == request_id)
        .order_by(FeeCharge.created_at, FeeCharge.id)
    ).all()
    if not charges:
        return {}
    back = sa.select(FeeReturn.kind, sa.func.sum(FeeReturn.amount_vnd)).where(FeeReturn.request_id == request_id)
    found = {
        Kind(kind): Standing(net_vnd=-int(amount_vnd))
        for kind, amount_vnd in session.execute(back.group_by(FeeReturn.kind))
    }
    rates: dict[tuple[str, UUID], int] = {}
    for kind, payment_id, rate_bp, amount_vnd, charge_id, counts in charges:
        standing = found.get(Kind(kind), Standing())
        if counts:
            rates[kind, payment_id] = rate_bp
        if counts or standing.last_charge_id is None:
            standing = replace(standing, last_charge_id=charge_id)
        found[Kind(kind)] = replace(standing, net_vnd=standing.net_vnd + amount_vnd)
    paid = session.execute(sa.text(_PAYMENTS), {"request_id": request_id, "leaving": leaving}).all()
    return {
        kind: replace(standing, parts=tuple((vnd, rates.get((kind, payment_id), 0)) for payment_id, vnd in paid))
        for kind, standing in found.items()
    }
