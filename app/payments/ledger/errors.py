"""What the ledger refuses. These are programming or policy errors of callers; rooms above translate them for people."""

from __future__ import annotations

from uuid import UUID


class LedgerError(Exception):
    """Base of refusals; `transfer_id` names the transfer that was refused, and with it its whole chain."""

    def __init__(self, transfer_id: UUID, reason: str) -> None:
        super().__init__(f"transfer {transfer_id}: {reason}")
        self.transfer_id = transfer_id


class DifferentContent(LedgerError):
    """The id was used before for another transfer."""


class Overdraft(LedgerError):
    """The account it leaves may not go below zero."""


class NotPending(LedgerError):
    """What should be resolved is no pending transfer, is of other accounts, is resolved, or is smaller."""


class InvalidTransfer(LedgerError):
    """Amount, accounts or kind do not make sense."""


class ConcurrentRepeat(LedgerError):
    """One of several transfers landed while they were being posted; begin the transaction again."""


class AccountClosed(LedgerError):
    """The account takes part in nothing new."""


class AccountInUse(Exception):
    """The account still holds money or promises, so it can't be closed."""

    def __init__(self, account_id: UUID) -> None:
        super().__init__(f"account {account_id} is not empty")
        self.account_id = account_id
