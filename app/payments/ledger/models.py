"""Accounts, transfers and entries. Transfers and entries are append-only; the database refuses anything else."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class AccountKind(StrEnum):
    """What an account stands for."""

    OUTSIDE_BANK = "outside_bank"  # the banks as one wire tells of them; its balance is minus all that came in
    OUTSIDE_CARD = "outside_card"  # the card gateway
    SUSPENSE = "suspense"  # arrived, not yet known for whom
    RECEIVED = "received"  # what arrived straight at a payee's own bank account
    PAYABLE = "payable"  # what we collected and owe to a payee
    OUTSIDE_PAYEE = "outside_payee"  # payees' own bank accounts, as payouts reach them
    OUTSIDE_PAYER = "outside_payer"  # payers' bank accounts, as refunds reach them by transfer
    SELLER_DEBT = "seller_debt"  # what a payee owes us after a refund: zero, or minus the debt
    COMMISSION = "commission"  # what the platform keeps of sales it collected
    TAX_WITHHELD = "tax_withheld"  # kept back for the state, by tax: owner `vat` or `income_tax`
    GATEWAY_FEE = "gateway_fee"  # what a card gateway kept for itself: zero, or minus the cost
    PAYER_CREDIT = "payer_credit"  # what a payer paid too much and left with a payee for the next time
    PLATFORM_FUNDS = "platform_funds"  # the platform's own money: zero, or minus what it spent on test transfers


# Accounts that stand for the world, suspense, and those every sale touches keep no running balance: no payment waits
# for another on their row.
OUTSIDE = frozenset(kind for kind in AccountKind if kind.startswith("outside_"))
WITHOUT_BALANCE = OUTSIDE | {
    AccountKind.SUSPENSE,
    AccountKind.COMMISSION,
    AccountKind.TAX_WITHHELD,
    AccountKind.GATEWAY_FEE,
    AccountKind.PLATFORM_FUNDS,
}
MAY_GO_NEGATIVE = OUTSIDE | {AccountKind.SELLER_DEBT, AccountKind.GATEWAY_FEE, AccountKind.PLATFORM_FUNDS}


class TransferKind(StrEnum):
    """What a transfer row does. `posted` and `post_pending` move money; the others reserve or release."""

    POSTED = "posted"
    PENDING = "pending"
    POST_PENDING = "post_pending"
    VOID_PENDING = "void_pending"
    EXPIRE_PENDING = "expire_pending"


RESOLUTIONS = frozenset({TransferKind.POST_PENDING, TransferKind.VOID_PENDING, TransferKind.EXPIRE_PENDING})
MOVES_MONEY = frozenset({TransferKind.POSTED, TransferKind.POST_PENDING})


class Account(Model):
    """One account. `balance_vnd` is NULL where no running balance is kept; then it is the sum of the entries."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        sa.UniqueConstraint("kind", "owner_id", name="uq_ledger_account_kind_owner_id"),
        sa.Index("ix_ledger_account_owner_id", "owner_id"),
        sa.CheckConstraint(
            "may_go_negative OR balance_vnd IS NULL OR balance_vnd >= pending_out_vnd", name="overdraft"
        ),
        sa.CheckConstraint("pending_out_vnd >= 0 AND pending_in_vnd >= 0", name="pending"),
        sa.CheckConstraint("kind <> 'seller_debt' OR balance_vnd <= 0", name="debt"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    owner_id: Mapped[str]
    may_go_negative: Mapped[bool]
    balance_vnd: Mapped[int | None] = mapped_column(sa.BigInteger)
    pending_in_vnd: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    pending_out_vnd: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class Transfer(Model):
    """An immutable movement, reservation or resolution, in the partition of its id's month.

    Its accounts exist and its entries fit: the database checks that over each statement, without locking the accounts.
    `at_most_vnd` is set on a balancing transfer: what was wanted, while `amount_vnd` is what could be moved.
    """

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        sa.CheckConstraint("amount_vnd >= 0", name="amount"),
        sa.CheckConstraint("from_account_id <> to_account_id", name="two_accounts"),
        sa.Index("ix_ledger_transfer_purpose", "purpose_kind", "purpose_id"),
        sa.Index("ix_ledger_transfer_pending_id", "pending_id", postgresql_where=sa.text("pending_id IS NOT NULL")),
        sa.Index("ix_ledger_transfer_reverses_id", "reverses_id", postgresql_where=sa.text("reverses_id IS NOT NULL")),
        sa.Index("ix_ledger_transfer_expires_at", "expires_at", postgresql_where=sa.text("expires_at IS NOT NULL")),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    from_account_id: Mapped[UUID]
    to_account_id: Mapped[UUID]
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    at_most_vnd: Mapped[int | None] = mapped_column(sa.BigInteger)
    pending_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("ledger_transfer.id"))
    reverses_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("ledger_transfer.id"))
    purpose_kind: Mapped[str | None]
    purpose_id: Mapped[UUID | None]
    event_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class Entry(Model):
    """One side of a transfer: negative leaves the account, positive enters it. `id` is the order of posting."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        sa.Index("ix_ledger_entry_account_id", "account_id", "created_at", "id"),
        sa.CheckConstraint("amount_vnd <> 0", name="amount"),
        sa.CheckConstraint(
            "(balance_before_vnd IS NULL AND balance_after_vnd IS NULL)"
            " OR balance_after_vnd = balance_before_vnd + amount_vnd",
            name="balances",
        ),
        {"postgresql_partition_by": "RANGE (transfer_id)"},
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("nextval('ledger_entry_id_seq')"))
    transfer_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    amount_vnd: Mapped[int] = mapped_column(sa.BigInteger)
    balance_before_vnd: Mapped[int | None] = mapped_column(sa.BigInteger)
    balance_after_vnd: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class Closing(Model):
    """A transfer that has had its one end (a reservation's) or been taken back: the database allows no second."""

    __tablename__ = "ledger_closing"

    transfer_id: Mapped[UUID] = mapped_column(primary_key=True)
    closed_by_id: Mapped[UUID]
