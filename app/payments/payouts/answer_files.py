"""Reading the bank's answers: pain.002 or camt.054 (ISO 20022), or a result sheet with its columns found by name.

XML with a document type is refused before anything could expand. A file is of use or not as a whole; a bad row is a
fault of that row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from app.core.codes import is_valid, normalise
from app.core.texts import fold, tidy
from app.core.uploads import Row as Cells
from app.core.uploads import UnreadableFile, demand_plain_xml, is_xml, read_rows
from app.payments.payouts import booked_entries
from app.payments.payouts.answers import MAX_BYTES, MAX_ROWS, Answers, Outcome, Row
from app.payments.payouts.errors import UnreadableResult
from app.payments.payouts.messages import payout_codes, short, text_of, whole_vnd

# ISO 20022 external payment transaction status codes; what is not settled or refused is still on its way.
STATUS = {
    "ACSC": Outcome.CONFIRMED, "ACCC": Outcome.CONFIRMED,
    "RJCT": Outcome.RETURNED, "CANC": Outcome.RETURNED,
    "ACCP": Outcome.IN_PROGRESS, "ACSP": Outcome.IN_PROGRESS, "ACTC": Outcome.IN_PROGRESS,
    "ACWC": Outcome.IN_PROGRESS, "ACWP": Outcome.IN_PROGRESS, "ACFC": Outcome.IN_PROGRESS,
    "PDNG": Outcome.IN_PROGRESS, "RCVD": Outcome.IN_PROGRESS,
}  # fmt: skip
WORDS = {
    Outcome.CONFIRMED: ("thanh cong", "da chuyen", "hoan thanh", "giao dich thanh cong", "success", "successful",
                        "completed", "ok", "acsc", "accc"),
    Outcome.RETURNED: ("that bai", "khong thanh cong", "loi", "tu choi", "bi tu choi", "tra lai", "hoan tra", "failed",
                       "fail", "rejected", "returned", "rjct"),
    Outcome.IN_PROGRESS: ("dang xu ly", "cho xu ly", "pending", "processing", "in progress", "acsp", "accp", "pdng"),
}  # fmt: skip
CODE, RESULT, REASON, AMOUNT, REFERENCE = "code", "result", "reason", "amount", "reference"
HEADINGS = {
    CODE: ("ma chi tra", "ma khoan chi", "endtoendid", "end to end id", "ma giao dich khach hang", "noi dung", "memo",
           "dien giai", "payout code"),
    RESULT: ("trang thai", "ket qua", "tinh trang", "trang thai giao dich", "status", "result"),
    REASON: ("ly do", "mo ta loi", "nguyen nhan", "ghi chu", "reason", "error", "description"),
    AMOUNT: ("so tien", "amount"),
    REFERENCE: ("ma giao dich", "so tham chieu", "ma giao dich ngan hang", "reference", "bank reference",
                "so but toan"),
}  # fmt: skip
_WORD = {word: outcome for outcome, words in WORDS.items() for word in words}
_HEADING = {heading: column for column, headings in HEADINGS.items() for heading in headings}
_CODE = re.compile(r"PT[0-9A-Z]{8}")
_PAIN002 = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.(?:0[3-9]|1[0-9])\}Document")
_HEADER_WITHIN = 30


def read(data: bytes, *, batch_code: str) -> Answers:
    """Read the bank's answers about a batch; what the file is, is seen from how it begins.

    Raises:
        UnreadableResult: it is of no use as a whole.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableResult("too_large")
    if not data.strip():
        raise UnreadableResult("empty")
    try:
        return _read_xml(data, batch_code) if is_xml(data) else _read_sheet(data)
    except UnreadableFile as error:
        raise UnreadableResult(error.reason) from None


def _read_xml(data: bytes, batch_code: str) -> Answers:
    demand_plain_xml(data)
    try:
        document = ElementTree.fromstring(data)  # noqa: S314  # without a document type there is nothing to expand
    except (SyntaxError, ValueError, LookupError):
        raise UnreadableResult("broken") from None
    if booked_entries.is_notification(document):
        return booked_entries.read(document)
    if not _PAIN002.fullmatch(document.tag):
        raise UnreadableResult("not_pain002")
    if text_of(document, "{*}CstmrPmtStsRpt/{*}OrgnlGrpInfAndSts/{*}OrgnlMsgId") != batch_code:
        raise UnreadableResult("other_batch")
    answers = Answers()
    for place, told in enumerate(document.iterfind("{*}CstmrPmtStsRpt/{*}OrgnlPmtInfAndSts/{*}TxInfAndSts"), start=1):
        if place > MAX_ROWS:
            raise UnreadableResult("too_many_rows")
        _read_transaction(told, place, answers)
    answers.rest = _of_the_rest(document)
    if not (answers.rows or answers.faults or answers.rest):
        raise UnreadableResult("no_rows")
    return answers


def _read_transaction(told: Any, place: int, answers: Answers) -> None:
    ids = [text_of(told, path) for path in ("{*}OrgnlEndToEndId", "{*}OrgnlInstrId")]
    codes = payout_codes(ids)
    if len(codes) > 1:
        answers.fault(place, "no_code", " ".join(ids))
        return
    code = codes.pop() if codes else next(filter(None, ids), "")
    outcome = STATUS.get(text_of(told, "{*}TxSts"))
    amount = told.find("{*}OrgnlTxRef/{*}Amt/{*}InstdAmt")
    amount_vnd = None
    if amount is not None:
        amount_vnd = whole_vnd(amount.text or "")
        if amount_vnd is None or amount.get("Ccy") != "VND":
            answers.fault(place, "not_an_amount", code)
            return
    if outcome is None:
        answers.fault(place, "unknown_status", text_of(told, "{*}TxSts") or code)
        return
    reason_code, reason = _reason(told)
    reference = text_of(told, "{*}AcctSvcrRef") or text_of(told, "{*}ClrSysRef")
    answers.rows.append(Row(place, normalise(code), outcome, amount_vnd, reason_code, reason, short(reference, 100)))


def _of_the_rest(document: Any) -> Row | None:
    """The word on the whole payment or group, when it settles or refuses all that the transactions do not name."""
    for path in ("{*}OrgnlPmtInfAndSts", "{*}OrgnlGrpInfAndSts"):
        for told in document.iterfind(f"{{*}}CstmrPmtStsRpt/{path}"):
            outcome = STATUS.get(text_of(told, "{*}PmtInfSts") or text_of(told, "{*}GrpSts"))
            if outcome in (Outcome.CONFIRMED, Outcome.RETURNED):
                reason_code, reason = _reason(told)
                return Row(0, "", outcome, None, reason_code, reason)
    return None


def _reason(told: Any) -> tuple[str | None, str | None]:
    code = text_of(told, "{*}StsRsnInf/{*}Rsn/{*}Cd") or text_of(told, "{*}StsRsnInf/{*}Rsn/{*}Prtry")
    words = tidy(" ".join(part.text or "" for part in told.iterfind("{*}StsRsnInf/{*}AddtlInf")))
    return short(code, 35), short(words, 500)


def _read_sheet(data: bytes) -> Answers:
    rows = read_rows(data, max_rows=MAX_ROWS + _HEADER_WITHIN)
    header_at, columns = _header(rows)
    answers = Answers()
    for place, row in enumerate(rows[header_at + 1 :], start=header_at + 2):
        _read_row(row, place, columns, answers)
    if not answers.rows and not answers.faults:
        raise UnreadableResult("no_rows")
    return answers


def _header(rows: Sequence[Cells]) -> tuple[int, dict[str, int]]:
    for at, row in enumerate(rows[:_HEADER_WITHIN]):
        columns: dict[str, int] = {}
        for index, cell in enumerate(row):
            column = _HEADING.get(tidy(fold(_shown(cell)).replace("*", " ").replace(":", " ")))
            if column:
                columns.setdefault(column, index)
        if CODE in columns and RESULT in columns:
            return at, columns
    raise UnreadableResult("no_header")


def _read_row(row: Cells, place: int, columns: dict[str, int], answers: Answers) -> None:
    told = {name: _shown(row[at]) if at < len(row) else "" for name, at in columns.items()}
    if not (told[CODE] or told[RESULT]):
        return
    code = _code_in(told[CODE])
    outcome = _WORD.get(fold(told[RESULT]))
    amount_vnd = _typed(told[AMOUNT]) if told.get(AMOUNT) else None
    if code is None:
        answers.fault(place, "no_code", told[CODE])
    elif outcome is None:
        answers.fault(place, "unknown_status", told[RESULT])
    elif told.get(AMOUNT) and amount_vnd is None:
        answers.fault(place, "not_an_amount", told[AMOUNT])
    else:
        reason, reference = short(told.get(REASON, ""), 500), short(told.get(REFERENCE, ""), 100)
        answers.rows.append(Row(place, code, outcome, amount_vnd, None, reason, reference))


def _code_in(text: str) -> str | None:
    """The payout's code in a cell, alone or inside a memo."""
    candidates = [normalise(text), *_CODE.findall(text.upper())]
    return next((code for code in candidates if is_valid(code)), None)


def _shown(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return tidy("".join(mark for mark in str(cell) if mark.isprintable() or mark.isspace())) if cell is not None else ""


def _typed(text: str) -> int | None:
    """An amount with or without marks between thousands; anything with decimals is none."""
    bare = re.sub(r"\s|₫|đ|VND", "", text, flags=re.IGNORECASE)
    return whole_vnd(re.sub(r"[.,]", "", bare)) if re.fullmatch(r"[0-9]+|[0-9]{1,3}([.,][0-9]{3})+", bare) else None
