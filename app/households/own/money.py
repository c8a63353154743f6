"""Whether money of a household is under way, in words it understands."""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _

from app.core.money import format_vnd
from app.payments.ledger import queries as ledger
from app.payments.requests import queries as requests

from . import ports


def under_way(household_id: UUID) -> list[str]:
    """Why the household cannot be erased yet, a sentence each; empty when all money has come to rest."""
    payees = ports.payees_of(household_id)
    return [*_requests(payees), *_balances(payees)] if payees else []


def _requests(payees: set[UUID]) -> list[str]:
    waiting, back, kept = requests.unsettled(payees)
    found = []
    if waiting:
        found.append(_("Còn %(count)s đơn hoặc khoản ủng hộ đang chờ tiền về.", count=waiting))
    if back:
        found.append(_("Còn %(count)s khoản đang hoàn lại cho người mua.", count=back))
    if kept:
        found.append(_("Còn %(count)s khoản người mua trả thiếu, chưa trả lại họ.", count=kept))
    return found


def _balances(payees: set[UUID]) -> list[str]:
    owed, debt, moving = ledger.owed([str(payee) for payee in payees])
    found = []
    if owed:
        found.append(_("Còn %(sum)s chưa chuyển về tài khoản nhà mình.", sum=format_vnd(owed)))
    if moving:
        found.append(_("Có một lần chi trả đang trên đường về tài khoản nhà mình."))
    if debt:
        found.append(_("Nhà mình còn thiếu %(sum)s do đã hoàn tiền cho người mua.", sum=format_vnd(debt)))
    return found
