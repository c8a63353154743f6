"""A shop follows its household: held while the commune's word or the household's own yes is missing, then as before.

And what a shop asks for before its household's record may be closed because another one stands for it.
"""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _

from app.core import audit
from app.core.clock import Clock
from app.core.database import current_actor, require_transaction
from app.households.registry import queries as registry
from app.households.registry.listeners import What
from app.households.registry.models import Purpose, Status

from . import queries

FOLLOWED = frozenset({What.VERIFIED, What.UNVERIFIED, What.MERGED, What.ERASED, What.CONSENT})


def follow(household_id: UUID, what: What, clock: Clock) -> None:
    """Hold the household's shop or let it go, inside the transaction that changed the household.

    Orders that were paid go on: they are a contract between buyer and seller. Nothing new can be bought.
    """
    shop = queries.shop_of(household_id) if what in FOLLOWED else None
    if shop is None:
        return
    may_sell = (
        what not in (What.UNVERIFIED, What.MERGED, What.ERASED)
        and registry.get(household_id).status == Status.VERIFIED
        and registry.has_consent(household_id, Purpose.SELLING)
    )
    if may_sell == (shop.held_since is None):
        return
    shop.held_since = None if may_sell else clock.now()
    action = "shop.released" if may_sell else "shop.held"
    audit.record(action, actor=current_actor(), subject_kind="shop", subject_id=shop.id, clock=clock, why=what)
    require_transaction().flush()


def what_hangs_on(household_id: UUID) -> list[str]:
    """Why the household's record cannot be closed while its shop is as it is."""
    shop = queries.shop_of(household_id)
    if shop is None:
        return []
    if shop.is_open:
        return [
            str(_("Hồ sơ sẽ đóng đang mở gian hàng. Hãy giữ lại hồ sơ đó, hoặc nhờ bà con bấm tạm nghỉ bán trước."))
        ]
    if queries.has_promised(shop.id):
        return [str(_("Gian hàng của hồ sơ sẽ đóng còn đơn chờ khách trả tiền. Chờ đơn xong rồi gộp."))]
    return []
