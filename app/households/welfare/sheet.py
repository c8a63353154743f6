"""The sheet that the office fills with bank accounts: making it, and reading it back, each fault with its cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from flask_babel import gettext as _

from app.core.codes import normalise
from app.core.sheets import as_csv, as_xlsx
from app.core.texts import fold, tidy
from app.core.uploads import UnreadableFile, read_rows
from app.payments.vietqr.banks import all_banks, payee_banks

from .errors import UnreadableSheet
from .queries import Typed

MAX_ROWS = 25_000
MAX_BYTES = 12 * 1024 * 1024
HEADER_WITHIN = 20
SHOWN_FAULTS = 100
_EXACT = 10**15
"""Spreadsheets keep fifteen digits of a number; what is longer has lost its end."""
CODE, HAMLET, HEAD, BANK, NUMBER, HOLDER, NEED = "code", "hamlet", "head", "bank", "number", "holder", "need"
HEADS = {
    CODE: "Mã hộ",
    HAMLET: "Xóm",
    HEAD: "Chủ hộ",
    BANK: "Ngân hàng",
    NUMBER: "Số tài khoản",
    HOLDER: "Tên chủ tài khoản",
    NEED: "Hoàn cảnh, ai cũng đọc được",
}
"""The heads as they are written and found again, whatever the language of who downloads the sheet."""
_COLUMN_OF = {fold(head): column for column, head in HEADS.items()} | {"hoan canh": NEED, "ten chu tk": HOLDER}


@dataclass(frozen=True)
class Blank:
    """A household in the sheet to fill."""

    code: str
    hamlet: str
    head_masked: str


@dataclass(frozen=True)
class Filled:
    """A row as somebody filled it; `place` is its row in the sheet."""

    place: int
    code: str
    typed: Typed


@dataclass
class Sheet:
    """A sheet as read. `cells` names the letter of each column, for faults found later."""

    rows: list[Filled] = field(default_factory=list)
    faults: list[dict[str, str | int]] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)

    def fault(self, place: int, column: str, problem: str) -> None:
        """Note which cell can't be used, and why."""
        cell = f"{self.letters.get(column, 'A')}{place}"
        self.faults.append({"row": place, "cell": cell, "column": column, "problem": problem})


def to_fill(blanks: Iterable[Blank], *, form: str) -> bytes:
    """The sheet with empty places for bank, number, holder and need.

    Args:
        form: `xlsx` or `csv`.
    """
    rows = [[one.code, one.hamlet, one.head_masked, "", "", "", ""] for one in blanks]
    heads = list(HEADS.values())
    return as_csv(heads, rows) if form == "csv" else as_xlsx(heads, rows, title="Tai khoan an sinh")


def read(data: bytes) -> Sheet:
    """The filled rows; rows without bank, number and holder are passed over.

    Raises:
        UnreadableSheet: of no use as a whole.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableSheet("too_large")
    try:
        rows = read_rows(data, max_rows=MAX_ROWS + HEADER_WITHIN)
    except UnreadableFile as error:
        raise UnreadableSheet(error.reason) from None
    at, columns = _header(rows)
    if len(rows) - at - 1 > MAX_ROWS:
        raise UnreadableSheet("too_many_rows")
    sheet = Sheet(letters={column: _letter(index) for column, index in columns.items()})
    for place, row in enumerate(rows[at + 1 :], start=at + 2):
        _read_row(row, place, columns, sheet)
    if not sheet.rows and not sheet.faults:
        raise UnreadableSheet("no_rows")
    return sheet


def words(problem: str) -> str:
    """What is wrong with a cell, and what to do."""
    known: dict[str, str] = {
        "missing": _("Chỗ này cần điền"),
        "lost_digits": _("Số bị cắt bớt; định dạng cột là Văn bản rồi gõ lại"),
        "unknown_bank": _("Không có ngân hàng này; ghi tên ngắn như Agribank"),
        "bad_account_number": _("Số tài khoản gồm 6 đến 19 chữ số, viết liền"),
        "household_not_found": _("Không có mã hộ này ở xã của bạn"),
        "household_not_eligible": _("Hôm nay không thuộc diện nghèo, cận nghèo"),
        "welfare_account_open": _("Hộ đã có tài khoản an sinh"),
        "holder_differs": _("Tên chưa trùng với ai trong hộ"),
        "need_tells_who": _("Hoàn cảnh không được ghi tên người, tên xóm, số điện thoại hay giấy tờ"),
        "told_twice": _("Mã hộ này đã có ở dòng trên"),
        "number_twice": _("Số tài khoản này đã có ở dòng trên"),
        "bank_account_taken": _("Số tài khoản đã gắn với một nơi khác"),
        "verifier_is_issuer": _("Người lập không tự xác nhận được"),
        "not_an_officer": _("Bạn không còn phụ trách xã này"),
        "welfare_account_not_found": _("Tài khoản đã được xử lý ở nơi khác"),
    }
    return known.get(problem) or str(_("Chưa làm được; mở trang của hộ để xem"))


def _header(rows: Sequence[Sequence[object]]) -> tuple[int, dict[str, int]]:
    for at, row in enumerate(rows[:HEADER_WITHIN]):
        columns: dict[str, int] = {}
        for index, cell in enumerate(row):
            column = _COLUMN_OF.get(fold(tidy(str(cell)))[:100]) if isinstance(cell, str) else None
            if column:
                columns.setdefault(column, index)
        if {CODE, BANK, NUMBER, HOLDER} <= columns.keys():
            return at, columns
    raise UnreadableSheet("no_header")


def _read_row(row: Sequence[object], place: int, columns: dict[str, int], sheet: Sheet) -> None:
    cells = {column: row[index] if index < len(row) else "" for column, index in columns.items()}
    said = {column: _text(cell) for column, cell in cells.items()}
    if not any(said[column] for column in (BANK, NUMBER, HOLDER)):
        return
    before = len(sheet.faults)
    for column in (CODE, BANK, NUMBER, HOLDER):
        if not said[column]:
            sheet.fault(place, column, "missing")
    number = cells[NUMBER]
    if isinstance(number, int | float) and not isinstance(number, bool) and abs(number) >= _EXACT:
        sheet.fault(place, NUMBER, "lost_digits")
    bin = _bin(said[BANK])
    if said[BANK] and not bin:
        sheet.fault(place, BANK, "unknown_bank")
    if len(sheet.faults) == before and bin:
        typed = Typed(bin, said[NUMBER], said[HOLDER][:300], said.get(NEED, "")[:300])
        sheet.rows.append(Filled(place, normalise(said[CODE])[:40], typed))


def _text(cell: object) -> str:
    """A cell as it was typed: whole numbers without a point, texts without the apostrophe that keeps a formula off."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    said = tidy("".join(mark for mark in str(cell) if mark.isprintable())) if cell is not None else ""
    return said[1:] if said[:2] in ("'=", "'+", "'-", "'@") else said


def _bin(text: str) -> str | None:
    """The bank by its BIN or by a name people write: with or without `ngân hàng`, dots and spaces."""
    return _banks().get(_key(text))


@lru_cache(maxsize=1)
def _banks() -> dict[str, str]:
    """Every way to write a bank that may be paid; a way that two banks share names neither."""
    found: dict[str, set[str]] = {}
    for bank in all_banks():
        for way in (bank.bin, bank.short_name, bank.name):
            found.setdefault(_key(way), set()).add(bank.bin)
    payees = {bank.bin for bank in payee_banks()}
    return {way: next(iter(bins)) for way, bins in found.items() if len(bins) == 1 and bins <= payees}


def _key(text: str) -> str:
    plain = "".join(mark for mark in fold(text) if mark.isalnum())
    return plain.removeprefix("nganhang")


def _letter(index: int) -> str:
    """A column's letter in a spreadsheet."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
