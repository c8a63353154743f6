"""Telling the room above that asked for a test transfer what became of it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

_LISTENERS: list[Callable[[UUID], None]] = []


def on_probe_changed(callback: Callable[[UUID], None]) -> None:
    """Have this called with the bank account's id, in the transaction that heard the bank's word.

    It only writes down what to do: it must take no locks of its own, the ledger's are held.
    """
    if callback not in _LISTENERS:
        _LISTENERS.append(callback)


def tell(bank_account_id: UUID) -> None:
    """Something became of the account's test transfer."""
    for callback in _LISTENERS:
        callback(bank_account_id)
