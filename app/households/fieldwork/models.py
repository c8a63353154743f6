"""Tables of the team's work: visits, classes, leaders, back-checks, signs that something may be wrong."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class Done(StrEnum):
    """What was done on a visit; several at once."""

    APP_INSTALLED = "app_installed"
    SHOP_OPENED = "shop_opened"
    PAYMENT_ACCOUNT = "payment_account"
    LESSON = "lesson"
    NOBODY_HOME = "nobody_home"
    OTHER = "other"


class CheckStatus(StrEnum):
    """Where a back-check stands: `differs` waits for a decision, which is `sound` or `wrong`."""

    OPEN = "open"
    SAME = "same"
    DIFFERS = "differs"
    SOUND = "sound"
    WRONG = "wrong"


class Difference(StrEnum):
    """What a second visit found otherwise than the first."""

    NAME = "name"
    BIRTH_YEAR = "birth_year"
    PHONE = "phone"
    UNREACHABLE = "unreachable"
    NOT_VISITED = "not_visited"


class SignKind(StrEnum):
    """Patterns that a person should look into."""

    FAST = "fast"
    HASTY = "hasty"
    SAME_POINT = "same_point"
    FAR_AWAY = "far_away"
    LEAP = "leap"


class SignStatus(StrEnum):
    """Where a sign stands."""

    OPEN = "open"
    DISMISSED = "dismissed"
    CONFIRMED = "confirmed"


class Visit(Model):
    """One visit, under the id its phone made. The note is sealed under the household's data key."""

    __tablename__ = "visit"
    __table_args__ = (
        sa.CheckConstraint(
            "done <@ ARRAY['app_installed', 'shop_opened', 'payment_account', 'lesson', 'nobody_home', 'other']"
            " AND cardinality(done) BETWEEN 1 AND 6",
            name="done",
        ),
        sa.CheckConstraint("visited_at <= created_at", name="visited"),
        sa.Index("ix_visit_household_id", "household_id", "visited_at"),
        sa.Index("ix_visit_member_id", "member_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    member_id: Mapped[UUID]
    done: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    note_enc: Mapped[bytes | None]
    next_on: Mapped[date | None]
    content_mark: Mapped[bytes]
    visited_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    undone_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class Lesson(Model):
    """One class, under the id its phone made. `walk_ins` are people who came without being on the list."""

    __tablename__ = "lesson"
    __table_args__ = (
        sa.CheckConstraint("length(place) BETWEEN 1 AND 120", name="place"),
        sa.CheckConstraint("length(topic) BETWEEN 1 AND 120", name="topic"),
        sa.CheckConstraint("walk_ins BETWEEN 0 AND 1000", name="walk_ins"),
        sa.CheckConstraint("starts_with(hamlet_code, commune_code || '-')", name="hamlet"),
        sa.Index("ix_lesson_commune_code", "commune_code", "held_at", "id"),
        sa.Index("ix_lesson_led_by", "led_by", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    commune_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"))
    hamlet_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"))
    place: Mapped[str]
    topic: Mapped[str]
    held_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    walk_ins: Mapped[int]
    led_by: Mapped[UUID]
    content_mark: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    undone_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class LessonHousehold(Model):
    """A household that came to a class."""

    __tablename__ = "lesson_household"
    __table_args__ = (sa.Index("ix_lesson_household_household_id", "household_id"),)

    lesson_id: Mapped[UUID] = mapped_column(sa.ForeignKey("lesson.id"), primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"), primary_key=True)


class TeamLeader(Model):
    """Who leads a commune's team, from when to when. Their reach over the commune is a role grant beside it."""

    __tablename__ = "team_leader"
    __table_args__ = (
        sa.CheckConstraint("named_by <> user_id", name="not_oneself"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL) AND ended_at >= named_at", name="ended"),
        sa.Index(
            "uq_team_leader_open", "commune_code", "user_id", unique=True, postgresql_where=sa.text("ended_at IS NULL")
        ),
        sa.Index("ix_team_leader_user_id", "user_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    commune_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"))
    user_id: Mapped[UUID]
    named_by: Mapped[UUID]
    named_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    ended_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class BackCheckDraw(Model):
    """The seed that drew among a day's registrations, made after the day was over; with it anyone can draw again."""

    __tablename__ = "back_check_draw"
    __table_args__ = (
        sa.CheckConstraint("length(seed) = 32", name="seed"),
        sa.CheckConstraint("drawn BETWEEN 0 AND registrations", name="drawn"),
    )

    day: Mapped[date] = mapped_column(primary_key=True)
    seed: Mapped[bytes]
    registrations: Mapped[int]
    drawn: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class BackCheck(Model):
    """A registration that another member repeats. `registrar_id` is set by the database from the household.

    `answers_enc` holds the second answers, sealed under the household's data key.
    """

    __tablename__ = "back_check"
    __table_args__ = (
        sa.UniqueConstraint("household_id"),
        sa.CheckConstraint("status IN ('open', 'same', 'differs', 'sound', 'wrong')", name="status"),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 500", name="reason"),
        sa.CheckConstraint("checker_id <> registrar_id", name="not_own"),
        sa.CheckConstraint("decided_by <> registrar_id AND decided_by <> checker_id", name="decider"),
        sa.CheckConstraint(
            "(status = 'open') = (answered_at IS NULL) AND (answered_at IS NULL) = (answers_enc IS NULL)"
            " AND (status = 'open' OR checker_id IS NOT NULL)",
            name="answered",
        ),
        sa.CheckConstraint(
            "(status IN ('sound', 'wrong')) = (decided_by IS NOT NULL) AND (decided_by IS NULL) = (decided_at IS NULL)"
            " AND (decided_by IS NULL) = (reason IS NULL)",
            name="decided",
        ),
        sa.Index("ix_back_check_checker_id", "checker_id", "id", postgresql_where=sa.text("status = 'open'")),
        sa.Index("ix_back_check_commune_code", "commune_code", "status", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    commune_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"))
    day: Mapped[date] = mapped_column(sa.ForeignKey("back_check_draw.day"))
    registrar_id: Mapped[UUID]
    checker_id: Mapped[UUID | None]
    status: Mapped[str]
    answers_enc: Mapped[bytes | None]
    differences: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    answered_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class FieldSign(Model):
    """Something about a member's records that a person should look into. `figures` holds counts, seconds and metres,
    never a place; `mark` keeps the same sign from being noted twice."""

    __tablename__ = "field_sign"
    __table_args__ = (
        sa.UniqueConstraint("mark"),
        sa.CheckConstraint("kind IN ('fast', 'hasty', 'same_point', 'far_away', 'leap')", name="kind"),
        sa.CheckConstraint("cardinality(record_ids) > 0", name="record_ids"),
        sa.CheckConstraint("status IN ('open', 'dismissed', 'confirmed')", name="status"),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 500", name="reason"),
        sa.CheckConstraint("decided_by <> member_id", name="not_own"),
        sa.CheckConstraint(
            "(status = 'open') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)"
            " AND (decided_by IS NULL) = (reason IS NULL)",
            name="decided",
        ),
        sa.Index("ix_field_sign_commune_code", "commune_code", "status", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    mark: Mapped[bytes]
    member_id: Mapped[UUID]
    commune_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"))
    day: Mapped[date]
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    record_ids: Mapped[list[UUID]] = mapped_column(ARRAY(sa.Uuid))
    status: Mapped[str]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
