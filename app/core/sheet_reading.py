"""Reading spreadsheets that come from outside, as rows of cells.

An XLSX is a zip of XML, so it is measured before it is opened: a small file may unpack to gigabytes, and one cell far
out makes a reader allocate everything before it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence

from python_calamine import CalamineError, CalamineWorkbook

MAX_UNPACKED = 60 * 1024 * 1024
MAX_PARTS = 500
MAX_COLUMNS = 100
_PLACE = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{0,8})([0-9]{1,9})[\"']")
_CHUNK = 1024 * 1024
Row = Sequence[object]


class BadSheet(ValueError):
    """The file is of no use; `reason` is `broken`, `too_large`, `too_many_rows` or `old_excel`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_rows(data: bytes, *, max_rows: int) -> list[Row]:
    """The rows of an XLSX's first sheet, or of a text with commas, semicolons, tabs or bars.

    Raises:
        BadSheet.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadSheet("old_excel")
    return _xlsx(data, max_rows) if data.startswith(b"PK") else _csv(data, max_rows)


def _xlsx(data: bytes, max_rows: int) -> list[Row]:
    _measure(data, max_rows)
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        return [list(row) for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError, IndexError):
        raise BadSheet("broken") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how Rust's own faults arrive; not an Exception
            raise
        raise BadSheet("broken") from None


def _measure(data: bytes, max_rows: int) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise BadSheet("too_large")
            if not any(part.filename.startswith("xl/worksheets/") for part in parts):
                raise BadSheet("broken")
            for part in parts:
                if part.filename.endswith(".xml"):
                    _measure_part(packed, part, max_rows)
    except BadSheet:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError):
        raise BadSheet("broken") from None
    except Exception as error:
        if type(error).__module__ not in ("zlib", "lzma", "bz2"):
            raise
        raise BadSheet("broken") from None


def _measure_part(packed: zipfile.ZipFile, part: zipfile.ZipInfo, max_rows: int) -> None:
    """Any part may be a sheet, whatever its name; themes have `r` attributes too, but no cells."""
    with packed.open(part) as stream:
        before, size, has_cells, reaches_far = b"", 0, False, False
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > MAX_UNPACKED:
                raise BadSheet("too_large")
            if not before and chunk[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise BadSheet("broken")
            seen = before + chunk
            has_cells = has_cells or b"sheetData" in seen
            reaches_far = reaches_far or any(_is_far(found, max_rows) for found in _PLACE.finditer(seen))
            if has_cells and reaches_far:
                raise BadSheet("too_many_rows")
            before = chunk[-64:]


def _is_far(place: re.Match[bytes], max_rows: int) -> bool:
    return int(place[2]) > max_rows or _column_number(place[1]) > MAX_COLUMNS


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _csv(data: bytes, max_rows: int) -> list[Row]:
    text = _decoded(data)
    mark = max(",;\t|", key=text[:5_000].count)
    rows: list[Row] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark):
            rows.append(row[:MAX_COLUMNS])
            if len(rows) > max_rows:
                raise BadSheet("too_many_rows")
    except csv.Error:
        raise BadSheet("broken") from None
    return rows


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1258", errors="replace")
