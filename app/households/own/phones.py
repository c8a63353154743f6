"""The sign-in follows the number on a household's papers; steps with the household's row locked."""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.clock import Clock
from app.core.crypto import DataKey, seal
from app.core.database import require_transaction
from app.households.registry import fields
from app.households.registry import queries as registry
from app.households.registry.fields import Fields
from app.households.registry.models import Household, Purpose, Status
from app.identity import operations as identity
from app.identity import queries as accounts

from . import people
from .models import Member, Relation


def follow(actor: Actor, household: Household, before: Fields, *, clock: Clock) -> None:
    """The number, or whose it is, was changed: who held the old one is out at once, unless they are in the household
    by another row; who holds the new one is in. Both hear of it by text message.

    A contact's number lets nobody in before the household agreed to be reached, and nobody comes in before it is
    verified.

    Args:
        before: the fields as they were.
    """
    now = fields.of(household)
    old, new = before["phone"], now["phone"]
    for row in _owners(household, old, by_contact=bool(before["phone_is_contact"])):
        _detach(row, clock)
    came = _let_in(actor, household, new, clock) if new and household.status == Status.VERIFIED else None
    left = accounts.by_phone(old) if old else None
    if left is not None and left.id not in _inside(household.id):
        ended = identity.end_household(user_id=left.id, household_id=household.id, clock=clock, actor=actor)
        if ended:
            identity.queue_sms(phone_e164=old, text=_phone_left(), clock=clock)
    if came is not None and old != new:
        identity.queue_sms(phone_e164=new, text=_phone_came(), clock=clock)


def note_head(household: Household) -> None:
    """Once approved, the number on the papers lets the head in: note it with them, and the account that speaks."""
    phone = fields.of(household)["phone"]
    user = accounts.by_phone(phone) if phone and not household.phone_is_contact else None
    if phone and user is not None:
        key = require_transaction().get_one(DataKey, household.data_key_id)
        for row in people.present(household.id):
            if row.relation == Relation.HEAD and row.user_id != user.id:
                row.phone_enc, row.user_id = seal(key, people.PHONE, phone), user.id
        require_transaction().flush()


def _owners(household: Household, phone: str | None, *, by_contact: bool) -> list[Member]:
    """The rows that stand for the number on the papers; the same number of another member is theirs."""
    relation = Relation.CONTACT if by_contact else Relation.HEAD
    rows = [row for row in people.present(household.id) if row.relation == relation and phone]
    return [row for row in rows if people.opened(household, row).phone == phone]


def _detach(row: Member, clock: Clock) -> None:
    if row.relation == Relation.CONTACT:
        row.removed_at = clock.now()
    else:
        row.phone_enc = row.user_id = None
    require_transaction().flush()


def _let_in(actor: Actor, household: Household, phone: str, clock: Clock) -> UUID | None:
    """Who holds this number, once they may speak for the household."""
    if not any(row.relation == Relation.HEAD for row in people.present(household.id)):
        people.follow(actor, household, approved=True, clock=clock)
    elif not household.phone_is_contact:
        identity.grant_household(phone=phone, household_id=household.id, display_name=_("Bà con"), clock=clock)
        note_head(household)
    elif registry.has_consent(household.id, Purpose.CONTACT):
        people.add_contact(actor, household, phone, clock=clock)
    found = accounts.by_phone(phone)
    return found.id if found and found.id in _inside(household.id) else None


def _inside(household_id: UUID) -> set[UUID]:
    return {row.user_id for row in people.present(household_id) if row.user_id}


def _phone_left() -> str:
    return str(_("Chợ Phiên: số này không còn dùng cho hồ sơ của hộ. Nếu không phải bà con đổi, gọi ngay cán bộ xã."))


def _phone_came() -> str:
    return str(_("Chợ Phiên: xã đã ghi số này vào hồ sơ của nhà mình. Đăng nhập bằng số này để vào gian hàng."))
