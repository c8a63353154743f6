"""Reads of visits and classes: whom to visit next, what was done, who came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core import crypto
from app.core.actor import EVERYWHERE, Actor
from app.core.database import db
from app.core.errors import BadInput
from app.core.paging import Page, decode_cursor, encode_cursor
from app.households.registry import queries as registry
from app.households.registry.models import Household, Status

from .errors import NoSuchEntry
from .models import Lesson, LessonHousehold, Visit

NOTE = "visit.note"
FIRST_VISIT_AFTER = timedelta(days=14)
HISTORY = 50
T = TypeVar("T")


@dataclass(frozen=True)
class Due:
    """A household to visit by a day; `last_at` is None when nobody has been there since it was registered."""

    household: Household
    due_on: date
    last_at: datetime | None


@dataclass(frozen=True)
class PastVisit:
    """A visit in a household's history, its note opened."""

    visit: Visit
    note: str


@dataclass(frozen=True)
class LessonRow:
    """A class in a list, with how many households came."""

    lesson: Lesson
    households: int


def visit(visit_id: UUID) -> Visit | None:
    """A visit the database lets the current actor see."""
    return db.session.get(Visit, visit_id)


def own_visit(actor: Actor, visit_id: UUID, *, for_update: bool = False) -> Visit:
    """A visit this person made.

    Raises:
        NoSuchEntry: none.
    """
    query = sa.select(Visit).where(Visit.id == visit_id, Visit.member_id == actor.user_id)
    found = db.session.scalar(_locked(query) if for_update else query)
    if found is None:
        raise NoSuchEntry
    return found


def lesson(lesson_id: UUID) -> Lesson | None:
    """A class the database lets the current actor see."""
    return db.session.get(Lesson, lesson_id)


def own_lesson(actor: Actor, lesson_id: UUID, *, for_update: bool = False) -> Lesson:
    """A class this person led.

    Raises:
        NoSuchEntry: none.
    """
    query = sa.select(Lesson).where(Lesson.id == lesson_id, Lesson.led_by == actor.user_id)
    found = db.session.scalar(_locked(query) if for_update else query)
    if found is None:
        raise NoSuchEntry
    return found


def due(actor: Actor, *, cursor: str | None, limit: int) -> Page[Due]:
    """Whom to visit next in scope, the longest overdue first, data keys loaded.

    The day is the one agreed at the last visit; two weeks after registering when there was none yet.
    """
    last = (
        sa.select(Visit.visited_at, Visit.next_on)
        .where(Visit.household_id == Household.id, Visit.undone_at.is_(None))
        .order_by(Visit.visited_at.desc(), Visit.id.desc())
        .limit(1)
        .lateral("last")
    )
    registered_on = sa.cast(sa.func.timezone("Asia/Ho_Chi_Minh", Household.created_at), sa.Date)
    first = sa.case((last.c.visited_at.is_(None), registered_on + FIRST_VISIT_AFTER.days))
    day = sa.func.coalesce(last.c.next_on, first)
    query = (
        sa.select(Household, day, last.c.visited_at)
        .outerjoin(last, sa.true())
        .where(registry.scope(actor), Household.status != Status.MERGED, day.is_not(None))
        .order_by(day, Household.id)
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(sa.tuple_(day, Household.id) > sa.tuple_(*_after(cursor)))
    found = [Due(*row) for row in db.session.execute(query)]
    crypto.load_keys({one.household.data_key_id for one in found})
    more = len(found) > limit
    return Page(
        found[:limit],
        encode_cursor(found[limit - 1].due_on.isoformat(), str(found[limit - 1].household.id)) if more else None,
    )


def history(household: Household) -> list[PastVisit]:
    """The last visits to a household, newest first; what was taken back is left out."""
    query = (
        sa.select(Visit)
        .where(Visit.household_id == household.id, Visit.undone_at.is_(None))
        .order_by(Visit.visited_at.desc(), Visit.id.desc())
        .limit(HISTORY)
    )
    return [PastVisit(one, _opened(household, one)) for one in db.session.scalars(query)]


def lessons_attended(household_id: UUID) -> Sequence[Lesson]:
    """Classes a household came to, newest first."""
    query = (
        sa.select(Lesson)
        .join(LessonHousehold, LessonHousehold.lesson_id == Lesson.id)
        .where(LessonHousehold.household_id == household_id, Lesson.undone_at.is_(None))
        .order_by(Lesson.held_at.desc(), Lesson.id.desc())
        .limit(HISTORY)
    )
    return db.session.scalars(query).all()


def lessons(actor: Actor, *, cursor: str | None, limit: int) -> Page[LessonRow]:
    """Classes in scope, newest first."""
    query = (
        sa.select(Lesson, _came())
        .where(_lesson_scope(actor), Lesson.undone_at.is_(None))
        .order_by(Lesson.held_at.desc(), Lesson.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        held_at, id = _after_moment(cursor)
        query = query.where(sa.tuple_(Lesson.held_at, Lesson.id) < sa.tuple_(held_at, id))
    found = [LessonRow(*row) for row in db.session.execute(query)]
    last = found[limit - 1].lesson if len(found) > limit else None
    return Page(found[:limit], encode_cursor(last.held_at.isoformat(), str(last.id)) if last else None)


def lesson_in_reach(actor: Actor, lesson_id: UUID) -> Lesson:
    """A class in scope, taken back or not.

    Raises:
        NoSuchEntry: none, or not theirs.
    """
    found = db.session.scalar(sa.select(Lesson).where(Lesson.id == lesson_id, _lesson_scope(actor)))
    if found is None:
        raise NoSuchEntry
    return found


def attendance(lesson_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """Codes of the households in sight that came, by class, in one query."""
    query = (
        sa.select(LessonHousehold.lesson_id, Household.code)
        .join(Household, Household.id == LessonHousehold.household_id)
        .where(LessonHousehold.lesson_id.in_(sorted(lesson_ids)))
        .order_by(Household.code)
    )
    found: dict[UUID, list[str]] = {}
    for lesson_id, code in db.session.execute(query):
        found.setdefault(lesson_id, []).append(code)
    return found


def came_to(actor: Actor, lesson_id: UUID) -> tuple[list[Household], int]:
    """(households in scope that came to a class, by code, data keys loaded; how many came in all)."""
    query = (
        sa.select(Household)
        .join(LessonHousehold, LessonHousehold.household_id == Household.id)
        .where(LessonHousehold.lesson_id == lesson_id, registry.scope(actor))
        .order_by(Household.code)
    )
    found = list(db.session.scalars(query))
    crypto.load_keys({one.data_key_id for one in found})
    count = sa.select(sa.func.count()).select_from(LessonHousehold).where(LessonHousehold.lesson_id == lesson_id)
    return found, db.session.scalar(count) or 0


def _came() -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count())
        .select_from(LessonHousehold)
        .where(LessonHousehold.lesson_id == Lesson.id)
        .scalar_subquery()
    )


def _lesson_scope(actor: Actor) -> sa.ColumnElement[bool]:
    if EVERYWHERE in actor.areas:
        return sa.true()
    areas = sorted(actor.areas)
    own = Lesson.led_by == actor.user_id
    return sa.or_(own, Lesson.hamlet_code.in_(areas), Lesson.commune_code.in_(areas))


def _opened(household: Household, visit: Visit) -> str:
    if visit.note_enc is None:
        return ""
    return crypto.unseal_by_id(household.data_key_id, NOTE, visit.note_enc)


def _locked(query: sa.Select[T]) -> sa.Select[T]:
    return query.with_for_update().execution_options(populate_existing=True)


def _after(cursor: str) -> tuple[date, UUID]:
    day, id = decode_cursor(cursor, str, str)
    try:
        return date.fromisoformat(day), UUID(id)
    except ValueError:
        raise _bad_cursor() from None


def _after_moment(cursor: str) -> tuple[datetime, UUID]:
    moment, id = decode_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(moment), UUID(id)
    except ValueError:
        raise _bad_cursor() from None


def _bad_cursor() -> BadInput:
    return BadInput(_("Dấu trang không đúng; hãy mở lại danh sách từ đầu."), errors={"cursor": ["invalid"]})
