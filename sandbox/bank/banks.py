"""Short bank names by BIN, from a table shipped beside this file (facts as of July 2025)."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path


@cache
def _names() -> dict[str, str]:
    with (Path(__file__).parent / "banks.csv").open(encoding="utf-8", newline="") as lines:
        return {row["bin"]: row["short_name"] for row in csv.DictReader(lines)}


def bank_name(bank_bin: str) -> str:
    """The bank's short name, or "Ngân hàng <BIN>" for one the table does not know."""
    return _names().get(bank_bin, f"Ngân hàng {bank_bin}")


def all_banks() -> list[tuple[str, str]]:
    """(BIN, short name), by name."""
    return sorted(_names().items(), key=lambda pair: pair[1].casefold())
