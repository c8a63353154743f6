"""What of a notice's money waits for a person, and what people did with it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class Kind(StrEnum):
    """Where the money goes."""

    ATTACH = "attach"
    RETURN_TO_SENDER = "return_to_sender"
    SAME_MONEY = "same_money"  # another notice told of it before, and that one counts
    KEEP_AS_CREDIT = "keep_as_credit"  # its payer leaves it with the payee for the next time


class Choice(StrEnum):
    """What a payer wants done with money above what was asked; part of the API."""

    SEND_BACK = "send_back"
    KEEP = "keep"


class DeskItem(Model):
    """The suspense part of one notice.

    The database keeps it: a trigger opens it with the allocation, another one moves `waiting_vnd` (nobody decided) and
    `proposed_vnd` (waits for a second person) with each action. What is neither was moved out of suspense.
    """

    __tablename__ = "desk_item"
    __table_args__ = (
        sa.UniqueConstraint("notice_id", name="uq_desk_item_notice_id"),
        sa.Index("ix_desk_item_open", "notice_id", postgresql_where=sa.text("waiting_vnd + proposed_vnd > 0")),
        sa.Index("ix_desk_item_proposed", "notice_id", postgresql_where=sa.text("proposed_vnd > 0")),
    )

    allocation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("notice_allocation.transfer_id"), primary_key=True)
    notice_id: Mapped[UUID] = mapped_column(sa.ForeignKey("bank_notice.id"))
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    waiting_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    proposed_vnd: Mapped[int] = mapped_column(sa.BigInteger)


class DeskAction(Model):
    """One act of a finance person. `state` follows `states.NEXT`; above a limit a second person approves.

    `transfer_id` is the ledger transfer that moved the money, `undo_transfer_id` the one that took it back. While
    `undo_asked_by` of a done action is set, a second person has to say whether it is taken back.
    """

    __tablename__ = "desk_action"
    __table_args__ = (
        sa.UniqueConstraint("idempotency_key", "position", name="uq_desk_action_idempotency_key"),
        sa.UniqueConstraint("transfer_id", name="uq_desk_action_transfer_id"),
        sa.UniqueConstraint("undo_transfer_id", name="uq_desk_action_undo_transfer_id"),
        sa.CheckConstraint("approved_by <> created_by", name="four_eyes"),
        sa.CheckConstraint("undo_asked_by <> closed_by", name="undo_four_eyes"),
        sa.Index("ix_desk_action_allocation_id", "allocation_id", "id"),
        sa.Index("ix_desk_action_request_id", "request_id"),
        sa.Index(
            "ix_desk_action_undo_asked",
            "allocation_id",
            postgresql_where=sa.text("undo_asked_by IS NOT NULL AND state = 'done'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    allocation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("desk_item.allocation_id"))
    kind: Mapped[str]
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    request_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("payment_request.id"))
    bank_reference: Mapped[str | None]
    credit_owner: Mapped[str | None]
    reason: Mapped[str]
    needs_approval: Mapped[bool]
    state: Mapped[str]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    approved_by: Mapped[UUID | None]
    done_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    transfer_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("ledger_transfer.id"))
    closed_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    closed_reason: Mapped[str | None]
    undo_transfer_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("ledger_transfer.id"))
    undo_asked_by: Mapped[UUID | None]
    undo_asked_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    undo_reason: Mapped[str | None]
    idempotency_key: Mapped[str]
    position: Mapped[int]


class PayerWish(Model):
    """What the payer wants done with an item's money, until a person has acted on it.

    `account_enc` seals where to send it back to; `action_id` is the action by which it was kept as credit. `changes`
    counts how often the payer thought better of it: the office looks closer at an account that moves.
    """

    __tablename__ = "payer_wish"
    __table_args__ = (sa.Index("ix_payer_wish_request_id", "request_id"),)

    allocation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("desk_item.allocation_id"), primary_key=True)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payment_request.id"))
    choice: Mapped[str]
    account_enc: Mapped[bytes | None]
    action_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("desk_action.id"))
    by_user_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    changes: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
