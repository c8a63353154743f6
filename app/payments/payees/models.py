"""Payees and their bank accounts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class PayeeKind(StrEnum):
    """In which part somebody is paid. One household is two payees, as a shop and as one that receives help."""

    SHOP = "shop"
    WELFARE = "welfare"
    CAMPAIGN = "campaign"


class Payee(Model):
    """Somebody who can be paid; `arrival_seq` numbers what arrives for them without gaps."""

    __tablename__ = "payee"
    __table_args__ = (sa.UniqueConstraint("kind", "owner_id", name="uq_payee_kind_owner_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    owner_id: Mapped[UUID]
    arrival_seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class BankAccount(Model):
    """A payee's account at a bank; number and holder are sealed under the owner's data key."""

    __tablename__ = "bank_account"
    __table_args__ = (
        sa.Index("uq_bank_account_active_payee", "payee_id", unique=True, postgresql_where=sa.text("active")),
        sa.Index(
            "uq_bank_account_active_number",
            "payee_kind",
            "bin",
            "number_index",
            unique=True,
            postgresql_where=sa.text("active"),
        ),
        sa.Index("ix_bank_account_number_index", "number_index"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    payee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("payee.id"))
    payee_kind: Mapped[str]
    bin: Mapped[str]
    number_enc: Mapped[bytes]
    number_index: Mapped[bytes]
    holder_enc: Mapped[bytes]
    data_key_id: Mapped[UUID] = mapped_column(sa.ForeignKey("data_key.id"))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
