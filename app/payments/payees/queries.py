"""Reads of payees and accounts. Numbers leave here masked, unless a QR or a file needs them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.core.crypto import KeyDestroyed, unseal_by_id
from app.core.database import db
from app.core.masking import mask_tail
from app.payments.payees.models import BankAccount, Payee
from app.payments.payees.operations import HOLDER_FIELD, NUMBER_FIELD
from app.payments.vietqr.banks import bank_by_bin


@dataclass(frozen=True)
class MaskedAccount:
    """A bank account as people may see it."""

    bin: str
    bank_name: str
    number_masked: str


def get_payee(payee_id: UUID, *, for_update: bool = False) -> Payee:
    """The payee by id."""
    return db.session.get_one(Payee, payee_id, with_for_update=for_update or None, populate_existing=for_update)


def get_account(account_id: UUID) -> BankAccount:
    """A bank account by id, active or not."""
    return db.session.get_one(BankAccount, account_id)


def get_accounts(account_ids: Iterable[UUID]) -> dict[UUID, BankAccount]:
    """Bank accounts by id, active or not, in one query."""
    found = db.session.scalars(sa.select(BankAccount).where(BankAccount.id.in_(list(account_ids))))
    return {account.id: account for account in found}


def active_account(payee_id: UUID) -> BankAccount | None:
    """The account money for this payee goes to now."""
    return db.session.scalar(sa.select(BankAccount).where(BankAccount.payee_id == payee_id, BankAccount.active))


def account_number(account: BankAccount) -> str:
    """The number in full: for a QR code or a bank file only."""
    return unseal_by_id(account.data_key_id, NUMBER_FIELD, account.number_enc)


def account_holder(account: BankAccount) -> str:
    """The holder's name in full: for the owner, an officer, or a bank file only."""
    return unseal_by_id(account.data_key_id, HOLDER_FIELD, account.holder_enc)


def masked(account: BankAccount) -> MaskedAccount:
    """Bank and last four digits; no digit of one whose owner was erased."""
    bank = bank_by_bin(account.bin)
    try:
        number = mask_tail(account_number(account))
    except KeyDestroyed:
        number = "••••"
    return MaskedAccount(account.bin, bank.short_name if bank else account.bin, number)
