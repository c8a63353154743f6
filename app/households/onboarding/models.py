"""Tables of the doorstep: records as phones sent them, conflicts that a person settles, photos in parts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class Kind(StrEnum):
    """What a record is about."""

    REGISTRATION = "registration"
    EDIT = "edit"


class Outcome(StrEnum):
    """What became of a record. `same` is an answer only: it came before with the same content."""

    STORED = "stored"
    SAME = "same"
    MERGED = "merged"
    WAITING = "waiting"
    REFUSED = "refused"
    CONFLICT = "conflict"


class PhotoKind(StrEnum):
    """What a photo shows."""

    SIGNATURE = "signature"
    HOUSE = "house"
    PAPER = "paper"


class DoorstepRecord(Model):
    """One record under the id its phone made. Its content is sealed under the household's data key; a registration
    brings the key that becomes the household's, so that erasing the household erases what was sent too.
    """

    __tablename__ = "doorstep_record"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('registration', 'edit')", name="kind"),
        sa.CheckConstraint("attempt BETWEEN 1 AND 10000", name="attempt"),
        sa.CheckConstraint("outcome IN ('stored', 'merged', 'waiting', 'refused', 'conflict')", name="outcome"),
        sa.CheckConstraint("(hamlet_code IS NULL) = (commune_code IS NULL)", name="place"),
        sa.CheckConstraint("(refusal IS NOT NULL) = (outcome IS NOT DISTINCT FROM 'refused')", name="refusal"),
        sa.CheckConstraint("(outcome IS NULL) = (handled_at IS NULL)", name="handled"),
        sa.CheckConstraint("outcome IS NULL OR outcome = 'refused' OR household_id IS NOT NULL", name="household"),
        sa.Index("ix_doorstep_record_member_id", "member_id", "id"),
        sa.Index("ix_doorstep_record_household_id", "household_id", "received_at"),
        sa.Index("ix_doorstep_record_commune_code", "commune_code", "received_at"),
        sa.Index("ix_doorstep_record_data_key_id", "data_key_id"),
        sa.Index("ix_doorstep_record_left", "received_at", "id", postgresql_where=sa.text("outcome IS NULL")),
        sa.Index("ix_doorstep_record_refused", "handled_at", postgresql_where=sa.text("outcome = 'refused'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    member_id: Mapped[UUID]
    commune_code: Mapped[str | None] = mapped_column(sa.ForeignKey("area.code"))
    hamlet_code: Mapped[str | None] = mapped_column(sa.ForeignKey("area.code"))
    household_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("household.id"))
    data_key_id: Mapped[UUID] = mapped_column(sa.ForeignKey("data_key.id"))
    content_enc: Mapped[bytes]
    content_mark: Mapped[bytes]
    attempt: Mapped[int]
    outcome: Mapped[str | None]
    refusal: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    made_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    sent_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    received_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    handled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    seconds_spent: Mapped[int | None]


class DoorstepConflict(Model):
    """Values a phone sent that stand against others: `fields` names them, `sent_enc` holds them sealed.

    `choices` says for each field, once a person chose, whether what was `sent` holds or what we `kept`; the versions
    of the household around that choice say whether it can be taken back.
    """

    __tablename__ = "doorstep_conflict"
    __table_args__ = (
        sa.UniqueConstraint("record_id", "content_mark"),
        sa.CheckConstraint("cardinality(fields) > 0", name="fields"),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (settled_by IS NULL) AND (settled_at IS NULL) = (choices IS NULL)", name="settled"
        ),
        sa.Index("ix_doorstep_conflict_household_id", "household_id"),
        sa.Index("ix_doorstep_conflict_open", "id", postgresql_where=sa.text("settled_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    record_id: Mapped[UUID] = mapped_column(sa.ForeignKey("doorstep_record.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    member_id: Mapped[UUID]
    content_mark: Mapped[bytes]
    sent_enc: Mapped[bytes]
    fields: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    base_version: Mapped[int | None]
    choices: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    settled_by: Mapped[UUID | None]
    settled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    version_before: Mapped[int | None]
    version_after: Mapped[int | None]


class DoorstepPhoto(Model):
    """A photo that a record announced, and how much of it has come. It lies sealed in the vault under its id."""

    __tablename__ = "doorstep_photo"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('signature', 'house', 'paper')", name="kind"),
        sa.CheckConstraint("media_type IN ('image/jpeg', 'image/png', 'image/webp')", name="media_type"),
        sa.CheckConstraint("size_bytes BETWEEN 1 AND 1572864", name="size_bytes"),
        sa.CheckConstraint("length(sha256) = 32", name="sha256"),
        sa.CheckConstraint("received_bytes BETWEEN 0 AND size_bytes", name="received_bytes"),
        sa.CheckConstraint("completed_at IS NULL OR received_bytes = size_bytes", name="completed"),
        sa.Index("ix_doorstep_photo_record_id", "record_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(sa.ForeignKey("doorstep_record.id"))
    kind: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[bytes]
    data_key_id: Mapped[UUID] = mapped_column(sa.ForeignKey("data_key.id"))
    received_bytes: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    completed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
