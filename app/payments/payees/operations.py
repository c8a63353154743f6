"""Making payees and giving them bank accounts; each needs an open transaction."""

from __future__ import annotations

import re
import secrets
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.crypto import DataKey, blind_index, seal
from app.core.database import require_transaction
from app.core.texts import tidy
from app.payments.payees.errors import AccountTaken, BadAccountNumber, UnknownBank
from app.payments.payees.models import BankAccount, Payee, PayeeKind
from app.payments.vietqr.banks import bank_by_bin

NUMBER_FIELD = "bank_account.number"
HOLDER_FIELD = "bank_account.holder"
_NUMBER = re.compile(r"[0-9A-Z]{6,19}")


def normalise_number(text: str) -> str:
    """An account number as banks print it: upper case, without spaces, dots and dashes."""
    return re.sub(r"[\s.\-]", "", text).upper()


def normalise_holder(text: str) -> str:
    """A holder's name as it is kept: upper case, single spaces."""
    return tidy(text).upper()


def number_index(number: str) -> bytes:
    """The blind index under which an account number is found."""
    return blind_index(NUMBER_FIELD, normalise_number(number))


def create_payee(*, kind: PayeeKind, owner_id: UUID, clock: Clock) -> Payee:
    """A new payee for the opaque owner."""
    payee = Payee(kind=kind, owner_id=owner_id, created_at=clock.now())
    session = require_transaction()
    session.add(payee)
    session.flush()
    return payee


def register_account(
    *, payee: Payee, bin: str, number: str, holder: str, data_key: DataKey, clock: Clock
) -> BankAccount:
    """Make this the payee's active account; an earlier one stays as history.

    Raises:
        UnknownBank: the BIN takes no VietQR transfers.
        BadAccountNumber: not 6–19 letters or digits.
        AccountTaken: active for another payee of the same kind.
    """
    session = require_transaction()
    plain = checked_number(bin, number)
    session.execute(
        sa.update(BankAccount).where(BankAccount.payee_id == payee.id, BankAccount.active).values(active=False)
    )
    taken = sa.select(BankAccount.id).where(
        BankAccount.payee_kind == payee.kind,
        BankAccount.bin == bin,
        BankAccount.number_index == number_index(plain),
        BankAccount.active,
    )
    if session.scalar(taken):
        raise AccountTaken()
    account = _sealed(payee, (bin, plain, holder), data_key, clock)
    session.add(account)
    try:
        session.flush()
    except sa.exc.IntegrityError as error:
        raise AccountTaken() from error
    return account


def prepare_account(
    *, payee: Payee, bin: str, number: str, holder: str, data_key: DataKey, clock: Clock
) -> BankAccount:
    """Write an account down that takes no money yet: `activate` lets it. The one in use stays in use.

    Raises:
        UnknownBank, BadAccountNumber: as `register_account`.
    """
    account = _sealed(payee, (bin, checked_number(bin, number), holder), data_key, clock)
    account.active = False
    session = require_transaction()
    session.add(account)
    session.flush()
    return account


def activate(account_id: UUID) -> None:
    """Make this the account that its payee's money goes to.

    Raises:
        AccountTaken: active for another payee of the same kind.
    """
    session = require_transaction()
    account = session.get_one(BankAccount, account_id)
    session.execute(
        sa.update(BankAccount)
        .where(BankAccount.payee_id == account.payee_id, BankAccount.active, BankAccount.id != account_id)
        .values(active=False)
    )
    account.active = True
    try:
        session.flush()
    except sa.exc.IntegrityError as error:
        raise AccountTaken() from error


def deactivate(account_id: UUID) -> None:
    """No money goes to this account from now on; it stays as history, and its number is free for others."""
    session = require_transaction()
    session.get_one(BankAccount, account_id).active = False
    session.flush()


def forget_accounts(data_key_id: UUID) -> None:
    """No money goes to the accounts sealed under this key, and their numbers are found no more: the key is about to be
    destroyed. The rows stay, for the transfers that name them."""
    session = require_transaction()
    for account in session.scalars(sa.select(BankAccount).where(BankAccount.data_key_id == data_key_id)):
        account.active, account.number_index = False, secrets.token_bytes(32)
    session.flush()


def checked_number(bin: str, number: str) -> str:
    """An account number as banks print it.

    Raises:
        UnknownBank: the BIN takes no VietQR transfers.
        BadAccountNumber: not 6–19 letters or digits.
    """
    bank = bank_by_bin(bin)
    if bank is None or not bank.may_be_payee:
        raise UnknownBank()
    plain = normalise_number(number)
    if not _NUMBER.fullmatch(plain):
        raise BadAccountNumber()
    return plain


def _sealed(payee: Payee, told: tuple[str, str, str], data_key: DataKey, clock: Clock) -> BankAccount:
    """An account of (BIN, number as banks print it, holder)."""
    bin, plain, holder = told
    return BankAccount(
        payee_id=payee.id,
        payee_kind=payee.kind,
        bin=bin,
        number_enc=seal(data_key, NUMBER_FIELD, plain),
        number_index=number_index(plain),
        holder_enc=seal(data_key, HOLDER_FIELD, normalise_holder(holder)),
        data_key_id=data_key.id,
        created_at=clock.now(),
    )
