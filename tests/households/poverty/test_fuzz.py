"""Spoiled and odd spreadsheets: each is refused with a sentence or read to the end; nothing crashes or is half done.

`FUZZ_FILES` says how many files (`make fuzz` tries 500), `FUZZ_SEED` where chance begins.
"""

from __future__ import annotations

import io
import os
import random
import unicodedata
import zipfile
from collections import Counter
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask

from app.core.actor import SYSTEM
from app.core.database import transaction
from app.households.poverty import errors, queries, services
from app.households.poverty.models import Kind, State
from app.households.registry import people
from app.households.registry.people import Field
from tests.factories import households as make
from tests.fakes.clock import FrozenClock
from tests.households.poverty.conftest import Desk, decisions
from tests.households.poverty.lists import PLAIN, official

FILES = int(os.environ.get("FUZZ_FILES", "60"))
SEED = int(os.environ.get("FUZZ_SEED", "20261124"))
AT_ONCE = 20
Chance = random.Random
ODD: tuple[Any, ...] = (
    *("", " ", "\u00a0", "\u200b", "0", "-1", "1e309", "NaN", "=1+1", "=HYPERLINK(1)", "#REF!", "\u202e", "x" * 5_000),
    *("x", "X", "✓", "CN", "n", "Hộ nghèo", "Hộ cận nghèo", "Thoát nghèo", "Giàu", "<b>N</b>", "'N", "N\n", "0" * 400),
    *("31/02/2027", "1/1/27", "2027-13-01", "ngày 5 tháng 6 năm 2027", "00/00/0000", "32/1/2027", "1900", "9999999"),
    *(0, 1, -1, 1.5, 1e15, 1e300, -1e300, 46388, 46388.5, 60, 2_958_465, 2_958_466, 19180000001, 10**30),
    *(True, False, None, date(1900, 1, 1), date(2027, 1, 1), date(9999, 12, 31), datetime(2027, 1, 1, 23, 59)),
    *(time(1, 2), timedelta(days=3)),
    *("𝟎𝟏𝟗", "٣", "Ⅳ", "²", "\ud7ff", "😀" * 300, "Tổng cộng", "TM. ỦY BAN", "(1)", "A", "I. Xóm Hồng Thái"),
)  # fmt: skip


def a_sheet(people_of: list[tuple[str, str, str]], chance: Chance) -> bytes:
    """A list of these (name, number, code) whose cells, types, headings and merges chance spoils."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": chance.random() < 0.3}) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": chance.choice(("dd/mm/yyyy", "General", "[h]:mm", "0.00E+00"))})
        heads = [*PLAIN, "Số QĐ", "Từ ngày", "Đến ngày", "Ngày thoát nghèo"]
        if chance.random() < 0.4:
            chance.shuffle(heads)
        top = chance.randrange(4)
        for column, head in enumerate(heads):
            if chance.random() < 0.9:
                sheet.write(top, column, form(head, chance))
        for at in range(chance.randrange(1, 15)):
            name, number, code = chance.choice(people_of)
            plain = {
                "Họ và tên chủ hộ": form(name, chance), "Số CCCD": number, "Mã hộ": code, "Năm sinh": 1980,
                "Xóm": form("Xóm Hồng Thái", chance), "Loại hộ": chance.choice(("N", "CN", "Hộ nghèo")),
            }  # fmt: skip
            for column, head in enumerate(heads):
                value = chance.choice(ODD) if chance.random() < 0.15 else plain.get(head)
                put(sheet, top + 1 + at, column, value, day)
        if chance.random() < 0.5:
            first = chance.randrange(6)
            with suppress(xlsxwriter.exceptions.OverlappingRange):
                sheet.merge_range(top, first, top + chance.randrange(3), first + chance.randrange(1, 3), "gộp")
        if chance.random() < 0.1:
            sheet.write(chance.choice((70_000, 1_048_575)), 0, "xa")
    return out.getvalue()


def form(text: str, chance: Chance) -> str:
    """The text in one Unicode form or another, with spaces of another kind."""
    text = unicodedata.normalize(chance.choice(("NFC", "NFD", "NFKC", "NFKD")), text)
    return text.replace(" ", chance.choice((" ", "\u00a0", "  ", "\n", "\t"))) + chance.choice(("", " ", "\u200b"))


def put(sheet: Any, row: int, column: int, value: Any, day: Any) -> None:
    """Whatever it is, as a cell."""
    if isinstance(value, date | datetime | time | timedelta):
        sheet.write_datetime(row, column, value, day)
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > 1e307:
        sheet.write_string(row, column, str(value))
    elif value is not None:
        sheet.write(row, column, value)


def spoil_bytes(data: bytes, chance: Chance) -> bytes:
    """Some bytes changed, cut out, doubled or cut off."""
    spoiled = bytearray(data)
    for _n in range(chance.randrange(1, 12)):
        at = chance.randrange(len(spoiled))
        match chance.randrange(4):
            case 0:
                spoiled[at] = chance.randrange(256)
            case 1:
                del spoiled[at : at + chance.randrange(1, 50)]
            case 2:
                spoiled[at:at] = spoiled[at : at + 30]
            case _:
                spoiled = spoiled[: max(at, 10)]
    return bytes(spoiled)


def spoil_parts(data: bytes, chance: Chance) -> bytes:
    """A good zip whose parts are missing, swapped, empty, foreign or changed inside."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            body = old.read(part)
            dice = chance.random()
            if dice < 0.1:
                continue
            if dice < 0.2:
                body = chance.choice(
                    (b"", b"<", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"\xff\xfe")
                )
            elif dice < 0.5 and body:
                body = spoil_xml(body, chance)
            new.writestr(part.filename, body)
        if chance.random() < 0.2:
            new.writestr("../../etc/passwd", b"x")
    return out.getvalue()


def spoil_xml(body: bytes, chance: Chance) -> bytes:
    """Another number, another type, another place."""
    swaps = (
        (b't="s"', b't="n"'), (b't="s"', b't="d"'), (b"<v>", b"<v>-"), (b"<v>", b"<v>9999999999"), (b'r="B', b'r="ZZZ'),
        (b'r="2"', b'r="0"'), (b"</row>", b""), (b"<v>1</v>", b"<v>1e400</v>"), (b"sheetData", b"sheetdata"),
        (b"<v>0</v>", b"<v>1/0</v>"), (b"count=", b"count=\"-1\" x="), (b"<t>", b"<t>&#0;"), (b"<t>", b"<t>&#xD800;"),
        (b"</v>", b"</v><f>1/0</f>"), (b"UTF-8", b"UTF-7"), (b'numFmtId="', b'numFmtId="-'),
    )  # fmt: skip
    for old, new in chance.sample(swaps, 3):
        body = body.replace(old, new, chance.randrange(1, 5))
    return body


def as_text(data: bytes, chance: Chance) -> bytes:
    """Not a spreadsheet at all, or a CSV in some encoding."""
    lines = [chance.choice((",", ";", "\t")).join((*PLAIN, "x"))] + ['1,"A B",019180990001,,1980,Xóm,N'] * 3
    text = "\n".join(lines)
    return chance.choice(
        (
            text.encode("utf-16"), text.encode("cp1258", "replace"), text.encode(), chance.randbytes(200), b"PK\x03",
            b"\xd0\xcf\x11\xe0" + data, b"", b"\x00" * 500, b"<html><table><tr><td>N</td></tr></table>", b'"' * 9_999,
        )
    )  # fmt: skip


def mutated(people_of: list[tuple[str, str, str]], chance: Chance) -> bytes:
    """One file."""
    if chance.random() < 0.5:
        data = a_sheet(people_of, chance)
    else:
        data = official([(name, number, 1980, "Xóm Hồng Thái", "x", None) for name, number, _code in people_of])
    spoil = chance.choice((*(None,) * 6, spoil_bytes, spoil_parts, spoil_parts, as_text))
    return spoil(data, chance) if spoil else data


def carried_through(table: Desk, data: bytes, chance: Chance, seen: Counter[str]) -> None:
    """Bring, confirm, read, perhaps approve and undo; whatever was refused changed nothing."""
    before = decisions()
    try:
        import_id = table.bring(data)
    except errors.UnreadableList as error:
        seen[f"refused: {error.details['problem']}"] += 1
        assert decisions() == before
        return
    if table.state(import_id) != State.UPLOADED:  # the same bytes came before
        return
    columns = dict(queries.layout(table.get(import_id)).guess)
    if chance.random() < 0.2:
        columns = {"name": 0, "class": 1} if chance.random() < 0.5 else columns
    try:
        table.confirm(import_id, columns=columns, whole_list=chance.random() < 0.3)
    except errors.BadMapping:
        seen["columns not understood"] += 1
        return
    table.work(import_id)
    assert table.state(import_id) == State.READY
    counts = table.counts(import_id)
    assert decisions() == before
    try:
        table.approve(import_id)
    except (errors.NothingToDo, errors.MendFirst) as error:
        seen[type(error).__name__] += 1
        assert decisions() == before
        return
    after = decisions()
    assert table.state(import_id) == State.APPLIED
    added = {row[0] for row in after - before}
    expected = counts.get(Kind.NEW, 0) + counts.get(Kind.CONTINUING, 0) + counts.get(Kind.CHANGED, 0)
    assert len(added) >= expected
    seen["written"] += 1
    if chance.random() < 0.7:
        table.undo(import_id)
        assert decisions() == before
        seen["undone"] += 1


@pytest.mark.parametrize("part", range(max(1, FILES // AT_ONCE)))
def test_a_spoiled_file_crashes_nothing_and_is_never_half_read(
    app: Flask, table: Desk, clock: FrozenClock, part: int
) -> None:
    homes = [make.poor(clock=clock), *(make.verified(clock=clock) for _n in range(4))]
    people_of = [("Nguyễn Thị Thử", people.open_field(one, Field.CITIZEN_ID) or "", one.code) for one in homes]
    people_of.append(("Người Không Có", "019180999999", "HG23456789"))
    seen: Counter[str] = Counter()
    for number in range(part * AT_ONCE, (part + 1) * AT_ONCE):
        chance = Chance(SEED + number)
        data = mutated(people_of, chance)
        try:
            carried_through(table, data, chance, seen)
        except Exception as error:
            raise AssertionError(f"file {SEED + number}: {type(error).__name__}: {error}") from error
    with transaction(actor=SYSTEM) as session:
        stuck = session.scalar(
            sa.text("SELECT count(*) FROM poverty_import WHERE state IN ('reading', 'applying', 'undoing')")
        )
    assert stuck == 0
    assert services.wake_stuck(clock=clock) == 0
    assert sum(seen.values()) > AT_ONCE // 2
    print(dict(seen))
