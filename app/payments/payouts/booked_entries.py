"""Reading what the bank booked on our account (camt.054) as its word on payouts.

Our end-to-end id on a booked debit: the money left, as far as the bank is concerned it arrived. The same id on a booked
credit: it came back, `RtrInf` says why. Entries that name no payout are somebody else's business and are passed over.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.texts import tidy
from app.payments.payouts.answers import MAX_ROWS, Answers, Outcome, Row
from app.payments.payouts.errors import UnreadableResult
from app.payments.payouts.messages import payout_codes, short, text_of, whole_vnd

_CAMT054 = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.054\.001\.(?:0[2-9]|1[0-9])\}Document")
_AMOUNTS = ("{*}Amt", "{*}AmtDtls/{*}TxAmt/{*}Amt", "{*}AmtDtls/{*}InstdAmt/{*}Amt")
_REASONS = ("{*}RtrInf/{*}Rsn/{*}Cd", "{*}RtrInf/{*}Rsn/{*}Prtry")


@dataclass(frozen=True)
class _Entry:
    """One movement that names a payout: it left (`DBIT`) or came back (`CRDT`)."""

    row: Row
    reference: str


def is_notification(document: Any) -> bool:
    """Whether the document is a camt.054."""
    return _CAMT054.fullmatch(document.tag) is not None


def read(document: Any) -> Answers:
    """The bank's word on each payout that the entries name, whatever else they tell of.

    Raises:
        UnreadableResult: `no_rows` when none names a payout, `too_many_rows`.
    """
    answers = Answers()
    told: dict[str, list[_Entry]] = defaultdict(list)
    for place, (entry, detail) in enumerate(_movements(document), start=1):
        if place > MAX_ROWS:
            raise UnreadableResult("too_many_rows")
        read_one = _read_movement(entry, detail, place, answers)
        if read_one is not None:
            told[read_one.row.code].append(read_one)
    for code, entries in told.items():
        _conclude(code, entries, answers)
    if not answers.rows and not answers.faults:
        raise UnreadableResult("no_rows")
    return answers


def _movements(document: Any) -> Iterator[tuple[Any, Any]]:
    """Each entry with each of its details; an entry without any stands for itself."""
    for entry in document.iterfind("{*}BkToCstmrDbtCdtNtfctn/{*}Ntfctn/{*}Ntry"):
        details = entry.findall("{*}NtryDtls/{*}TxDtls")
        yield from ((entry, detail) for detail in details or [entry])


def _read_movement(entry: Any, detail: Any, place: int, answers: Answers) -> _Entry | None:
    ids = [text_of(detail, f"{{*}}Refs/{{*}}{name}") for name in ("EndToEndId", "InstrId")]
    codes = payout_codes(ids)
    if not codes:
        return None
    if len(codes) > 1:
        answers.fault(place, "no_code", " ".join(ids))
        return None
    code = codes.pop()
    outcome = _outcome(entry, detail)
    if outcome is None:
        answers.fault(place, "unknown_status", code)
        return None
    amount_vnd = _amount_vnd(entry, detail)
    if amount_vnd is None:
        answers.fault(place, "not_an_amount", code)
        return None
    reference = text_of(detail, "{*}Refs/{*}AcctSvcrRef") or text_of(entry, "{*}AcctSvcrRef")
    reason_code, reason = _reason(detail) if outcome is Outcome.RETURNED else (None, None)
    row = Row(place, code, outcome, amount_vnd, reason_code, reason, short(reference, 100))
    return _Entry(row, reference)


def _outcome(entry: Any, detail: Any) -> Outcome | None:
    """None for what a person has to look at: a return that is taken back, a way that is not told."""
    status = text_of(entry, "{*}Sts/{*}Cd") or text_of(entry, "{*}Sts")
    way = text_of(detail, "{*}CdtDbtInd") or text_of(entry, "{*}CdtDbtInd")
    reversal = text_of(entry, "{*}RvslInd") in ("true", "1")
    if way not in ("DBIT", "CRDT") or (way == "DBIT" and (reversal or detail.find("{*}RtrInf") is not None)):
        return None
    if status != "BOOK":
        return Outcome.IN_PROGRESS if status in ("PDNG", "INFO", "FUTR") else None
    return Outcome.CONFIRMED if way == "DBIT" else Outcome.RETURNED


def _amount_vnd(entry: Any, detail: Any) -> int | None:
    """The detail's own amount; the entry's where it has only this detail."""
    found = next((amount for path in _AMOUNTS if (amount := detail.find(path)) is not None), None)
    if found is None and len(entry.findall("{*}NtryDtls/{*}TxDtls")) <= 1:
        found = entry.find("{*}Amt")
    return whole_vnd(found.text or "") if found is not None and found.get("Ccy") == "VND" else None


def _reason(detail: Any) -> tuple[str | None, str | None]:
    code = next(filter(None, (text_of(detail, path) for path in _REASONS)), "")
    words = tidy(" ".join(part.text or "" for part in detail.iterfind("{*}RtrInf/{*}AddtlInf")))
    return short(code, 35), short(words, 500)


def _conclude(code: str, entries: Sequence[_Entry], answers: Answers) -> None:
    """One word of all that was booked: what left and came back is returned; what left twice is for a person.

    An entry told of again has the same reference.
    """
    booked: dict[tuple[Outcome, str], _Entry] = {}
    for entry in entries:
        own = entry.reference or f"\x1f{entry.row.place}"
        booked.setdefault((entry.row.outcome, own), entry)
    left = [entry.row for (outcome, _own), entry in booked.items() if outcome is Outcome.CONFIRMED]
    back = [entry.row for (outcome, _own), entry in booked.items() if outcome is Outcome.RETURNED]
    if len({row.amount_vnd for row in (*left, *back)}) > 1 or max(len(left), len(back)) > 1:
        answers.fault((left or back)[-1].place, "told_twice", code)
    elif left or back:
        answers.rows.append((back or left)[0])
    else:
        answers.rows.append(entries[0].row)
