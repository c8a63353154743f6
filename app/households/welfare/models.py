"""Tables of welfare, and the one view of them that everybody may read."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class AccountStatus(StrEnum):
    """How far a welfare account has come."""

    ISSUED = "issued"
    VERIFYING = "verifying"  # 1,000 đ are on their way to it
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REPLACED = "replaced"
    CLOSED = "closed"


class VerifiedHow(StrEnum):
    """By what an account was found to be right."""

    SECOND_PERSON = "second_person"
    TEST_TRANSFER = "test_transfer"


ENDED = (AccountStatus.CLOSED, AccountStatus.REPLACED)
REASON_FIELD, TOLD_FIELD = "welfare_account_step.reason", "welfare_batch_row.told"
READ_FIELD = "welfare_batch.read"


class BatchState(StrEnum):
    """Where a sheet is. `reading`, `applying`, `verifying` and `undoing` go on in the background."""

    READING = "reading"
    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    VERIFYING = "verifying"
    UNDOING = "undoing"
    UNDONE = "undone"
    DROPPED = "dropped"


class RowState(StrEnum):
    """What a row of a sheet is or became."""

    NEW = "new"
    ISSUED = "issued"
    REFUSED = "refused"
    VERIFIED = "verified"  # by a second officer, together with the sheet
    UNDONE = "undone"
    KEPT = "kept"  # verified or changed since: not taken back with the sheet


class WelfareProfile(Model):
    """A household as one that receives help, under a code of its own.

    Its id is random rather than ordered by time, and owns the payee, so that nothing leads from a gift to the shop.
    Whether it is listed, its class and whether it takes direct gifts are read from consent and poverty status, never
    stored: see the view `welfare_public`.
    """

    __tablename__ = "welfare_profile"
    __table_args__ = (
        sa.UniqueConstraint("household_id"),
        sa.UniqueConstraint("code"),
        sa.CheckConstraint("length(need) BETWEEN 1 AND 200", name="need"),
        sa.Index("ix_welfare_profile_commune_code", "commune_code", "code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    code: Mapped[str]
    commune_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"))
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    need: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class WelfareAccount(Model):
    """The bank account registered to receive support, given by one officer, verified by another or by a test transfer.

    `probe_id` is the last test transfer that was asked for; the database lets `verified_how` name it only once it
    arrived at this very account.
    Its bank account takes money only while it is active. Of all that have not ended, no two have one bank and number,
    whichever the commune. `closed_at` is when it ended, closed or replaced; `suspended_by` is NULL for the machine.
    """

    __tablename__ = "welfare_account"
    __table_args__ = (
        sa.CheckConstraint(
            "status IN ('issued', 'verifying', 'active', 'suspended', 'replaced', 'closed')", name="status"
        ),
        sa.CheckConstraint("verified_by <> issued_by", name="four_eyes"),
        sa.CheckConstraint(
            "(status NOT IN ('active', 'suspended') OR verified_how IS NOT NULL)"
            " AND (status NOT IN ('issued', 'verifying') OR verified_how IS NULL)"
            " AND (status <> 'verifying' OR probe_id IS NOT NULL)"
            " AND (verified_how IS NULL) = (verified_at IS NULL)"
            " AND CASE verified_how WHEN 'second_person' THEN verified_by IS NOT NULL"
            " WHEN 'test_transfer' THEN verified_by IS NULL AND probe_id IS NOT NULL"
            " ELSE verified_how IS NULL AND verified_by IS NULL END",
            name="verified",
        ),
        sa.CheckConstraint("(status IN ('replaced', 'closed')) = (closed_at IS NOT NULL)", name="closed"),
        sa.CheckConstraint(
            "(status = 'suspended') = (suspended_at IS NOT NULL)"
            " AND (suspended_by IS NULL OR suspended_at IS NOT NULL)",
            name="suspended",
        ),
        sa.Index(
            "uq_welfare_account_open",
            "household_id",
            unique=True,
            postgresql_where=sa.text("status NOT IN ('closed', 'replaced')"),
        ),
        sa.Index(
            "uq_welfare_account_number",
            "bin",
            "number_index",
            unique=True,
            postgresql_where=sa.text("status NOT IN ('closed', 'replaced')"),
        ),
        sa.Index("ix_welfare_account_household_id", "household_id", "id"),
        sa.Index("ix_welfare_account_waiting", "id", postgresql_where=sa.text("status = 'issued'")),
        sa.Index("ix_welfare_account_verifying", "id", postgresql_where=sa.text("status = 'verifying'")),
        sa.Index("ix_welfare_account_bank_account_id", "bank_account_id"),
        sa.Index(
            "ix_welfare_account_stopped",
            "id",
            postgresql_where=sa.text("status = 'suspended' AND suspended_by IS NULL"),
        ),
        sa.Index("ix_welfare_account_batch_id", "batch_id", "id", postgresql_where=sa.text("batch_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    bank_account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("bank_account.id"))
    bin: Mapped[str]
    number_index: Mapped[bytes]
    status: Mapped[str]
    replaces_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("welfare_account.id"))
    batch_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("welfare_batch.id"))
    issued_by: Mapped[UUID]
    verified_by: Mapped[UUID | None]
    verified_how: Mapped[str | None]
    probe_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("account_probe.id"))
    suspended_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    verified_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    suspended_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class AccountStep(Model):
    """Something that happened to an account, by whom and why; append-only. The reason is sealed."""

    __tablename__ = "welfare_account_step"
    __table_args__ = (sa.Index("ix_welfare_account_step_household_id", "household_id", "id"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("welfare_account.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    event: Mapped[str]
    status: Mapped[str]
    by: Mapped[UUID | None]
    reason_enc: Mapped[bytes | None]
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class WelfareBatch(Model):
    """One filled sheet of accounts. `faults` names the first hundred cells that can't be used: {row, column, problem}.

    `steps_done` of `steps_total` rows are through the present work, which goes on for `working_for`. `read_enc` is what
    was read from the file, sealed, until its rows are judged.
    """

    __tablename__ = "welfare_batch"
    __table_args__ = (
        sa.CheckConstraint(
            "state IN ('reading', 'ready', 'applying', 'applied', 'verifying', 'undoing', 'undone', 'dropped')",
            name="state",
        ),
        sa.CheckConstraint("(state = 'reading') = (read_enc IS NOT NULL)", name="read"),
        sa.Index(
            "uq_welfare_batch_file_hash",
            "created_by",
            "file_hash",
            unique=True,
            postgresql_where=sa.text("state NOT IN ('undone', 'dropped')"),
        ),
        sa.Index(
            "ix_welfare_batch_at_work",
            "moved_at",
            postgresql_where=sa.text("state IN ('reading', 'applying', 'verifying', 'undoing')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    file_hash: Mapped[bytes]
    file_name: Mapped[str]
    communes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    state: Mapped[str]
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    faults_total: Mapped[int]
    steps_total: Mapped[int]
    steps_done: Mapped[int]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    working_for: Mapped[UUID | None]
    moved_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    read_enc: Mapped[bytes | None] = mapped_column(deferred=True)


class WelfareBatchRow(Model):
    """One row of a sheet: `told_enc` is the bank, number, holder and need as they were typed, sealed."""

    __tablename__ = "welfare_batch_row"
    __table_args__ = (
        sa.CheckConstraint("state IN ('new', 'issued', 'refused', 'verified', 'undone', 'kept')", name="state"),
        sa.Index("uq_welfare_batch_row_place", "batch_id", "place", unique=True),
        sa.Index("ix_welfare_batch_row_state", "batch_id", "state", "place"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("welfare_batch.id"))
    place: Mapped[int]
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    told_enc: Mapped[bytes]
    state: Mapped[str]
    problem: Mapped[str | None]
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("welfare_account.id"))


class RollEntry(Model):
    """A decision that counts of a verified household, with the state of its open account.

    Kept by triggers of the database (migration 0290), whoever changes households, decisions or accounts; never written
    from here. `covered` says that the account is active.
    """

    __tablename__ = "welfare_roll"
    __table_args__ = (
        sa.Index("ix_welfare_roll_household_id", "household_id"),
        sa.Index("ix_welfare_roll_commune_code", "commune_code", "valid_to", "valid_from", "account_status"),
        sa.Index("ix_welfare_roll_missing", "commune_code", "code", postgresql_where=sa.text("NOT covered")),
    )

    poverty_status_id: Mapped[UUID] = mapped_column(sa.ForeignKey("poverty_status.id"), primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    commune_code: Mapped[str]
    code: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    account_status: Mapped[str | None]
    covered: Mapped[bool]


welfare_public = sa.table(
    "welfare_public",
    sa.column("code", sa.Text),
    sa.column("commune_code", sa.Text),
    sa.column("poverty_class", sa.Text),
    sa.column("need", sa.Text),
    sa.column("direct", sa.Boolean),
    sa.column("payee_id", sa.Uuid),
    sa.column("valid_from", sa.Date),
    sa.column("valid_to", sa.Date),
)
"""A view that belongs to the migrator: verified households with an active account that agreed to be listed now, one row
per poverty decision. It holds no household id, so a guest's connection can't get from here to a person."""
