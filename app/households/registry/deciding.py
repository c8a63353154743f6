"""An officer's decisions about a registration, and taking them back; steps inside an open transaction.

The household's row is locked by the caller. Each demands an officer of its commune and is written down.
"""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.database import require_transaction
from app.identity import operations as identity

from . import listeners, operations, people, states, versions
from .errors import OwnWork
from .listeners import What
from .models import Household
from .people import Field
from .states import Event


def approve(actor: Actor, household: Household, *, clock: Clock) -> None:
    """Approve a registration somebody else made, and whose fields the actor did not correct at the door either.

    Its phone can then sign in for the household.

    Raises:
        NotAnOfficer, OwnWork, WrongStep.
    """
    operations.demand_officer(actor, household)
    if household.registered_by == actor.user_id or versions.wrote(household, actor.user_id):
        raise OwnWork
    household.status = states.after(household.status, Event.VERIFY)
    household.verified_by, household.verified_at = operations.who(actor), clock.now()
    _note("household_verified", actor, household, clock)
    phone = people.open_field(household, Field.PHONE)
    if phone:
        name = (people.open_field(household, Field.HEAD_NAME) or "").split()[-1]
        user = identity.grant_household(phone=phone, household_id=household.id, display_name=name, clock=clock)
        identity.queue_sms(user=user, text=_shop_can_open(), clock=clock)
    require_transaction().flush()
    listeners.tell(household.id, What.VERIFIED, clock=clock)


def send_back(actor: Actor, household: Household, *, reason: str, clock: Clock) -> None:
    """Send a registration back to the team with what to mend; what it said then is remembered.

    Raises:
        NotAnOfficer, WrongStep.
    """
    operations.demand_officer(actor, household)
    household.status = states.after(household.status, Event.RETURN)
    household.return_reason, household.returned_version = reason, household.version
    _note("household_returned", actor, household, clock)


def take_back_approval(actor: Actor, household: Household, *, reason: str, clock: Clock) -> None:
    """Make an approved household wait again. Shops and public pages pause with it; what was paid goes on.

    Raises:
        NotAnOfficer, WrongStep.
    """
    operations.demand_officer(actor, household)
    household.status = states.after(household.status, Event.TAKE_BACK_APPROVAL)
    household.verified_by = household.verified_at = None
    _note("household_unverified", actor, household, clock, reason=reason)
    phone = people.open_field(household, Field.PHONE)
    if phone:
        identity.queue_sms(phone_e164=phone, text=_looked_at_again(), clock=clock)
    require_transaction().flush()
    listeners.tell(household.id, What.UNVERIFIED, clock=clock)


def take_back_return(actor: Actor, household: Household, *, reason: str, clock: Clock) -> None:
    """Let a registration that was sent back, and not sent in again, wait for approval as it is.

    Raises:
        NotAnOfficer, WrongStep.
    """
    operations.demand_officer(actor, household)
    household.status = states.after(household.status, Event.TAKE_BACK_RETURN)
    household.return_reason = household.returned_version = None
    _note("household_return_taken_back", actor, household, clock, reason=reason)


def _note(action: str, actor: Actor, household: Household, clock: Clock, **details: object) -> None:
    record(action, actor=actor, subject_kind=operations.SUBJECT, subject_id=household.id, clock=clock, **details)


def _shop_can_open() -> str:
    text = _("Chợ Phiên: xã đã duyệt hồ sơ của nhà mình. Đăng nhập bằng số này, vào mục Bán hàng để mở gian hàng.")
    return str(text)


def _looked_at_again() -> str:
    text = _("Chợ Phiên: xã đang xem lại hồ sơ của nhà mình, gian hàng tạm dừng nhận đơn mới. Hỏi cán bộ xã nếu cần.")
    return str(text)
