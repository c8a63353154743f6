"""What a statement says is read, or said to be unreadable cell by cell; nothing breaks the reader."""

from __future__ import annotations

import contextlib
import io
import zipfile
from datetime import datetime

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.clock import VIETNAM
from app.payments.statements import readers
from app.payments.statements.errors import UnreadableStatement
from app.payments.statements.lines import BadCell, Statement, clean, moment, money
from tests.payments.statements.files import HEAD, camt, entry, money_in, xlsx

NUMBER = "0011012345678"


@pytest.fixture(autouse=True)
def _texts(app: Flask) -> None:
    """Errors are sentences, which need an application."""


def faults(statement: Statement) -> list[tuple[int, str, str]]:
    return [(fault.row, fault.column, fault.problem) for fault in statement.faults]


def problem_of(data: bytes, **more: str) -> str:
    with pytest.raises(UnreadableStatement) as refused:
        readers.read(data, **more)
    return str(refused.value.details["problem"])


def test_a_workbook_is_read_with_its_floats_and_its_own_account():
    read = readers.read(money_in(NUMBER, (50_000, "FT1", "DH1 CHO PHIEN"), (70_000, "FT2", "")))
    assert [(line.place, line.direction, line.amount_vnd, line.account, line.reference) for line in read.lines] == [
        (5, "in", 50_000, NUMBER, "FT1"),
        (6, "in", 70_000, NUMBER, "FT2"),
    ]
    assert read.lines[0].event_at == datetime(2026, 11, 23, 9, 30, tzinfo=VIETNAM)
    assert read.faults == []


@pytest.mark.parametrize(
    "head",
    [
        ("No.", "Transaction Date", "Reference No", "Debit", "Credit", "Description"),
        ("STT", "Nga\u0300y giao di\u0323ch", "So\u0302\u0301 tham chie\u0302\u0301u", "PS nợ", "PS có", "Diễn giải"),
        ("#", "NGÀY GD / DATE", "Mã GD (Ref)", "Ghi nợ/Debit (VND)", "Ghi có/Credit (VND)", "Nội dung/Details"),
    ],
)
def test_columns_are_found_by_their_names_in_any_form(head):
    rows = [(1, "23/11/2026", "FT1", 30_000, 0, "ra"), (2, "23/11/2026", "FT2", "", "1.250.000", "vào")]
    read = readers.read(xlsx(rows, head=head), own_account=NUMBER)
    assert [(line.direction, line.amount_vnd, line.reference, line.memo) for line in read.lines] == [
        ("out", 30_000, "FT1", "ra"),
        ("in", 1_250_000, "FT2", "vào"),
    ]


def test_dates_are_read_as_dates_and_as_text():
    rows = [(1, datetime(2026, 11, 23, 7, 5), "A", "", 1_000, ""), (2, "2026-11-23 07:05:00", "B", "", 1_000, "")]
    read = readers.read(xlsx(rows), own_account=NUMBER)
    assert {line.event_at for line in read.lines} == {datetime(2026, 11, 23, 7, 5, tzinfo=VIETNAM)}


def test_each_bad_cell_is_named_by_row_and_column_and_the_good_rows_stay():
    rows = [
        (1, "32/13/2026", "A", "", 1_000, ""),
        (2, "23/11/2026", "B", "", "12x", ""),
        (3, "23/11/2026", "C", 5, 5, ""),
        (4, "23/11/2026", "D", "", 1_000.5, ""),
        (5, "23/11/2026", "E", "", "", ""),
        (6, "23/11/2026", "F", "", 2_000, ""),
        ("Tổng cộng", "", "", 5, 9_000, ""),
    ]
    read = readers.read(xlsx(rows), own_account=NUMBER)
    assert faults(read) == [
        (2, "date", "not_a_date"),
        (3, "credit", "not_an_amount"),
        (4, "credit", "both_ways"),
        (5, "credit", "not_whole_dong"),
        (6, "credit", "no_amount"),
    ]
    assert [line.reference for line in read.lines] == ["F"]


@pytest.mark.parametrize("bank_column", ["Mã giao dịch", "Mã tham chiếu", "Mã FT", "Reference No.", "Transaction ID"])
@pytest.mark.parametrize("other", ["Số chứng từ", "Số CT", "Số bút toán", "Doc No", "Số giao dịch"])
def test_the_banks_own_number_is_the_reference_wherever_it_stands(bank_column, other):
    for head, row in (((other, bank_column), ("0017", "FT1")), ((bank_column, other), ("FT1", "0017"))):
        data = xlsx([("23/11/2026", *row, 1_000)], head=("Ngày giao dịch", *head, "Ghi có"))
        assert [line.reference for line in readers.read(data, own_account=NUMBER).lines] == ["FT1"]
    alone = xlsx([("23/11/2026", "0017", 1_000)], head=("Ngày giao dịch", other, "Ghi có"))
    assert [line.reference for line in readers.read(alone, own_account=NUMBER).lines] == ["0017"]


def test_an_account_as_a_number_has_lost_its_zeros_and_is_not_guessed():
    head = (*HEAD, "Số tài khoản")
    rows = [(1, "23/11/2026", "A", "", 1_000, "", 11012345678.0), (2, "23/11/2026", "B", "", 1_000, "", NUMBER)]
    read = readers.read(xlsx(rows, head=head))
    assert faults(read) == [(2, "account", "account_is_a_number")]
    assert [line.account for line in read.lines] == [NUMBER]
    told = readers.read(xlsx(rows, head=head), own_account=NUMBER)
    assert [line.account for line in told.lines] == [NUMBER, NUMBER]
    assert faults(readers.read(xlsx([(1, "23/11/2026", "A", "", 1_000, "")]))) == [(2, "account", "account_missing")]


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_text_files_are_read_whatever_their_marks(coding, mark):
    rows = [("Ngày giao dịch", "Số tiền", "Loại", "Nội dung"), ("23/11/2026", '"1.000.000"', "Có", "a"),
            ("23/11/2026", '"-5.000"', "", "b")]  # fmt: skip
    data = "\n".join(mark.join(row) for row in rows).encode(coding)
    read = readers.read(data, own_account=NUMBER)
    assert [(line.direction, line.amount_vnd) for line in read.lines] == [("in", 1_000_000), ("out", 5_000)]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("50000", 50_000), ("50.000", 50_000), ("50,000.00", 50_000), ("50.000,00 VND", 50_000), ("185,000", 185_000),
        ("-1.000đ", -1_000), ("(2,000)", -2_000), ("+3 000", 3_000), ("", 0), ("1.00", 1), (50_000.0, 50_000),
    ],
)  # fmt: skip
def test_amounts_as_people_and_sheets_write_them(text, amount):
    assert money(text) == amount


@pytest.mark.parametrize("text", ["1.5", "12.34.567", "1e5", "٣", "abc", 0.5, float("nan"), float("inf"), 10**14, True])
def test_what_is_no_whole_amount_is_refused(text):
    with pytest.raises(BadCell):
        money(text)


def test_camt_is_read_with_accounts_that_are_no_iban():
    data = camt(
        NUMBER,
        entry("50000.00", "FT1", "DH1"),
        entry("7000", "FT2", "phi", way="DBIT"),
        entry("9000", "FT3", "cho", status="PDNG"),
        entry("10", "FT4", "la", currency="USD"),
    )
    read = readers.read(data)
    assert [(line.direction, line.amount_vnd, line.account, line.reference, line.memo) for line in read.lines] == [
        ("in", 50_000, NUMBER, "FT1", "DH1"),
        ("out", 7_000, NUMBER, "FT2", "phi"),
    ]
    assert faults(read) == [(4, "amount", "not_dong")]


def batch(*amounts: str) -> str:
    details = "".join(
        f"<TxDtls><Refs><AcctSvcrRef>FT{at}</AcctSvcrRef></Refs>{amount}</TxDtls>" for at, amount in enumerate(amounts)
    )
    return (
        entry("3000", "FTB", "x")
        .replace("<NtryDtls>", f"<NtryDtls>{details}")
        .replace("<TxDtls><RmtInf><Ustrd>x</Ustrd></RmtInf></TxDtls>", "")
    )


def test_an_entry_of_many_is_never_worth_more_than_it_says():
    one, two = '<Amt Ccy="VND">1000</Amt>', '<Amt Ccy="VND">2000</Amt>'
    split = readers.read(camt(NUMBER, batch(one, two)))
    assert [(line.amount_vnd, line.reference) for line in split.lines] == [(1_000, "FT0"), (2_000, "FT1")]
    for whole in (batch("", ""), batch(two, two)):
        assert [(line.amount_vnd, line.reference) for line in readers.read(camt(NUMBER, whole)).lines] == [
            (3_000, "FTB")
        ]


def test_entities_are_not_expanded():
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document>&b;</Document>'
    assert problem_of(bomb) == "entities"
    assert problem_of(bomb.decode().replace('<?xml version="1.0"?>', "").encode("utf-16")) == "entities"


def test_a_cell_far_out_and_a_file_that_swells_are_refused_before_they_are_opened():
    far = xlsx([(1, "23/11/2026", "A", "", 1_000, "")])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(far)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, old.read(part).replace(b'r="A2"', b'r="XFD1048576"'))
    assert problem_of(out.getvalue()) == "too_many_rows"
    swollen = io.BytesIO()
    with zipfile.ZipFile(swollen, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("xl/worksheets/sheet1.xml", b" " * 130_000_000)
    assert problem_of(swollen.getvalue()) == "too_large"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"xin chao", "no_header"),
        (b"PK\x03\x04 torn", "broken"),
        (b"\xd0\xcf\x11\xe0 old", "old_excel"),
        (b"<html>", "broken"),
        (b"<html></html>", "not_camt"),
        (b"\xef\xbb\xbf<a><b></a>", "broken"),
        (xlsx([]), "no_lines"),
        (camt(NUMBER), "no_lines"),
        (b"x" * (readers.MAX_BYTES + 1), "too_large"),
    ],
)
def test_a_file_of_no_use_says_why(data, problem):
    assert problem_of(data, own_account=NUMBER) == problem


def test_an_account_typed_wrongly_is_told():
    assert problem_of(b"x", own_account="12!") == "account"


GOOD = money_in(NUMBER, (50_000, "FT1", "DH1"), (70_000, "FT2", "x"))
GOOD_CAMT = camt(NUMBER, entry("50000", "FT1", "DH1"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), start=st.sampled_from([GOOD, GOOD_CAMT, b"ngay;so tien;noi dung\n23/11/2026;1000;a\n"]))
def test_a_mangled_file_is_read_or_refused_but_never_breaks(data, start):
    mangled = bytearray(start)
    for _cut in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(mangled)))
        mangled[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    with contextlib.suppress(UnreadableStatement):
        readers.read(bytes(mangled), own_account=NUMBER)


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.datetimes(), st.dates(), st.times(),
    st.timedeltas(),
)  # fmt: skip


@given(value=CELLS)
def test_any_cell_is_read_or_refused(value):
    for read in (money, moment):
        with contextlib.suppress(BadCell):
            read(value)
    assert "\x00" not in clean(value)
    clean(value).encode()
