"""Tables of this room: a household's people, and what it asked about its data."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class Relation(StrEnum):
    """What somebody is to the household. A contact is no member: they stand in where the household has no phone."""

    HEAD = "head"
    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    OTHER = "other"
    CONTACT = "contact"


class Kind(StrEnum):
    """What a household may ask about its data."""

    WITHDRAW = "withdraw"
    ERASE = "erase"


class RequestStatus(StrEnum):
    """Where such a request stands."""

    OPEN = "open"
    DONE = "done"
    TAKEN_BACK = "taken_back"


class Member(Model):
    """One person of a household, sealed under its data key. With a phone they sign in and act for the household.

    Rows stay when somebody is removed, so that the list of who did what can still name them; the erasure ends that.
    """

    __tablename__ = "household_member"
    __table_args__ = (
        sa.CheckConstraint("relation IN ('head', 'spouse', 'child', 'parent', 'other', 'contact')", name="relation"),
        sa.CheckConstraint("user_id IS NULL OR phone_enc IS NOT NULL", name="user"),
        sa.CheckConstraint("removed_by IS NULL OR removed_at IS NOT NULL", name="removed"),
        sa.Index("ix_household_member_household_id", "household_id", "id"),
        sa.Index(
            "uq_household_member_head",
            "household_id",
            unique=True,
            postgresql_where=sa.text("relation = 'head' AND removed_at IS NULL"),
        ),
        sa.Index("ix_household_member_user_id", "user_id", postgresql_where=sa.text("user_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    relation: Mapped[str]
    name_enc: Mapped[bytes]
    birth_year_enc: Mapped[bytes | None]
    phone_enc: Mapped[bytes | None]
    user_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    added_by: Mapped[UUID | None]
    added_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    removed_by: Mapped[UUID | None]
    removed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class PrivacyRequest(Model):
    """A consent taken back, or an erasure asked for, with the moments by which the law wants it answered and done.

    `rule_from` names the rule it was counted by. Whoever asked cannot be the one who says it is done.
    """

    __tablename__ = "privacy_request"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('withdraw', 'erase')", name="kind"),
        sa.CheckConstraint("(kind = 'withdraw') = (purpose IS NOT NULL)", name="purpose"),
        sa.CheckConstraint("status IN ('open', 'done', 'taken_back')", name="status"),
        sa.CheckConstraint("asked_at < answer_by AND answer_by <= done_by", name="deadlines"),
        sa.CheckConstraint(
            "(answered_by IS NULL) = (answered_at IS NULL) AND (answer_enc IS NULL OR answered_at IS NOT NULL)",
            name="answered",
        ),
        sa.CheckConstraint(
            "(status = 'open') = (closed_at IS NULL) AND (closed_by IS NULL) = (closed_at IS NULL)", name="closed"
        ),
        sa.CheckConstraint("kind <> 'erase' OR status <> 'done' OR closed_by <> asked_by", name="four_eyes"),
        sa.Index("ix_privacy_request_household_id", "household_id", "id"),
        sa.Index(
            "uq_privacy_request_open",
            "household_id",
            "kind",
            "purpose",
            unique=True,
            postgresql_where=sa.text("status = 'open'"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.Index(
            "ix_privacy_request_waiting",
            "commune_code",
            "done_by",
            "id",
            postgresql_where=sa.text("status = 'open'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    commune_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"))
    kind: Mapped[str]
    purpose: Mapped[str | None]
    asked_by: Mapped[UUID]
    through_contact: Mapped[bool]
    asked_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    rule_from: Mapped[date]
    answer_by: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    done_by: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    answered_by: Mapped[UUID | None]
    answered_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    answer_enc: Mapped[bytes | None]
    status: Mapped[str]
    closed_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
