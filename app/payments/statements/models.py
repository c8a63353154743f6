"""How far the feed was read, and what of it nobody could read; imported statements and their lines."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7
from app.core.money import FOUR_EYES_VND

ACCOUNT_FIELD = "statement_line.account"
MEMO_FIELD = "statement_line.memo"
FAULT_FIELD = "feed_fault.raw"


class Format(StrEnum):
    """What kind of file a statement came as."""

    CAMT = "camt053"
    NOTIFICATION = "camt054"
    XLSX = "xlsx"
    CSV = "csv"


class ImportState(StrEnum):
    """Where an import is. `applying` and `undoing` go on in the background."""

    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    DROPPED = "dropped"


class LineState(StrEnum):
    """What a line is or became."""

    NEW = "new"  # read, not applied yet
    KNOWN = "known"  # the same money had come by webhook, poll or another statement
    IGNORED = "ignored"  # money that left
    OURS = "ours"  # a payout of ours that came back: its batch takes the bank's word, not the inbox of notices
    CLAIMED = "claimed"  # being handed to the notices
    APPLIED = "applied"  # counted
    UNDONE = "undone"  # was counted, and taken back
    KEPT = "kept"  # could not be taken back


class KeptBecause(StrEnum):
    """Why a line was not taken back."""

    MATCHED = "matched"  # it paid something
    CONFIRMED = "confirmed"  # a webhook told of the same money afterwards
    AT_DESK = "at_desk"  # somebody moved it, or wants to
    NOT_HANDLED = "not_handled"  # its notice still waits in the inbox
    RELIED_ON = "relied_on"  # another import told of the same money, and counted on this one


class FeedCheckpoint(Model):
    """Everything up to `since` was taken in."""

    __tablename__ = "feed_checkpoint"

    feed: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[int] = mapped_column(sa.BigInteger)
    asked_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class FeedFault(Model):
    """An item of the feed that could not be read, as it came: once, however often the feed tells of it.

    `reason` is a stable word; `seen_by` looked at it and saw to its money.
    """

    __tablename__ = "feed_fault"
    __table_args__ = (
        sa.UniqueConstraint("feed", "seq", "raw_index", name="uq_feed_fault_item"),
        sa.Index("ix_feed_fault_unseen", "noticed_at", "seq", postgresql_where=sa.text("seen_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    feed: Mapped[str]
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    raw_index: Mapped[bytes]
    raw_enc: Mapped[bytes]
    reason: Mapped[str]
    noticed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    seen_by: Mapped[UUID | None]
    seen_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class StatementImport(Model):
    """One uploaded file. `faults` names the first hundred cells that could not be read: {row, column, problem}.

    `steps_done` of `steps_total` lines are through the present work; `moved_at` is when the last chunk was.
    `new_vnd` is what was new when `applied_by` let it be counted; above a limit that is not who uploaded it.
    """

    __tablename__ = "statement_import"
    __table_args__ = (
        sa.Index(
            "uq_statement_import_file_hash",
            "file_hash",
            unique=True,
            postgresql_where=sa.text("state NOT IN ('undone', 'dropped')"),
        ),
        sa.CheckConstraint(f"applied_by <> created_by OR new_vnd <= {FOUR_EYES_VND}", name="four_eyes"),
        sa.Index(
            "ix_statement_import_at_work", "moved_at", postgresql_where=sa.text("state IN ('applying', 'undoing')")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    file_hash: Mapped[bytes]
    file_name: Mapped[str]
    format: Mapped[str]
    state: Mapped[str]
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    faults_total: Mapped[int]
    steps_total: Mapped[int]
    steps_done: Mapped[int]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    applied_by: Mapped[UUID | None]
    applied_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    new_vnd: Mapped[int | None] = mapped_column(sa.BigInteger)
    moved_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class StatementLine(Model):
    """One movement as the statement tells it, at `place` (the row, or the number of the entry).

    `identity` says which money it is; of all lines with one identity at most one is `counted`. `seen_before` is what
    was known of it when the file was read, for the preview; applying looks again. `payout_id` is the payout of ours
    that came back by it.
    """

    __tablename__ = "statement_line"
    __table_args__ = (
        sa.UniqueConstraint("import_id", "place", name="uq_statement_line_import_id_place"),
        sa.UniqueConstraint("undo_transfer_id", name="uq_statement_line_undo_transfer_id"),
        sa.Index("uq_statement_line_identity", "identity", unique=True, postgresql_where=sa.text("counted")),
        sa.Index(
            "ix_statement_line_relying",
            "identity",
            postgresql_where=sa.text("state = 'known' AND notice_id IS NULL"),
        ),
        sa.Index("ix_statement_line_import_state", "import_id", "state", "place"),
        sa.Index("ix_statement_line_notice_id", "notice_id"),
        sa.Index("ix_statement_line_payout_id", "payout_id", postgresql_where=sa.text("payout_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    import_id: Mapped[UUID] = mapped_column(sa.ForeignKey("statement_import.id"))
    place: Mapped[int]
    identity: Mapped[bytes]
    direction: Mapped[str]
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    reference: Mapped[str]
    account_enc: Mapped[bytes]
    memo_enc: Mapped[bytes]
    event_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    seen_before: Mapped[bool]
    state: Mapped[str]
    counted: Mapped[bool]
    kept_because: Mapped[str | None]
    notice_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("bank_notice.id"))
    undo_transfer_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("ledger_transfer.id"))
    payout_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("payout.id"))
