"""Files that people bring from outside: sheets as rows of cells, and XML with nothing in it to expand.

An XLSX is a zip of XML, so it is measured before it is opened: a small file may unpack to gigabytes, and one cell far
out makes a reader allocate everything before it.
"""

from __future__ import annotations

import csv
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Sequence
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

MAX_UNPACKED = 120 * 1024 * 1024
MAX_PARTS = 500
MAX_COLUMNS = 200
_PLACE = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{0,8})([0-9]{1,9})[\"']")
_CHUNK = 1024 * 1024
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# What the zip module lets through of a broken file: its own, an unknown packing, a password, and the unpackers'.
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
)
Row = Sequence[object]


class UnreadableFile(ValueError):
    """The file is of no use; `reason` is `broken`, `entities`, `too_large`, `too_many_rows` or `old_excel`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_rows(data: bytes, *, max_rows: int) -> list[Row]:
    """The rows of an XLSX's first sheet, or of a text with commas, semicolons, tabs or bars.

    Raises:
        UnreadableFile.
    """
    if data.startswith(_OLD_EXCEL):
        raise UnreadableFile("old_excel")
    return _xlsx(data, max_rows) if is_xlsx(data) else _csv(data, max_rows)


def is_xlsx(data: bytes) -> bool:
    """Whether it begins as a zip does; its name tells nothing."""
    return data.startswith(b"PK")


def is_xml(data: bytes) -> bool:
    """Whether it begins as XML does, in any encoding."""
    head = data[:200]
    for bom in _BOMS:
        head = head.removeprefix(bom)
    return head.replace(b"\x00", b"").lstrip().startswith(b"<")


def demand_plain_xml(data: bytes) -> None:
    """A first pass that expands nothing.

    Raises:
        UnreadableFile: `entities` when it declares a document type, `broken` when it is not well formed.
    """

    def refuse(*_anything: object) -> None:
        raise UnreadableFile("entities")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except UnreadableFile:
        raise
    except (expat.ExpatError, ValueError, LookupError):
        raise UnreadableFile("broken") from None


def _xlsx(data: bytes, max_rows: int) -> list[Row]:
    _measure(data, max_rows)
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        return [list(row) for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError, IndexError):
        raise UnreadableFile("broken") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how Rust's own faults arrive; not an Exception
            raise
        raise UnreadableFile("broken") from None


def _measure(data: bytes, max_rows: int) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise UnreadableFile("too_large")
            if not any(part.filename.startswith("xl/worksheets/") for part in parts):
                raise UnreadableFile("broken")
            for part in parts:
                if part.filename.endswith(".xml"):
                    _measure_part(packed, part, max_rows)
    except UnreadableFile:
        raise
    except _BROKEN_ZIP:
        raise UnreadableFile("broken") from None


def _measure_part(packed: zipfile.ZipFile, part: zipfile.ZipInfo, max_rows: int) -> None:
    """Any part may be a sheet, whatever its name; themes have `r` attributes too, but no cells."""
    with packed.open(part) as stream:
        before, size, has_cells, reaches_far = b"", 0, False, False
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > MAX_UNPACKED:
                raise UnreadableFile("too_large")
            if not before and chunk[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise UnreadableFile("broken")
            seen = before + chunk
            has_cells = has_cells or b"sheetData" in seen
            reaches_far = reaches_far or any(_is_far(found, max_rows) for found in _PLACE.finditer(seen))
            if has_cells and reaches_far:
                raise UnreadableFile("too_many_rows")
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
    head = "\n".join(text[:20_000].splitlines()[:40])
    mark = max(",;\t|", key=head.count)
    rows: list[Row] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark):
            rows.append(row[:MAX_COLUMNS])
            if len(rows) > max_rows:
                raise UnreadableFile("too_many_rows")
    except csv.Error:
        raise UnreadableFile("broken") from None
    return rows


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1258", errors="replace")
