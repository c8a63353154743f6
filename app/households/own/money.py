"""Whether money of a household is under way, in words it understands."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.database import db
from app.core.money import format_vnd
from app.payments.ledger.models import Account, AccountKind
from app.payments.requests.models import PaymentRequest

from . import ports

_OPEN = ("asked", "part_paid")
_ENDED = ("expired", "cancelled")


def under_way(household_id: UUID) -> list[str]:
    """Why the household cannot be erased yet, a sentence each; empty when all money has come to rest."""
    payees = ports.payees_of(household_id)
    return [*_requests(payees), *_balances(payees)] if payees else []


def _requests(payees: set[UUID]) -> list[str]:
    part = sa.and_(
        PaymentRequest.status.in_(_ENDED),
        PaymentRequest.paid_vnd > PaymentRequest.refunding_vnd + PaymentRequest.refunded_vnd,
    )
    waiting, back, kept = db.session.execute(
        sa.select(
            sa.func.count().filter(PaymentRequest.status.in_(_OPEN)),
            sa.func.count().filter(PaymentRequest.refunding_vnd > 0),
            sa.func.count().filter(part),
        ).where(PaymentRequest.payee_id.in_(payees))
    ).one()
    found = []
    if waiting:
        found.append(_("Còn %(count)s đơn hoặc khoản ủng hộ đang chờ tiền về.", count=waiting))
    if back:
        found.append(_("Còn %(count)s khoản đang hoàn lại cho người mua.", count=back))
    if kept:
        found.append(_("Còn %(count)s khoản người mua trả thiếu, chưa trả lại họ.", count=kept))
    return found


def _balances(payees: set[UUID]) -> list[str]:
    rows = db.session.execute(
        sa.select(Account.kind, Account.balance_vnd, Account.pending_in_vnd + Account.pending_out_vnd).where(
            Account.kind.in_((AccountKind.PAYABLE, AccountKind.SELLER_DEBT)),
            Account.owner_id.in_([str(payee) for payee in payees]),
        )
    ).all()
    found = []
    if owed := sum(balance or 0 for kind, balance, _moving in rows if kind == AccountKind.PAYABLE):
        found.append(_("Còn %(sum)s chưa chuyển về tài khoản nhà mình.", sum=format_vnd(owed)))
    elif any(moving for _kind, _balance, moving in rows):
        found.append(_("Có một lần chi trả đang trên đường về tài khoản nhà mình."))
    if debt := -sum(balance or 0 for kind, balance, _moving in rows if kind == AccountKind.SELLER_DEBT):
        found.append(_("Nhà mình còn thiếu %(sum)s do đã hoàn tiền cho người mua.", sum=format_vnd(debt)))
    return found
