"""What the bank wrote in its own words may name people and accounts: it is kept sealed, apart from its rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from app.core.crypto import seal_record, unseal_record
from app.payments.payouts.answers import Fault, Outcome, Row
from app.payments.payouts.models import TOLD_FIELD, PayoutResult


def kept(rows: Sequence[Row], faults: Sequence[Fault]) -> dict[str, Any]:
    """The columns of a result: rows and faults without any words of the bank's, and those words sealed."""
    words = {"rows": [row.reason for row in rows], "faults": [fault.told for fault in faults]}
    return {
        "rows": [asdict(replace(row, reason=None)) for row in rows],
        "faults": [asdict(replace(fault, told="")) for fault in faults],
        "told_enc": seal_record(TOLD_FIELD, json.dumps(words, ensure_ascii=False)),
    }


def rows_of(result: PayoutResult) -> list[Row]:
    """The rows of a result as they were read."""
    rows = [Row(**{**row, "outcome": Outcome(row["outcome"])}) for row in result.rows]
    if result.told_enc is None:  # from before the words were sealed
        return rows
    reasons = json.loads(unseal_record(TOLD_FIELD, result.told_enc))["rows"]
    return [replace(row, reason=reason) for row, reason in zip(rows, reasons, strict=True)]


def faults_of(result: PayoutResult) -> list[Fault]:
    """The faults of a result as they were read."""
    faults = [Fault(**fault) for fault in result.faults]
    if result.told_enc is None:
        return faults
    told = json.loads(unseal_record(TOLD_FIELD, result.told_enc))["faults"]
    return [replace(fault, told=words) for fault, words in zip(faults, told, strict=True)]
