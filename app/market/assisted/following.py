"""Listings follow their household: what waits is called off once it may not sell, and goes when it is erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from app.core.clock import Clock
from app.core.database import current_actor, require_transaction
from app.core.money import format_vnd
from app.households.registry import queries as registry
from app.households.registry.listeners import What
from app.households.registry.models import Purpose
from app.market.catalogue.ports import Waiting

from . import operations, queries
from .models import How, Status


def follow(household_id: UUID, what: What, clock: Clock) -> None:
    """Call off what waits for a household that may not sell any more, inside the transaction that changed it.

    A yes that is given again does not wake it: it is to be written down anew.
    """
    over = what in (What.UNVERIFIED, What.MERGED, What.ERASED)
    if over or (what is What.CONSENT and not registry.has_consent(household_id, Purpose.SELLING)):
        for listing in queries.lock_waiting(household_id):
            operations.decide(current_actor(), listing, Status.CANCELLED, how=How.RULE, clock=clock)
    if what is What.ERASED:
        _forget(household_id, clock)


def waiting(household_id: UUID, clock: Clock) -> Sequence[Waiting]:
    """What a seller is shown above the shop."""
    return [
        Waiting(
            title=_("Tổ công nghệ ghi giúp món: %(name)s", name=one.name),
            body=_(
                "Giá %(price)s/%(unit)s. Chưa bày bán, chờ nhà mình đồng ý.",
                price=format_vnd(one.price_vnd),
                unit=one.unit,
            ),
            href=f"/ban-hang/nho-dang/{one.code}",
        )
        for one in queries.waiting_for(household_id, at=clock.now())
    ]


def section(household_id: UUID) -> dict[str, Any] | None:
    """What was written down for the household, for its own export, JSON-ready."""
    rows = queries.all_of(household_id)
    if not rows:
        return None
    return {
        "listings": [
            {
                "code": row.code,
                "name": row.name,
                "unit": row.unit,
                "price_vnd": row.price_vnd,
                "stock": row.stock,
                "listed_at": row.listed_at.isoformat(),
                "status": row.status,
                "decided_at": row.decided_at.isoformat() if row.decided_at else None,
            }
            for row in rows
        ]
    }


def _forget(household_id: UUID, clock: Clock) -> None:
    """Names and photos go; that something was written down, answered and by which way stays, as in the audit."""
    for row in queries.all_of(household_id):
        row.name, row.name_key = _("Đã xóa"), ""
        operations.drop_photo(row)
        if row.undo_until is not None and row.undo_until > clock.now():
            row.undo_until = clock.now()
    require_transaction().flush()
