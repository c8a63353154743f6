"""Steps that record visits and classes, and take them back. All need an open transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.crypto import DataKey, blind_index, seal
from app.core.database import require_transaction
from app.core.texts import tidy
from app.households.registry import operations as registry_operations
from app.households.registry import queries as registry

from . import queries
from .errors import BadEntry, OtherEntry, TooLateToUndo
from .models import Done, Lesson, LessonHousehold, Visit

UNDO_WITHIN = timedelta(days=1)
OLDEST = timedelta(days=90)
DRIFT = timedelta(minutes=10)
FARTHEST = timedelta(days=366)
MAX_NOTE = 500
MAX_ATTENDING = 500
T = TypeVar("T", Visit, Lesson)


@dataclass(frozen=True)
class NewVisit:
    """A visit as a member sends it; `visited_at` is now when left out."""

    id: UUID
    household_code: str
    done: frozenset[Done]
    note: str = ""
    next_on: date | None = None
    visited_at: datetime | None = None


@dataclass(frozen=True)
class NewLesson:
    """A class as a member sends it: `codes` of the households that came, and how many others."""

    id: UUID
    hamlet_code: str
    place: str
    topic: str
    held_at: datetime
    walk_ins: int = 0
    codes: tuple[str, ...] = ()


def record(actor: Actor, new: NewVisit, *, clock: Clock) -> Visit:
    """Store a visit to a household in reach; the same one again is answered as it is.

    Raises:
        NoSuchHousehold: none, or not theirs.
        BadEntry: something in it can't be.
        OtherEntry: the id came before with other content.
    """
    session = require_transaction()
    who = registry_operations.who(actor)
    household = registry.by_code(new.household_code, actor=actor)
    note = tidy(new.note)
    at = _checked_visit(new, note, clock)
    mark = _mark("visit", who, household.id, sorted(new.done), note, new.next_on)
    if known := queries.visit(new.id):
        return _same(known, mark)
    key = session.get_one(DataKey, household.data_key_id)
    visit = Visit(
        id=new.id,
        household_id=household.id,
        member_id=who,
        done=sorted(new.done),
        note_enc=seal(key, queries.NOTE, note) if note else None,
        next_on=new.next_on,
        content_mark=mark,
        visited_at=at,
        created_at=clock.now(),
    )
    session.add(visit)
    session.flush()
    _note("visit_recorded", actor, "household", household.id, clock, visit_id=str(new.id))
    return visit


def undo_visit(actor: Actor, visit_id: UUID, *, clock: Clock) -> Visit:
    """Take one's own visit back within a day; twice is harmless.

    Raises:
        NoSuchEntry: none of theirs.
        TooLateToUndo: more than a day old.
    """
    visit = queries.own_visit(actor, visit_id, for_update=True)
    if visit.undone_at is None:
        _demand_fresh(visit.created_at, clock)
        visit.undone_at = clock.now()
        _note("visit_undone", actor, "household", visit.household_id, clock, visit_id=str(visit_id))
    return visit


def hold(actor: Actor, new: NewLesson, *, clock: Clock) -> Lesson:
    """Store a class and which households came.

    Raises:
        OutsideArea, BadHousehold: not a hamlet of theirs.
        BadEntry: something in it can't be, or a code is none of theirs.
        OtherEntry: the id came before with other content.
    """
    session = require_transaction()
    who = registry_operations.who(actor)
    commune = registry_operations.commune_of_hamlet(actor, new.hamlet_code)
    place, topic = tidy(new.place), tidy(new.topic)
    at = _checked_lesson(new, place, topic, clock)
    came = _attending(actor, new.codes)
    mark = _mark("lesson", who, new.hamlet_code, place, topic, new.held_at, new.walk_ins, sorted(map(str, came)))
    if known := queries.lesson(new.id):
        return _same(known, mark)
    lesson = Lesson(
        id=new.id,
        commune_code=commune,
        hamlet_code=new.hamlet_code,
        place=place,
        topic=topic,
        held_at=at,
        walk_ins=new.walk_ins,
        led_by=who,
        content_mark=mark,
        created_at=clock.now(),
    )
    session.add(lesson)
    session.flush()
    if came:
        session.execute(insert(LessonHousehold), [{"lesson_id": new.id, "household_id": id} for id in sorted(came)])
    _note("lesson_held", actor, "lesson", lesson.id, clock, households=len(came), walk_ins=new.walk_ins)
    return lesson


def undo_lesson(actor: Actor, lesson_id: UUID, *, clock: Clock) -> Lesson:
    """Take one's own class back within a day; twice is harmless.

    Raises:
        NoSuchEntry: none of theirs.
        TooLateToUndo: more than a day old.
    """
    lesson = queries.own_lesson(actor, lesson_id, for_update=True)
    if lesson.undone_at is None:
        _demand_fresh(lesson.created_at, clock)
        lesson.undone_at = clock.now()
        _note("lesson_undone", actor, "lesson", lesson_id, clock)
    return lesson


def _same(known: T, mark: bytes) -> T:
    if known.content_mark != mark:
        raise OtherEntry
    return known


def _mark(*content: object) -> bytes:
    """A keyed fingerprint of what was sent, to tell a repeat from other content."""
    return blind_index("fieldwork.content", json.dumps(content, default=str))


def _checked_visit(new: NewVisit, note: str, clock: Clock) -> datetime:
    errors: dict[str, list[str]] = {}
    today = registry.today(clock)
    if not new.done:
        errors["done"] = [_("Đánh dấu ít nhất một việc đã làm.")]
    if len(note) > MAX_NOTE:
        errors["note"] = [_("Ghi chú ngắn thôi, tối đa %(n)s chữ.", n=MAX_NOTE)]
    if new.next_on and not today <= new.next_on <= today + FARTHEST:
        errors["next_on"] = [_("Chọn ngày hẹn từ hôm nay đến trong vòng một năm.")]
    at = _past(new.visited_at or clock.now(), "visited_at", errors, clock)
    if errors:
        raise BadEntry(errors)
    return at


def _checked_lesson(new: NewLesson, place: str, topic: str, clock: Clock) -> datetime:
    errors: dict[str, list[str]] = {}
    for name, text in (("place", place), ("topic", topic)):
        if not 1 <= len(text) <= 120:
            errors[name] = [_("Viết từ 1 đến 120 chữ.")]
    if not 0 <= new.walk_ins <= 1000:
        errors["walk_ins"] = [_("Số người từ 0 đến 1000.")]
    if len(new.codes) > MAX_ATTENDING:
        errors["codes"] = [_("Một lớp tối đa %(n)s hộ.", n=MAX_ATTENDING)]
    at = _past(new.held_at, "held_at", errors, clock)
    if errors:
        raise BadEntry(errors)
    return at


def _past(at: datetime, name: str, errors: dict[str, list[str]], clock: Clock) -> datetime:
    """A moment that has come; a phone's clock may run ten minutes ahead."""
    now = clock.now()
    if not now - OLDEST <= at <= now + DRIFT:
        errors[name] = [_("Chọn ngày đã qua, không quá 90 ngày trước.")]
    return min(at, now)


def _attending(actor: Actor, codes: Sequence[str]) -> set[UUID]:
    found = registry.keys_by_code(actor, codes) if codes else {}
    if unknown := sorted(set(codes) - set(found)):
        shown = ", ".join(unknown[:5])
        raise BadEntry({"codes": [_("Không thấy hộ mang mã %(codes)s trong địa bàn của bạn.", codes=shown)]})
    return {home[0] for home in found.values()}


def _demand_fresh(created_at: datetime, clock: Clock) -> None:
    if clock.now() - created_at > UNDO_WITHIN:
        raise TooLateToUndo


def _note(action: str, actor: Actor, kind: str, id: UUID, clock: Clock, **details: object) -> None:
    audit.record(action, actor=actor, subject_kind=kind, subject_id=id, clock=clock, **details)
