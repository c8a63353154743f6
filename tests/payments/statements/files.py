"""Statements as banks hand them out, written apart from the application's readers."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

HEAD = ("STT", "Ngày giao dịch", "Số tham chiếu", "Ghi nợ", "Ghi có", "Nội dung")


def xlsx(rows: Iterable[Sequence[Any]], head: Sequence[str] = HEAD, above: Sequence[Sequence[Any]] = ()) -> bytes:
    """A workbook of one sheet."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd/mm/yyyy hh:mm"}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([*above, head, *rows]):
            for column, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(at, column, value)
                else:
                    sheet.write(at, column, value)
    return out.getvalue()


def money_in(account: str, *moves: tuple[int, str, str], day: str = "23/11/2026 09:30") -> bytes:
    """A workbook of arrived money: (amount, reference, memo) each, under the account's own head."""
    rows = [
        (number, day, reference, "", float(amount), memo) for number, (amount, reference, memo) in enumerate(moves, 1)
    ]
    return xlsx(rows, above=[["SAO KÊ TÀI KHOẢN"], ["Số tài khoản: " + account, ""], []])


def camt(account: str, *entries: str, version: str = "camt.053.001.08") -> bytes:
    """A camt.053 document of these entries."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}">'
        "<BkToCstmrStmt><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-11-23T18:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>S1</Id><Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>VND</Ccy></Acct>"
        f"{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def notification(account: str, *entries: str, version: str = "camt.054.001.08") -> bytes:
    """A camt.054 document of these entries: as camt.053, under other names."""
    return (
        camt(account, *entries, version=version)
        .replace(b"BkToCstmrStmt>", b"BkToCstmrDbtCdtNtfctn>")
        .replace(b"Stmt>", b"Ntfctn>")
    )


def entry(
    amount: str,
    reference: str,
    memo: str,
    *,
    way: str = "CRDT",
    status: str = "BOOK",
    currency: str = "VND",
    end_to_end_id: str = "",
    returned: str = "",
) -> str:
    """One entry with one detail; `returned` is the reason of a payment that came back."""
    refs = f"<Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs>" if end_to_end_id else ""
    back = f"<RtrInf><Rsn><Cd>{returned}</Cd></Rsn></RtrInf>" if returned else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>'
        f"<BookgDt><DtTm>2026-11-23T09:30:00+07:00</DtTm></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>"
        f"<NtryDtls><TxDtls>{refs}<RmtInf><Ustrd>{memo}</Ustrd></RmtInf>{back}</TxDtls></NtryDtls></Ntry>"
    )
