"""Statements (camt.053) and notifications (camt.054) of ISO 20022, read with pycamt.

The two hold the same entries; a notification has no balances. No document type, so no entities to expand.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from pycamt.parser import Camt053ParseError, Camt053Parser  # type: ignore[import-untyped]

from app.core.uploads import demand_plain_xml
from app.payments.statements.errors import UnreadableStatement
from app.payments.statements.lines import MAX_ROWS, BadCell, Line, Statement, account, clean, moment, money
from app.payments.statements.models import Format

_OTHER = "AccountOther"
_TRANSACTIONS = "NumberOfTransactions"


class _Reader(Camt053Parser):  # type: ignore[misc]
    """As pycamt, but for banks without IBAN and for notifications, and never counting an entry once per detail."""

    @property
    def format(self) -> Format:
        """Which of the two it is."""
        return Format.NOTIFICATION if self._notifications() else Format.CAMT

    def _notifications(self) -> list[Any]:
        return list(self.tree.findall("./BkToCstmrDbtCdtNtfctn/Ntfctn", self.namespaces))

    def _find_statements_or_reports(self) -> list[Any]:
        return self._notifications() or list(super()._find_statements_or_reports())

    def _extract_common_entry_data(self, entry: Any, statement: Any) -> dict[str, Any]:
        data: dict[str, Any] = super()._extract_common_entry_data(entry, statement)
        data[_OTHER] = self._find_text(statement, "./Acct/Id/Othr/Id")
        data["Amount"] = self._find_text(entry, "./Amt")
        data["CreditDebitIndicator"] = self._find_text(entry, "./CdtDbtInd")
        data[_TRANSACTIONS] = self._find_text(entry, "./NtryDtls/Btch/NbOfTxs")
        return data

    def _extract_transaction_details(self, tx_detail: Any) -> dict[str, Any]:
        data: dict[str, Any] = super()._extract_transaction_details(tx_detail)
        own = self._find_text(tx_detail, "./Refs/AcctSvcrRef")
        return {**data, "TransactionID": own} if own else data

    def _extract_transaction(self, entry: Any, statement: Any) -> list[dict[str, Any]]:
        """The details of an entry where their amounts add up to it, else the entry as one."""
        found: list[dict[str, Any]] = super()._extract_transaction(entry, statement)
        whole = self._extract_common_entry_data(entry, statement)
        if len(found) > 1 or entry.find("./NtryDtls/TxDtls", self.namespaces) is not None:
            found = [{**part, _TRANSACTIONS: None} for part in found]
        if len(found) <= 1:
            alone = {key: whole[key] for key in ("Amount", "CreditDebitIndicator")}
            return [{**part, **alone} for part in found]
        try:
            adds_up = sum(Decimal(str(part["Amount"])) for part in found) == Decimal(str(whole["Amount"]))
        except InvalidOperation:
            adds_up = False
        same_way = {part["CreditDebitIndicator"] for part in found} == {whole["CreditDebitIndicator"]}
        memo = " ".join(str(part.get("RemittanceInformationFull") or "") for part in found)
        return found if adds_up and same_way else [{**whole, _TRANSACTIONS: None, "RemittanceInformationFull": memo}]


def read_camt(data: bytes, own_account: str) -> Statement:
    """Every booked entry of every statement or notification in the document.

    Raises:
        UnreadableStatement, UnreadableFile.
    """
    demand_plain_xml(data)
    try:
        reader = _Reader(data)
        entries = reader.get_transactions()
    except Camt053ParseError:
        raise UnreadableStatement("not_camt") from None
    except (SyntaxError, ValueError, AttributeError, TypeError):  # XMLSyntaxError is a SyntaxError
        raise UnreadableStatement("broken") from None
    if len(entries) > MAX_ROWS:
        raise UnreadableStatement("too_many_rows")
    statement = Statement(reader.format)
    for place, entry in enumerate(entries, start=1):
        if clean(entry.get("Status")).upper() in ("", "BOOK"):
            _read_entry(entry, place, own_account, statement)
    if not statement.lines and not statement.faults:
        raise UnreadableStatement("no_lines")
    return statement


def _read_entry(entry: dict[str, Any], place: int, own_account: str, statement: Statement) -> None:
    problems = []
    read: dict[str, Any] = {}
    for column, make in (("date", _when), ("amount", _moved), ("account", lambda told: _account(told, own_account))):
        try:
            read[column] = make(entry)
        except BadCell as bad:
            problems.append((column, bad.problem))
    for column, problem in problems:
        statement.fault(place, column, problem)
    if not problems:
        direction, amount_vnd = read["amount"]
        memo = entry.get("RemittanceInformationFull") or entry.get("RemittanceInformation")
        statement.lines.append(
            Line(
                place=place,
                direction=direction,
                amount_vnd=amount_vnd,
                account=read["account"],
                memo=clean(memo or entry.get("AdditionalEntryInformation")),
                reference=clean(entry.get("TransactionID"))[:100],
                event_at=read["date"],
                end_to_end_id=clean(entry.get("EndToEndId"))[:35],
            )
        )


def _when(entry: dict[str, Any]) -> Any:
    return moment(next((text for text in _dates(entry) if text), ""))


def _dates(entry: dict[str, Any]) -> Iterator[str]:
    yield clean(entry.get("BookingDate"))
    yield clean(entry.get("ValueDate"))


def _moved(entry: dict[str, Any]) -> tuple[str, int]:
    if clean(entry.get("Currency")) not in ("", "VND"):
        raise BadCell("not_dong")
    try:
        amount = money(Decimal(clean(entry.get("Amount"))))
    except InvalidOperation:
        raise BadCell("not_an_amount") from None
    way = {"CRDT": "in", "DBIT": "out"}.get(clean(entry.get("CreditDebitIndicator")))
    if way is None:
        raise BadCell("which_way")
    if amount <= 0:
        raise BadCell("no_amount")
    if way == "in" and clean(entry.get(_TRANSACTIONS)).lstrip("0") not in ("", "1"):
        raise BadCell("many_in_one")  # counted whole, its parts would count again when a notification lists them
    return way, amount


def _account(entry: dict[str, Any], own_account: str) -> str:
    told = entry.get(_OTHER) or entry.get("AccountIBAN")
    if not told and not own_account:
        raise BadCell("account_missing")
    return account(told or own_account)
