"""Tables of the yearly decision: one batch, its rows as they were read, and what it wrote."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7

FILE_FIELD = "poverty_import_file.file"
LAYOUT_FIELD = "poverty_import.layout"
CELLS_FIELD = "poverty_import_row.cells"
FIRST_UNLISTED = 1_000_001
"""Rows of households that are not in the file are numbered from here: no file has so many rows."""


class State(StrEnum):
    """Where a batch is. `reading`, `applying` and `undoing` go on in the background."""

    UPLOADED = "uploaded"
    READING = "reading"
    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    DROPPED = "dropped"


class Kind(StrEnum):
    """What a row will do."""

    NEW = "new"  # was not poor or near poor the day before
    CONTINUING = "continuing"  # the same class goes on
    CHANGED = "changed"  # another class, or other days than were written down
    SAME = "same"  # known exactly so
    ENDING = "ending"  # leaves: the file says so, or is the whole list and does not name the household
    ERROR = "error"  # nothing; a person must mend it


class PovertyImport(Model):
    """One file of one commune, or of many (`area_code` is `*`); or one decision about `household_id`, without a file.

    `layout_enc` holds headings and a few cells for choosing columns, or the reason of a decision without a file;
    `headings_mark` fingerprints the headings.
    `whole_list`: households of the commune that the file does not name leave. `steps_done` of `steps_total` lines of
    the file are read; `skipped` were no households. `read_again`: the registry changed after the preview.
    `moved_at` is when it last moved. `destroyed_at` is when the file and what was read of it were made unreadable.
    """

    __tablename__ = "poverty_import"
    __table_args__ = (
        sa.CheckConstraint("approved_by <> created_by", name="four_eyes"),
        sa.Index(
            "uq_poverty_import_file_hash",
            "area_code",
            "file_hash",
            unique=True,
            postgresql_where=sa.text("state NOT IN ('undone', 'dropped')"),
        ),
        sa.Index("ix_poverty_import_area_code", "area_code", "id"),
        sa.Index(
            "uq_poverty_import_household_id",
            "household_id",
            "area_code",
            unique=True,
            postgresql_where=sa.text("state IN ('ready', 'applying')"),
        ),
        sa.UniqueConstraint("id", "created_by", "approved_by", name="uq_poverty_import_people"),
        sa.Index(
            "ix_poverty_import_at_work",
            "moved_at",
            postgresql_where=sa.text("state IN ('reading', 'applying', 'undoing')"),
        ),
        sa.Index("ix_poverty_import_kept", "moved_at", postgresql_where=sa.text("destroyed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    area_code: Mapped[str]
    file_hash: Mapped[bytes]
    file_name: Mapped[str]
    data_key_id: Mapped[UUID] = mapped_column(sa.ForeignKey("data_key.id"))
    layout_enc: Mapped[bytes]
    headings_mark: Mapped[bytes]
    state: Mapped[str]
    columns: Mapped[dict[str, int] | None] = mapped_column(JSONB)
    decision_number: Mapped[str | None]
    year: Mapped[int | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    whole_list: Mapped[bool]
    steps_total: Mapped[int]
    steps_done: Mapped[int]
    skipped: Mapped[int]
    read_again: Mapped[bool]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    undone_by: Mapped[UUID | None]
    moved_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    destroyed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    household_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("household.id"))


class PovertyImportFile(Model):
    """The file itself, sealed; gone a while after the batch is done with."""

    __tablename__ = "poverty_import_file"

    import_id: Mapped[UUID] = mapped_column(sa.ForeignKey("poverty_import.id"), primary_key=True)
    file_enc: Mapped[bytes]


class PovertyImportRow(Model):
    """One line of the file at `place` (its row in the sheet, from 1), or a household the file does not name.

    `ends_on` is the first day on which the household is no longer poor or near poor. `faults` are
    {cell, column, problem}; `cells_enc` is who the file says it is, sealed.
    """

    __tablename__ = "poverty_import_row"
    __table_args__ = (
        sa.Index(
            "uq_poverty_import_row_household",
            "import_id",
            "household_id",
            unique=True,
            postgresql_where=sa.text("kind <> 'error'"),
        ),
        sa.Index("ix_poverty_import_row_kind", "import_id", "kind", "place"),
    )

    import_id: Mapped[UUID] = mapped_column(sa.ForeignKey("poverty_import.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    household_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("household.id"))
    poverty_class: Mapped[str | None] = mapped_column("class")
    year: Mapped[int | None]
    decision_number: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    ends_on: Mapped[date | None]
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    cells_enc: Mapped[bytes | None]


class PovertyImportEffect(Model):
    """A decision the batch `added`, or one it revoked. `kept`: undoing left it, somebody had changed it since."""

    __tablename__ = "poverty_import_effect"
    __table_args__ = (sa.Index("ix_poverty_import_effect_status_id", "status_id"),)

    import_id: Mapped[UUID] = mapped_column(sa.ForeignKey("poverty_import.id"), primary_key=True)
    status_id: Mapped[UUID] = mapped_column(sa.ForeignKey("poverty_status.id"), primary_key=True)
    added: Mapped[bool]
    kept: Mapped[bool]


class PovertyColumns(Model):
    """Which column holds what under these headings, as somebody of the commune confirmed it."""

    __tablename__ = "poverty_columns"

    area_code: Mapped[str] = mapped_column(primary_key=True)
    headings_mark: Mapped[bytes] = mapped_column(primary_key=True)
    columns: Mapped[dict[str, int]] = mapped_column(JSONB)
    confirmed_by: Mapped[UUID]
    confirmed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
