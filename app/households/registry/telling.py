"""Text messages to a household, at the phone it was registered with. Needs an open transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from flask_babel import gettext as _

from app.core.clock import Clock, in_vietnam
from app.households.registry import people, queries
from app.households.registry.people import Field
from app.identity.operations import queue_sms

log = structlog.get_logger()


def tell_of_changed_account(
    household_id: UUID | None, *, held_until: datetime, clock: Clock, phone: str | None = None
) -> bool:
    """Have the household told that its money waits because the account it goes to was changed; whether it can be told.

    The message says nothing of either account. It may be sent as long as the money waits.

    Args:
        phone: the number known before the change; the one on the papers when left out.
    """
    phone = phone or (people.open_field(queries.get(household_id), Field.PHONE) if household_id else None)
    if phone is None:
        log.warning("changed_account_told_to_nobody", household_id=str(household_id))
        return False
    text = _(
        "Chợ Phiên: tài khoản nhận tiền của bà con vừa đổi, tiền được giữ đến %(until)s. Nếu không phải bà con đổi, "
        "gọi ngay cho cán bộ xã.",
        until=in_vietnam(held_until).strftime("%H:%M %d/%m"),
    )
    queue_sms(text=text, phone_e164=phone, not_after=held_until, clock=clock)
    return True
