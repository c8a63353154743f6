"""Tables of the public log. The `app` role may add rows; the one thing it may change is a leaf's first `seq`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7

from .merkle import HASH_BYTES
from .tiles import MAX_ENTRY_BYTES


class LogLeaf(Model):
    """One public event. `seq` is its index in the tree, NULL until the sequencer came by; then it is fixed for ever.

    `kind` and `subject_id` name the event, so that it is logged once however often it is reported. `code` repeats the
    leaf's own, to look it up by.
    """

    __tablename__ = "log_leaf"
    __table_args__ = (
        sa.UniqueConstraint("seq"),
        sa.UniqueConstraint("kind", "subject_id"),
        sa.CheckConstraint("seq >= 0", name="seq_not_negative"),
        sa.CheckConstraint(f"octet_length(leaf) BETWEEN 1 AND {MAX_ENTRY_BYTES}", name="leaf_length"),
        sa.CheckConstraint(f"octet_length(leaf_hash) = {HASH_BYTES}", name="leaf_hash_length"),
        sa.Index("ix_log_leaf_code", "code"),
        sa.Index("ix_log_leaf_pending", "id", postgresql_where=sa.text("seq IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    kind: Mapped[str]
    subject_id: Mapped[UUID]
    code: Mapped[str]
    leaf: Mapped[bytes]
    leaf_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())


class LogNode(Model):
    """The hash of a complete subtree: leaves `index << level` up to `(index + 1) << level`."""

    __tablename__ = "log_node"
    __table_args__ = (
        sa.CheckConstraint("level BETWEEN 0 AND 63", name="level_range"),
        sa.CheckConstraint("index >= 0", name="index_not_negative"),
        sa.CheckConstraint(f"octet_length(hash) = {HASH_BYTES}", name="hash_length"),
    )

    level: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class LogCheckpoint(Model):
    """A signed statement of the tree's size and root. Sizes only grow; a trigger refuses anything else."""

    __tablename__ = "log_checkpoint"
    __table_args__ = (
        sa.CheckConstraint("size > 0", name="size_positive"),
        sa.CheckConstraint(f"octet_length(root) = {HASH_BYTES}", name="root_length"),
    )

    size: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    note: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
