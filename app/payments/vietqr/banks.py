"""The banks a VietQR can name, by BIN: facts of July 2025 in `banks.csv`, where leads are marked as such."""

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

_FILE: Final = Path(__file__).with_name("banks.csv")


class Transfer(StrEnum):
    """What a bank does with VietQR transfers. LEAD: reported but not checked, so not to be relied on."""

    YES = "yes"
    RECEIVE = "receive"
    LEAD = "lead"


@dataclass(frozen=True)
class Bank:
    """A bank or wallet; `swift` is None where none is known."""

    bin: str
    short_name: str
    name: str
    swift: str | None
    transfer: Transfer

    @property
    def may_be_payee(self) -> bool:
        """Whether money sent by VietQR is known to arrive there."""
        return self.transfer in (Transfer.YES, Transfer.RECEIVE)


def bank_by_bin(bank_bin: str) -> Bank | None:
    """The bank with this six-digit BIN, leads included: ask `may_be_payee` before sending money there."""
    return _by_bin().get(bank_bin)


@lru_cache(maxsize=1)
def all_banks() -> tuple[Bank, ...]:
    """Every bank of the list, by short name, leads included."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        banks = [
            Bank(row["bin"], row["short_name"], row["name"], row["swift"] or None, Transfer(row["vietqr_transfer"]))
            for row in csv.DictReader(file)
        ]
    return tuple(sorted(banks, key=lambda bank: (bank.short_name.casefold(), bank.bin)))


@lru_cache(maxsize=1)
def payee_banks() -> tuple[Bank, ...]:
    """The banks a payee's account may be at, by short name: what a form offers."""
    return tuple(bank for bank in all_banks() if bank.may_be_payee)


@lru_cache(maxsize=1)
def _by_bin() -> MappingProxyType[str, Bank]:
    return MappingProxyType({bank.bin: bank for bank in all_banks()})
