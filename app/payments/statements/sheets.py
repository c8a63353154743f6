"""Statements as sheets: XLSX and CSV, their columns found by name in Vietnamese or English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from app.core.texts import fold, tidy
from app.core.uploads import Row, is_xlsx, read_rows
from app.payments.statements.errors import UnreadableStatement
from app.payments.statements.lines import MAX_ROWS, BadCell, Line, Statement, account, clean, moment, money
from app.payments.statements.models import Format

HEADER_WITHIN = 40

DATE, CREDIT, DEBIT, AMOUNT, DIRECTION, ACCOUNT, MEMO, REFERENCE = (
    "date", "credit", "debit", "amount", "direction", "account", "memo", "reference",
)  # fmt: skip
# Folded: lower case, no accents, đ as d.
NAMES: dict[str, Sequence[str]] = {
    DATE: (
        "ngay giao dich", "ngay gd", "thoi gian giao dich", "thoi gian", "ngay gio", "ngay gio giao dich", "ngay",
        "ngay hach toan", "ngay hieu luc", "transaction date", "transaction time", "trans date", "tran date", "date",
        "posting date", "booking date", "value date", "effective date",
    ),
    CREDIT: (
        "ghi co", "so tien ghi co", "phat sinh co", "ps co", "co", "tien vao", "so tien vao", "credit", "credit amount",
        "deposit", "money in",
    ),
    DEBIT: (
        "ghi no", "so tien ghi no", "phat sinh no", "ps no", "no", "tien ra", "so tien ra", "debit", "debit amount",
        "withdrawal", "money out",
    ),
    AMOUNT: ("so tien", "so tien giao dich", "so tien gd", "amount", "transaction amount"),
    DIRECTION: ("no/co", "no / co", "loai", "loai giao dich", "loai gd", "thu/chi", "dr/cr", "d/c", "c/d", "type",
                "debit/credit", "credit/debit", "transaction type"),
    ACCOUNT: ("so tai khoan", "tai khoan", "so tk", "stk", "account", "account number", "account no", "acct no"),
    MEMO: (
        "noi dung", "noi dung giao dich", "noi dung chuyen khoan", "noi dung chi tiet", "dien giai", "mo ta",
        "chi tiet",
        "chi tiet giao dich", "description", "transaction description", "details", "transaction detail",
        "transaction details", "remark", "remarks", "narrative", "memo",
    ),
    # The bank's own number of the transfer first: a voucher's number is another one in every file.
    REFERENCE: (
        "ma giao dich", "ma gd", "ma tham chieu", "so tham chieu", "ma ft", "reference", "reference no",
        "reference number", "ref", "ref no", "transaction id", "transaction no", "transaction number",
        "so giao dich", "so gd", "so but toan", "so chung tu", "so ct", "doc no",
    ),
}  # fmt: skip
_COLUMN_OF = {name: column for column, names in NAMES.items() for name in names}
_RANK = {name: rank for rank, name in enumerate(NAMES[REFERENCE])}
_IN = {"c", "co", "ghi co", "cr", "credit", "crdt", "+", "thu", "in", "vao", "tien vao"}
_OUT = {"d", "no", "ghi no", "dr", "debit", "dbit", "-", "chi", "out", "ra", "tien ra"}
_SUMMARY = ("tong", "cong", "so du", "total", "opening", "closing", "balance")
_OWN_ACCOUNT = re.compile(r"(?:so tai khoan|so tk|account (?:number|no))[^0-9a-z]*(?P<number>[0-9][0-9 .-]{3,40})")

Cell = TypeVar("Cell")


def read_sheet(data: bytes, own_account: str) -> Statement:
    """The first sheet of a workbook, or text with columns.

    Raises:
        UnreadableStatement, UnreadableFile.
    """
    rows = read_rows(data, max_rows=MAX_ROWS + HEADER_WITHIN)
    return _read(rows, own_account, Format.XLSX if is_xlsx(data) else Format.CSV)


def _read(rows: Sequence[Row], own_account: str, kind: Format) -> Statement:
    header_at, columns = _header(rows)
    statement = Statement(kind)
    default = own_account or _account_above(rows[:header_at])
    for place, row in enumerate(rows[header_at + 1 :], start=header_at + 2):
        _read_row(row, place, columns, default, statement)
    if not statement.lines and not statement.faults:
        raise UnreadableStatement("no_lines")
    return statement


def _header(rows: Sequence[Row]) -> tuple[int, dict[str, int]]:
    """Where the header is, and which column holds what: the first of its kind, for references the best named."""
    for at, row in enumerate(rows[:HEADER_WITHIN]):
        columns: dict[str, int] = {}
        best: dict[str, int] = {}
        for index, cell in enumerate(row):
            name = _name_of(cell)
            column, rank = _COLUMN_OF.get(name, ""), _RANK.get(name, 0)
            if column and (column not in columns or rank < best[column]):
                columns[column], best[column] = index, rank
        if DATE in columns and (AMOUNT in columns or CREDIT in columns):
            return at, columns
    raise UnreadableStatement("no_header")


def _name_of(cell: object) -> str:
    """The known name that a header cell says, or nothing."""
    if not isinstance(cell, str) or len(cell) > 200:
        return ""
    for name in _names_in(cell):
        if name in _COLUMN_OF and not (name == "no" and "no" in cell.lower()):  # "No." numbers the rows
            return name
    return ""


def _names_in(cell: str) -> Iterator[str]:
    """The header as a whole, then each language of it ("Ngày giao dịch / Transaction date")."""
    for part in (cell, *re.split(r"[/\n\r()\[\]|]", cell)):
        yield tidy(re.sub(r"[.:*]|\bvnd\b", " ", fold(part)))


def _account_above(rows: Sequence[Row]) -> str:
    """The account that a bank prints above its table."""
    for row in rows:
        line = fold(" ".join(clean(cell) for cell in row))
        if found := _OWN_ACCOUNT.search(line):
            return re.sub(r"[ .-]", "", found["number"])
    return ""


def _read_row(row: Row, place: int, columns: dict[str, int], default: str, statement: Statement) -> None:
    if not any(clean(cell) for cell in row) or _is_summary(row, columns):
        return

    def cell(column: str) -> object:
        at = columns.get(column)
        return row[at] if at is not None and at < len(row) else ""

    event_at = _tried(statement, place, DATE, lambda: moment(cell(DATE)))
    moved = _tried(statement, place, CREDIT if CREDIT in columns else AMOUNT, lambda: _moved(cell))
    number = _tried(statement, place, ACCOUNT, lambda: _account_of(cell(ACCOUNT), default))
    if event_at is None or moved is None or number is None:
        return
    direction, amount_vnd = moved
    statement.lines.append(
        Line(
            place=place,
            direction=direction,
            amount_vnd=amount_vnd,
            account=number,
            memo=clean(cell(MEMO)),
            reference=clean(cell(REFERENCE))[:100],
            event_at=event_at,
        )
    )


def _tried(statement: Statement, place: int, column: str, read: Callable[[], Cell]) -> Cell | None:
    """What was read; a cell that can't be is noted."""
    try:
        return read()
    except BadCell as bad:
        statement.fault(place, column, bad.problem)
        return None


def _is_summary(row: Row, columns: dict[str, int]) -> bool:
    """A row of totals or balances: no date, and words that say so."""
    at = columns[DATE]
    date_cell = fold(clean(row[at])) if at < len(row) else ""
    first = next((text for value in row if (text := fold(clean(value)))), "")
    return (not date_cell or not any(mark.isdigit() for mark in date_cell)) and first.startswith(_SUMMARY)


def _moved(cell: Callable[[str], object]) -> tuple[str, int]:
    """(direction, amount in đồng) of a row.

    Raises:
        BadCell: neither or both of in and out, or no amount.
    """
    credit, debit = money(cell(CREDIT)), abs(money(cell(DEBIT)))
    if credit < 0 or (credit and debit):
        raise BadCell("both_ways")
    if credit or debit:
        return ("in", credit) if credit else ("out", debit)
    amount = money(cell(AMOUNT))
    if amount == 0:
        raise BadCell("no_amount")
    word = fold(clean(cell(DIRECTION)))
    if word in _OUT or amount < 0:
        return "out", abs(amount)
    if word and word not in _IN:
        raise BadCell("which_way")
    return "in", amount


def _account_of(value: object, default: str) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if default and default.lstrip("0") == clean(value):  # the sheet lost its leading zeros
            return default
        return account(value)
    if not clean(value):
        if not default:
            raise BadCell("account_missing")
        return default
    return account(value)
