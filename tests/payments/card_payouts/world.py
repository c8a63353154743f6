"""What the payout tests do and look at: cards that are charged, the gateway's payouts of them, the books."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.payments.card_payouts import gateway, queries, services
from app.payments.card_payouts.models import CardPayout, CardPayoutLine
from app.payments.ledger import queries as ledger
from app.payments.ledger.models import AccountKind

FEE_OF_50_000 = 50_000 * 340 // 10_000 + 2_000


def discover() -> int:
    return services.discover(gateway=gateway.current(), clock=SYSTEM_CLOCK)


def catch_up(payout: CardPayout, **more: Any) -> bool:
    return services.catch_up(payout.id, gateway=more.pop("through", None) or gateway.current(), clock=SYSTEM_CLOCK)


def known(payout_id: str) -> CardPayout:
    """What we know of the gateway's payout, as it is now."""
    db.session.rollback()
    return queries.by_name(payout_id)


def lines_of(payout: CardPayout) -> list[CardPayoutLine]:
    db.session.rollback()
    return [item.line for item in queries.line_items(payout.id, after=None, limit=1000)]


def balance_vnd(kind: AccountKind, owner: str) -> int:
    db.session.rollback()
    account = ledger.find_account(kind, owner)
    return ledger.balance_vnd(account.id) if account else 0


def books() -> tuple[int, int, int]:
    """What the gateway owes us, what reached our collection account, and what the gateway kept; in đồng."""
    return (
        -balance_vnd(AccountKind.OUTSIDE_CARD, "stripe"),
        -balance_vnd(AccountKind.OUTSIDE_BANK, "collection"),
        -balance_vnd(AccountKind.GATEWAY_FEE, "stripe"),
    )


def transfers_of(payout: CardPayout) -> int:
    """How many ledger transfers were posted for the payout."""
    db.session.rollback()
    count = sa.text("SELECT count(*) FROM ledger_transfer WHERE purpose_kind = 'card_payout' AND purpose_id = :id")
    return int(db.session.scalar(count, {"id": payout.id}) or 0)
