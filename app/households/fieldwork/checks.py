"""Reads of back-checks and signs. The database shows nobody a check of what they registered, nor a sign about them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.crypto import unseal_by_id
from app.core.database import db
from app.core.paging import Page, decode_uuid_cursor, encode_cursor
from app.households.registry.models import Household

from .errors import NoSuchEntry
from .models import BackCheck, CheckStatus, FieldSign, SignStatus

ANSWERS = "back_check.answers"


def open_ones(*, for_update: bool = False) -> Sequence[BackCheck]:
    """Checks that wait for an answer."""
    query = sa.select(BackCheck).where(BackCheck.status == CheckStatus.OPEN).order_by(BackCheck.id)
    return db.session.scalars(query.with_for_update(skip_locked=True) if for_update else query).all()


def mine(actor: Actor) -> Sequence[BackCheck]:
    """Checks this person is to make, the oldest first."""
    query = (
        sa.select(BackCheck)
        .where(BackCheck.checker_id == actor.user_id, BackCheck.status == CheckStatus.OPEN)
        .order_by(BackCheck.day, BackCheck.id)
        .limit(50)
    )
    return db.session.scalars(query).all()


def assigned(actor: Actor, check_id: UUID, *, for_update: bool = False) -> BackCheck:
    """A check given to this person, as long as they work in its commune.

    Raises:
        NoSuchEntry: none of theirs.
    """
    query = sa.select(BackCheck).where(BackCheck.id == check_id, BackCheck.checker_id == actor.user_id)
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None or not any(code.split("-")[0] in (found.commune_code, "*") for code in actor.areas):
        raise NoSuchEntry
    return found


def in_reach(check_id: UUID, *, for_update: bool = False) -> BackCheck:
    """A check the database lets the current actor see.

    Raises:
        NoSuchEntry: none.
    """
    query = sa.select(BackCheck).where(BackCheck.id == check_id)
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NoSuchEntry
    return found


def of_commune(
    commune_code: str, *, statuses: Sequence[CheckStatus], cursor: str | None, limit: int
) -> Page[tuple[BackCheck, str]]:
    """A commune's checks at these steps with their household's code."""
    query = (
        sa.select(BackCheck, Household.code)
        .join(Household, Household.id == BackCheck.household_id)
        .where(BackCheck.commune_code == commune_code, BackCheck.status.in_(statuses))
        .order_by(BackCheck.id)
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(BackCheck.id > decode_uuid_cursor(cursor))
    found = [(check, code) for check, code in db.session.execute(query)]
    return Page(found[:limit], encode_cursor(str(found[limit - 1][0].id)) if len(found) > limit else None)


def counts(commune_code: str) -> dict[str, int]:
    """How many of a commune's checks stand at each step."""
    query = (
        sa.select(BackCheck.status, sa.func.count())
        .where(BackCheck.commune_code == commune_code)
        .group_by(BackCheck.status)
    )
    found = dict(db.session.execute(query).all())
    return {status: found.get(status, 0) for status in CheckStatus}


def opened_answers(check: BackCheck, household: Household) -> str | None:
    """The second answers as they came."""
    if check.answers_enc is None:
        return None
    return unseal_by_id(household.data_key_id, ANSWERS, check.answers_enc)


def signs(commune_code: str, *, cursor: str | None, limit: int) -> Page[FieldSign]:
    """A commune's signs that nobody has looked into yet, the oldest first."""
    query = (
        sa.select(FieldSign)
        .where(FieldSign.commune_code == commune_code, FieldSign.status == SignStatus.OPEN)
        .order_by(FieldSign.id)
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(FieldSign.id > decode_uuid_cursor(cursor))
    found = db.session.scalars(query).all()
    return Page(found[:limit], encode_cursor(str(found[limit - 1].id)) if len(found) > limit else None)


def open_signs(commune_code: str) -> int:
    """How many of a commune's signs nobody has looked into yet."""
    query = sa.select(sa.func.count()).where(
        FieldSign.commune_code == commune_code, FieldSign.status == SignStatus.OPEN
    )
    return db.session.scalar(query) or 0


def sign(sign_id: UUID, *, for_update: bool = False) -> FieldSign:
    """A sign the database lets the current actor see.

    Raises:
        NoSuchEntry: none.
    """
    query = sa.select(FieldSign).where(FieldSign.id == sign_id)
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NoSuchEntry
    return found
