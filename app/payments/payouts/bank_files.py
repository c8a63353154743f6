"""A batch as the bank takes it: pain.001.001.09 (ISO 20022), or a sheet whose columns are configuration.

Vietnamese banks have no IBAN: accounts go as `Othr` ids, banks by their six-digit BIN as clearing member id. The same
batch makes the same file each time, under one message id, so a bank notices when it gets it twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree

from app.core.clock import in_vietnam
from app.core.sheets import as_xlsx
from app.core.texts import fold, tidy
from app.payments.vietqr.banks import bank_by_bin

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
DEFAULT_COLUMNS = (
    "STT=number;Số tài khoản=account;Tên người nhận=holder;Mã ngân hàng=bin;Ngân hàng=bank;Số tiền=amount;"
    "Nội dung=memo;Mã chi trả=code"
)
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 /?:().,'+-]")


@dataclass(frozen=True)
class OwnAccount:
    """The account that pays; nothing of it is shown in logs."""

    bin: str
    number: str
    holder: str


@dataclass(frozen=True)
class Line:
    """One payout as the bank needs it, its account in full."""

    code: str
    bin: str
    account: str
    holder: str
    amount_vnd: int


@dataclass(frozen=True)
class File:
    """A batch to write: `at` is when it first left, in UTC."""

    code: str
    period: date
    at: datetime
    own: OwnAccount
    lines: Sequence[Line]

    @property
    def total_vnd(self) -> int:
        """The sum of all lines."""
        return sum(line.amount_vnd for line in self.lines)


def to_xml(file: File) -> bytes:
    """The file as pain.001.001.09."""
    document = ElementTree.Element("Document", xmlns=NAMESPACE)
    root = _add(document, "CstmrCdtTrfInitn")
    head = _add(root, "GrpHdr")
    _add(head, "MsgId", file.code)
    _add(head, "CreDtTm", in_vietnam(file.at).isoformat(timespec="seconds"))
    _add(head, "NbOfTxs", str(len(file.lines)))
    _add(head, "CtrlSum", str(file.total_vnd))
    _add(_add(head, "InitgPty"), "Nm", plain(file.own.holder, 140))
    payment = _add(root, "PmtInf")
    _add(payment, "PmtInfId", file.code)
    _add(payment, "PmtMtd", "TRF")
    _add(payment, "NbOfTxs", str(len(file.lines)))
    _add(payment, "CtrlSum", str(file.total_vnd))
    _add(_add(payment, "ReqdExctnDt"), "Dt", in_vietnam(file.at).date().isoformat())
    _add(_add(payment, "Dbtr"), "Nm", plain(file.own.holder, 140))
    _account(payment, "DbtrAcct", file.own.number)
    _bank(payment, "DbtrAgt", file.own.bin)
    for line in file.lines:
        _transfer(payment, line, file)
    ElementTree.indent(document)
    return bytes(ElementTree.tostring(document, encoding="utf-8", xml_declaration=True))


def to_xlsx(file: File, columns: Sequence[tuple[str, str]]) -> bytes:
    """The file as a sheet. Account numbers are text, and no cell is ever a formula.

    Args:
        columns: (heading, field) from left to right, see `read_columns`.
    """
    cells = [_cells(line, row, file) for row, line in enumerate(file.lines, start=1)]
    rows = [[cell[field] for _heading, field in columns] for cell in cells]
    return as_xlsx([heading for heading, _field in columns], rows, title="Chi tra", made_at=file.at)


def read_columns(setting: str) -> tuple[tuple[str, str], ...]:
    """The column map of a setting `heading=field;heading=field`; the default when it is empty.

    Raises:
        ValueError: a field is unknown, or the account or amount has no column.
    """
    pairs = [part.partition("=") for part in (setting.strip() or DEFAULT_COLUMNS).split(";") if part.strip()]
    columns = tuple((heading.strip(), field.strip()) for heading, _equals, field in pairs)
    fields = {field for _heading, field in columns}
    if unknown := fields - _FIELDS:
        raise ValueError(f"unknown payout sheet fields: {', '.join(sorted(unknown))}")
    if missing := {"account", "amount", "code"} - fields:
        raise ValueError(f"the payout sheet needs columns for: {', '.join(sorted(missing))}")
    return columns


_FIELDS = frozenset({"number", "account", "holder", "bin", "bank", "amount", "memo", "code"})


def plain(text: str, longest: int) -> str:
    """Letters without accents, and the few marks every bank takes."""
    folded = fold(tidy(text)).upper()
    return tidy(_NOT_PLAIN.sub(" ", folded))[:longest].strip() or "-"


def memo(code: str, period: date) -> str:
    """What the payee reads on the account; the code never stands last, where banks cut."""
    return f"CHO PHIEN {code} CHI TRA {period:%d%m%Y}"


def _cells(line: Line, row: int, file: File) -> dict[str, str | int]:
    bank = bank_by_bin(line.bin)
    return {
        "number": row,
        "account": line.account,
        "holder": plain(line.holder, 140),
        "bin": line.bin,
        "bank": bank.short_name if bank else line.bin,
        "amount": line.amount_vnd,
        "memo": memo(line.code, file.period),
        "code": line.code,
    }


def _transfer(payment: Any, line: Line, file: File) -> None:
    transfer = _add(payment, "CdtTrfTxInf")
    ids = _add(transfer, "PmtId")
    _add(ids, "InstrId", line.code)
    _add(ids, "EndToEndId", line.code)
    amount = _add(_add(transfer, "Amt"), "InstdAmt", str(line.amount_vnd))
    amount.set("Ccy", "VND")
    _bank(transfer, "CdtrAgt", line.bin)
    _add(_add(transfer, "Cdtr"), "Nm", plain(line.holder, 140))
    _account(transfer, "CdtrAcct", line.account)
    _add(_add(transfer, "RmtInf"), "Ustrd", memo(line.code, file.period))


def _bank(parent: Any, name: str, bank_bin: str) -> None:
    _add(_add(_add(_add(parent, name), "FinInstnId"), "ClrSysMmbId"), "MmbId", bank_bin)


def _account(parent: Any, name: str, number: str) -> None:
    account = _add(parent, name)
    _add(_add(_add(account, "Id"), "Othr"), "Id", number)
    _add(account, "Ccy", "VND")


def _add(parent: Any, name: str, text: str | None = None) -> Any:
    child = ElementTree.SubElement(parent, name)
    child.text = text
    return child
