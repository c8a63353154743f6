"""The bank's side: reports of what became of payouts, as files."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import xlsxwriter

from app.payments.payouts.models import Payout, PayoutBatch

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
HEADER = ("STT", "Mã chi trả", "Số tiền", "Trạng thái", "Lý do", "Mã giao dịch")


def report(batch: PayoutBatch, told: Iterable[tuple[Payout, str, str]], *, group: str = "", message: str = "") -> bytes:
    """A pain.002.001.10: (payout, status, reason code) each; `group` is the word on all."""
    transactions = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{payout.code}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        + (f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else "")
        + f'<OrgnlTxRef><Amt><InstdAmt Ccy="VND">{payout.amount_vnd}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
        for payout, status, reason in told
    )
    status = f"<GrpSts>{group}</GrpSts>" if group else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{NAMESPACE}"><CstmrPmtStsRpt>'
        "<GrpHdr><MsgId>NH1</MsgId><CreDtTm>2026-11-24T09:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message or batch.code}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09"
        f"</OrgnlMsgNmId>{status}</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{batch.code}</OrgnlPmtInfId>"
        f"{transactions}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def csv_sheet(rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> bytes:
    return "\n".join(";".join(str(cell) for cell in row) for row in (header, *rows)).encode("utf-8-sig")


def xlsx_sheet(rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    sheet = book.add_worksheet()
    for at, row in enumerate((("Ngân hàng báo kết quả",), header, *rows)):
        sheet.write_row(at, 0, row)
    book.close()
    return target.getvalue()


NOTIFICATION = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"


def entry(
    code: str,
    amount_vnd: int,
    reference: str,
    *,
    way: str = "DBIT",
    status: str = "BOOK",
    reason: str = "",
    words: str = "",
    currency: str = "VND",
) -> str:
    """What was booked under an end-to-end id; `reason` of a payment that came back."""
    refs = f"<Refs><EndToEndId>{code}</EndToEndId></Refs>" if code else ""
    told = f"<AddtlInf>{words}</AddtlInf>" if words else ""
    back = f"<RtrInf><Rsn><Cd>{reason}</Cd></Rsn>{told}</RtrInf>" if reason else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount_vnd}</Amt><CdtDbtInd>{way}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>'
        "<BookgDt><DtTm>2026-11-24T09:30:00+07:00</DtTm></BookgDt>"
        + (f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else "")
        + f"<BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd><NtryDtls><TxDtls>{refs}"
        f'<Amt Ccy="{currency}">{amount_vnd}</Amt><CdtDbtInd>{way}</CdtDbtInd>{back}</TxDtls></NtryDtls></Ntry>'
    )


def booked(*entries: str) -> bytes:
    """A camt.054.001.08 of what was booked on our account."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{NOTIFICATION}"><BkToCstmrDbtCdtNtfctn>'
        "<GrpHdr><MsgId>NH2</MsgId><CreDtTm>2026-11-24T10:00:00</CreDtTm></GrpHdr><Ntfctn><Id>N1</Id>"
        "<CreDtTm>2026-11-24T10:00:00</CreDtTm><Acct><Id><Othr><Id>0000999900001</Id></Othr></Id></Acct>"
        f"{''.join(entries)}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()
