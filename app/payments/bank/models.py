"""The inbox of bank notices, and what each đồng of them became."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7

RAW_FIELD = "bank_notice.raw"
MEMO_FIELD = "bank_notice.memo"
ACCOUNT_FIELD = "bank_notice.account"


class Wire(StrEnum):
    """Who told us: a provider's webhook or feed, or a statement that a person imported."""

    SEPAY = "sepay"
    PAYOS = "payos"
    CASSO = "casso"
    STATEMENT = "statement"


class NoticeOutcome(StrEnum):
    """What became of a notice. `ignored`: money that left, or no money at all.

    `known`: the same money was told of before, see `same_as`. `undone`: a statement's line that was taken back.
    """

    MATCHED = "matched"
    UNDERPAID = "underpaid"
    OVERPAID = "overpaid"
    DUPLICATE = "duplicate"
    LATE = "late"
    WRONG_ACCOUNT = "wrong_account"
    UNMATCHED = "unmatched"
    IGNORED = "ignored"
    KNOWN = "known"
    UNDONE = "undone"


class BankNotice(Model):
    """One notice, stored once per (wire, external id) before anything is done about it.

    Raw bytes, memo and account are sealed; `account_indexes` are blind indexes of the account numbers it names.
    One that may tell of the same money as another notice waits in suspense and `resembles` that one.
    """

    __tablename__ = "bank_notice"
    __table_args__ = (
        sa.UniqueConstraint("wire", "external_id", name="uq_bank_notice_wire_external_id"),
        sa.Index("ix_bank_notice_waiting", "id", postgresql_where=sa.text("handled_at IS NULL")),
        sa.Index("ix_bank_notice_request_id", "request_id"),
        sa.Index("ix_bank_notice_reference", "reference", postgresql_where=sa.text("reference <> ''")),
        sa.UniqueConstraint("same_as", name="uq_bank_notice_same_as"),
        sa.Index(
            "ix_bank_notice_money",
            "amount_vnd",
            "event_at",
            postgresql_where=sa.text("direction = 'in' AND wire <> 'statement'"),
        ),
        sa.Index(
            "ix_bank_notice_line",
            "amount_vnd",
            "event_at",
            postgresql_where=sa.text("direction = 'in' AND wire = 'statement'"),
        ),
        sa.Index("ix_bank_notice_resembles", "resembles", postgresql_where=sa.text("resembles IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    wire: Mapped[str]
    external_id: Mapped[str]
    direction: Mapped[str]
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    account_indexes: Mapped[list[bytes]] = mapped_column(ARRAY(sa.LargeBinary))
    reference: Mapped[str]
    raw_enc: Mapped[bytes]
    memo_enc: Mapped[bytes]
    account_enc: Mapped[bytes]
    event_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    received_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    handled_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    outcome: Mapped[str | None]
    request_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("payment_request.id"))
    attempts: Mapped[int] = mapped_column(default=0)
    same_as: Mapped[UUID | None] = mapped_column(sa.ForeignKey("bank_notice.id"))
    resembles: Mapped[UUID | None] = mapped_column(sa.ForeignKey("bank_notice.id"))


class NoticeAllocation(Model):
    """Part of a notice's money: for a request, or (request_id NULL) waiting in suspense."""

    __tablename__ = "notice_allocation"
    __table_args__ = (
        sa.Index("ix_notice_allocation_notice_id", "notice_id"),
        sa.Index("ix_notice_allocation_suspense", "notice_id", postgresql_where=sa.text("request_id IS NULL")),
    )

    transfer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("ledger_transfer.id"), primary_key=True)
    notice_id: Mapped[UUID] = mapped_column(sa.ForeignKey("bank_notice.id"))
    request_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("payment_request.id"))
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
