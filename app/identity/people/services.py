"""Use cases: bring somebody in, give a role, end it, switch a person off and on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.database import transaction
from app.core.errors import BadInput, Forbidden
from app.core.texts import tidy
from app.identity import operations, teams
from app.identity import queries as identity
from app.identity.models import RoleGrant, User
from app.identity.operations import NewGrant
from app.identity.roles import Role

from . import queries
from .errors import GrantEnded, NoSuchGrant, NoSuchPerson

MIN_NAME, MAX_NAME = 2, 60
MIN_REASON, MAX_REASON = 5, 300


def bring_in(*, actor: Actor, phone: str, name: str, grant: NewGrant, clock: Clock) -> User:
    """Give a role to whoever has this phone, made when nobody has it yet; they get a text message.

    Raises:
        BadPhone, BadInput: a number or name that can't be, an end before the beginning.
        Forbidden: the actor may not give this role there.
        MixedReach: they hold a role with another kind of reach.
    """
    words = tidy(name)
    if not MIN_NAME <= len(words) <= MAX_NAME:
        sentence = _("Ghi họ tên người này.")
        raise BadInput(sentence, errors={"name": [sentence]})
    _demand_order(grant, clock)
    with transaction(actor=actor):
        user = teams.find_or_add(phone=phone, display_name=words, clock=clock)
        _give(user, grant, actor=actor, clock=clock)
    return user


def give(*, actor: Actor, user_id: UUID, grant: NewGrant, clock: Clock) -> None:
    """Give a role to somebody the actor looks after.

    Raises:
        NoSuchPerson, BadInput, Forbidden, MixedReach: as for `bring_in`.
    """
    _demand_order(grant, clock)
    with transaction(actor=actor):
        queries.find(actor, user_id)
        _give(_locked(user_id), grant, actor=actor, clock=clock)


def end(*, actor: Actor, grant_id: UUID, reason: str, clock: Clock) -> UUID:
    """End a role now; what it opened is closed with the next request. The person's id.

    Raises:
        NoSuchGrant: none, or not theirs to look after.
        GrantEnded: it ended before.
        Forbidden: the actor may not give this role there, so neither end it; or it is their own.
        BadInput: no reason.
    """
    words = _reason(reason)
    with transaction(actor=actor) as session:
        held = session.scalar(
            sa.select(RoleGrant).where(RoleGrant.id == grant_id, queries.in_scope(actor)).with_for_update()
        )
        if held is None:
            raise NoSuchGrant
        if held.user_id == actor.user_id:
            raise Forbidden(_("Không tự kết thúc phận sự của mình được. Nhờ người khác làm giúp."))
        operations.demand_right_to_grant(actor, NewGrant(Role(held.role), held.area_code))
        now = clock.now()
        if held.valid_to is not None and held.valid_to <= now:
            raise GrantEnded
        held.valid_to = max(now, held.valid_from)
        record(
            "role_ended", actor=actor, subject_kind="user", subject_id=held.user_id, clock=clock, role=held.role,
            area_code=held.area_code, reason=words,
        )  # fmt: skip
    return held.user_id


def switch_off(*, actor: Actor, user_id: UUID, reason: str, clock: Clock) -> None:
    """Switch a person off: every session and token ends at once. Their roles stay on record.

    Raises:
        NoSuchPerson: not theirs to look after.
        Forbidden: not the province, or oneself.
        BadInput: no reason.
    """
    words = _reason(reason)
    _demand_province(actor, user_id)
    with transaction(actor=actor):
        queries.find(actor, user_id)
        user = _locked(user_id)
        user.active, user.fs_uniquifier = False, operations.new_uniquifier()
        record("user_deactivated", actor=actor, subject_kind="user", subject_id=user_id, clock=clock, reason=words)


def switch_on(*, actor: Actor, user_id: UUID, clock: Clock) -> None:
    """Take a switching off back; the person signs in anew.

    Raises:
        NoSuchPerson, Forbidden: as for `switch_off`.
    """
    _demand_province(actor, user_id)
    with transaction(actor=actor):
        queries.find(actor, user_id)
        _locked(user_id).active = True
        record("user_reactivated", actor=actor, subject_kind="user", subject_id=user_id, clock=clock)


def _give(user: User, grant: NewGrant, *, actor: Actor, clock: Clock) -> None:
    if grant.role == Role.HOUSEHOLD:
        raise Forbidden(_("Tài khoản của hộ do xã duyệt hồ sơ mà có, không cấp ở đây."))
    if not user.active:
        raise NoSuchPerson
    operations.grant_role(user, grant, actor=actor, clock=clock)
    operations.queue_sms(
        user=user, text=str(_("Chợ Phiên: bà con vừa được giao việc. Đăng nhập bằng số này.")), clock=clock
    )


def _locked(user_id: UUID) -> User:
    user = identity.get(user_id, for_update=True)
    if user is None:
        raise NoSuchPerson
    return user


def _demand_province(actor: Actor, user_id: UUID) -> None:
    if not actor.has_role(Role.PROVINCE_OPERATOR) or actor.user_id == user_id:
        raise Forbidden(_("Bà con chưa được giao quyền khóa tài khoản này."))


def _demand_order(grant: NewGrant, clock: Clock) -> None:
    begins: datetime = grant.valid_from or clock.now()
    if grant.valid_to is not None and grant.valid_to <= max(begins, clock.now()):
        sentence = _("Ngày hết hạn phải sau hôm nay và sau ngày bắt đầu.")
        raise BadInput(sentence, errors={"until": [sentence]})


def _reason(text: str) -> str:
    words = tidy(text)
    if not MIN_REASON <= len(words) <= MAX_REASON:
        sentence = _("Ghi lý do ngắn gọn, từ %(min)d đến %(max)d chữ cái.", min=MIN_REASON, max=MAX_REASON)
        raise BadInput(sentence, errors={"reason": [sentence]})
    return words
