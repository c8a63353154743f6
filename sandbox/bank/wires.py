"""The three formats in which a bank's word reaches the platform: SePay, payOS and Casso v2.

Their timestamps carry no zone; they are written in +07:00.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sandbox.bank.banks import bank_name
from sandbox.settings import Settings
from sandbox.signing import compact_json, payos_signature

WIRES = {"sepay": "SePay", "payos": "payOS", "casso": "Casso"}
HANOI = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Transfer:
    """One movement of play money. `id` and `reference` are unique per transfer and the same on every delivery."""

    id: int
    reference: str
    wire: str
    bin: str
    account: str
    amount_vnd: int
    balance_after_vnd: int
    memo: str
    payer_name: str
    payer_account: str
    payer_bin: str
    transferred_at: datetime

    @property
    def local_time(self) -> str:
        """Zone-less +07:00, as all three formats write it."""
        return self.transferred_at.astimezone(HANOI).strftime("%Y-%m-%d %H:%M:%S")


def sepay_body(transfer: Transfer) -> dict[str, Any]:
    """SePay's webhook body; `code` is null because we set no code pattern at SePay."""
    return {
        "id": transfer.id,
        "gateway": bank_name(transfer.bin),
        "transactionDate": transfer.local_time,
        "accountNumber": transfer.account,
        "subAccount": None,
        "code": None,
        "content": transfer.memo,
        "transferType": "in",
        "description": f"BankAPINotify {transfer.memo}",
        "transferAmount": transfer.amount_vnd,
        "accumulated": transfer.balance_after_vnd,
        "referenceCode": transfer.reference,
    }


def payos_body(transfer: Transfer, checksum_key: str) -> dict[str, Any]:
    """payOS' webhook body, signed inside. A plain transfer has no order: `orderCode` is the transfer's id."""
    data = {
        "orderCode": transfer.id,
        "amount": transfer.amount_vnd,
        "description": transfer.memo,
        "accountNumber": transfer.account,
        "reference": transfer.reference,
        "transactionDateTime": transfer.local_time,
        "currency": "VND",
        "paymentLinkId": f"link{transfer.id:x}",
        "code": "00",
        "desc": "Thành công",
        "counterAccountBankId": transfer.payer_bin,
        "counterAccountBankName": bank_name(transfer.payer_bin),
        "counterAccountName": transfer.payer_name,
        "counterAccountNumber": transfer.payer_account,
        "virtualAccountName": None,
        "virtualAccountNumber": None,
    }
    return {
        "code": "00",
        "desc": "success",
        "success": True,
        "data": data,
        "signature": payos_signature(data, checksum_key),
    }


def casso_body(transfer: Transfer) -> dict[str, Any]:
    """Casso's version 2 webhook body."""
    return {
        "error": 0,
        "data": {
            "id": transfer.id,
            "reference": transfer.reference,
            "description": transfer.memo,
            "amount": transfer.amount_vnd,
            "runningBalance": transfer.balance_after_vnd,
            "transactionDateTime": transfer.local_time,
            "accountNumber": transfer.account,
            "bankName": bank_name(transfer.bin),
            "bankAbbreviation": bank_name(transfer.bin),
            "virtualAccountNumber": "",
            "virtualAccountName": "",
            "counterAccountName": transfer.payer_name,
            "counterAccountNumber": transfer.payer_account,
            "counterAccountBankId": transfer.payer_bin,
            "counterAccountBankName": bank_name(transfer.payer_bin),
        },
    }


def notice_body(transfer: Transfer, settings: Settings) -> bytes:
    """The exact bytes that every delivery about `transfer` carries."""
    match transfer.wire:
        case "sepay":
            body = sepay_body(transfer)
        case "payos":
            body = payos_body(transfer, settings.payos_checksum_key)
        case "casso":
            body = casso_body(transfer)
        case _:
            raise ValueError(f"unknown wire {transfer.wire!r}")
    return compact_json(body).encode()
