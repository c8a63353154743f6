"""What second visits and odd records say about a household, for the officer who decides about it.

A flag stands until an officer has dealt with the household after it was raised: approved it by itself, or accepted a
change to it. What the database hides (a check of one's own registration, a sign about oneself) raises none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.database import db
from app.households.onboarding import trail
from app.households.registry import queries as registry
from app.households.registry import versions
from app.households.registry.flags import Flag
from app.households.registry.models import Household, HouseholdVersion, Status

from . import words
from .models import BackCheck, CheckStatus, FieldSign, SignStatus

MOST = 20
LIVING = (Status.SUBMITTED, Status.RETURNED, Status.VERIFIED)


class Page(TypedDict):
    """Where one looks into a flag."""

    endpoint: str
    arguments: Mapping[str, UUID]


def of_many(household_ids: Sequence[UUID]) -> dict[UUID, list[Flag]]:
    """Flags of these households, in four queries."""
    found: dict[UUID, list[Flag]] = defaultdict(list)
    for household_id, flag in (*_checked(household_ids), *_signed(household_ids)):
        found[household_id].append(flag)
    return dict(found)


def found_wrong(actor: Actor) -> list[tuple[BackCheck, str]]:
    """(check, household code) of registrations found wrong on a second visit that no officer has dealt with since, in
    scope; the latest first, a handful.
    """
    query = (
        sa.select(BackCheck, Household.code)
        .join(Household, Household.id == BackCheck.household_id)
        .where(BackCheck.status == CheckStatus.WRONG, Household.status.in_(LIVING), ~_dealt_with())
        .where(registry.scope(actor))
        .order_by(BackCheck.decided_at.desc(), BackCheck.id)
        .limit(MOST)
    )
    return [(check, code) for check, code in db.session.execute(query)]


def _checked(household_ids: Sequence[UUID]) -> Iterator[tuple[UUID, Flag]]:
    query = (
        sa.select(BackCheck)
        .join(Household, Household.id == BackCheck.household_id)
        .where(BackCheck.household_id.in_(household_ids))
        .where(
            sa.or_(
                BackCheck.status == CheckStatus.DIFFERS,
                sa.and_(BackCheck.status == CheckStatus.WRONG, ~_dealt_with()),
            )
        )
    )
    for check in db.session.scalars(query):
        yield check.household_id, _of_check(check)


def _of_check(check: BackCheck) -> Flag:
    page: Page = {"endpoint": "fieldwork.check_page", "arguments": {"check_id": check.id}}
    if check.status == CheckStatus.WRONG:
        return Flag(_("Kiểm tra lại: hồ sơ sai"), check.reason or "", _("Xem hai lần trả lời"), **page)
    told = ", ".join(words.difference(name) for name in check.differences)
    return Flag(_("Kiểm tra lại: có chỗ khác, chờ kết luận"), told, _("Xem rồi kết luận"), **page)


def _signed(household_ids: Sequence[UUID]) -> Iterator[tuple[UUID, Flag]]:
    """Signs nobody looked into yet, or with something behind them, about the records these households came from."""
    records = trail.registrations_of(household_ids)
    if not records:
        return
    query = sa.select(FieldSign).where(
        FieldSign.commune_code.in_({commune for _home, commune in records.values()}),
        FieldSign.status.in_((SignStatus.OPEN, SignStatus.CONFIRMED)),
        FieldSign.record_ids.overlap(list(records)),
    )
    found = db.session.scalars(query.order_by(FieldSign.id)).all()
    approved = dict(
        db.session.execute(sa.select(Household.id, Household.verified_at).where(Household.id.in_(household_ids))).all()
    )
    for sign in found:
        for home_id in dict.fromkeys(records[id][0] for id in sign.record_ids if id in records):
            at = approved.get(home_id)
            if at is None or sign.decided_at is None or at <= sign.decided_at:
                yield home_id, _of_sign(sign)


def _of_sign(sign: FieldSign) -> Flag:
    title, why = words.sign(sign)
    page: Page = {"endpoint": "fieldwork.sign_page", "arguments": {"sign_id": sign.id}}
    if sign.status == SignStatus.OPEN:
        return Flag(title, why, _("Xem rồi kết luận"), **page)
    return Flag(_("%(sign)s, đã xác nhận", sign=title), sign.reason or why, _("Xem dấu hiệu"), **page)


def _dealt_with() -> sa.ColumnElement[bool]:
    """Whether an officer approved the household, or changed it, after the conclusion."""
    mended = sa.exists().where(
        HouseholdVersion.household_id == BackCheck.household_id,
        HouseholdVersion.source == versions.OFFICE,
        HouseholdVersion.changed_at > BackCheck.decided_at,
    )
    return sa.or_(sa.func.coalesce(Household.verified_at > BackCheck.decided_at, False), mended)
