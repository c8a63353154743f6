"""What a sheet means, without a database."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.households.reform import plans, sheet
from app.households.reform.errors import BadPlan
from app.households.reform.plans import Line, Plan, Unit


def commune(code: str, hamlets: int) -> list[Unit]:
    return [
        Unit(code, "commune", f"Xã Mẫu {code}", "19"),
        *(Unit(f"{code}-{number:02d}", "hamlet", f"Xóm {number}", code) for number in range(1, hamlets + 1)),
    ]


def units(**hamlets: int) -> dict[str, Unit]:
    return {unit.code: unit for code, many in hamlets.items() for unit in commune(code.strip("c"), many)}


TWO = units(c05001=2, c05002=3)
ELSEWHERE = {"07001": Unit("07001", "commune", "Xã Tỉnh Khác", "20")}


def plan(*lines: tuple[str, str, str], here: dict[str, Unit] = TWO, used: set[str] = frozenset()) -> Plan:  # type: ignore[assignment]
    return plans.plan_of([Line(row, *line) for row, line in enumerate(lines, 2)], here | ELSEWHERE, used)


def faults(*lines: tuple[str, str, str], **more: Any) -> list[int]:
    with pytest.raises(BadPlan) as caught:
        plan(*lines, **more)
    return [fault.row for fault in caught.value.faults]


@pytest.fixture(autouse=True)
def texts(app: Flask) -> None:
    """Sentences need an application."""


def test_two_communes_merge_into_a_new_one() -> None:
    made = plan(*((f"{code}", "06001", "Xã Mới") for code in TWO if "-" in code))
    assert [(new.code, new.name, new.unit, new.province_code) for new in made.new] == [("06001", "Xã Mới", "xã", "19")]
    assert made.ended == {"05001": ("06001",), "05002": ("06001",)}
    assert set(made.moves) == {code for code in TWO if "-" in code}


def test_a_commune_that_takes_another_in_keeps_its_own_hamlets() -> None:
    made = plan(("05001-01", "05002", ""), ("05001-02", "05002", ""), ("05002-01", "05002", ""))
    assert (made.new, set(made.moves), made.ended) == ((), {"05001-01", "05001-02"}, {"05001": ("05002",)})


def test_a_split_commune_ends_and_its_larger_part_comes_first() -> None:
    made = plan(("05002-01", "05001", ""), ("05002-02", "06002", "Phường Mới"), ("05002-03", "06002", "phường  mới"))
    assert made.ended == {"05002": ("06002", "05001")}
    assert made.new[0].unit == "phường"


def test_a_commune_that_keeps_a_hamlet_stays() -> None:
    made = plan(("05002-01", "05001", ""))
    assert made.ended == {}


def test_a_commune_without_hamlets_stands_by_itself() -> None:
    here = units(c05001=1, c05009=0)
    assert plan(("05009", "05001", ""), here=here).ended == {"05009": ("05001",)}


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        ([("05001-09", "05002", "")], [2]),  # no such hamlet
        ([("05001", "05002", "")], [2]),  # has hamlets: they are to be named
        ([("05001-01", "5002", "")], [2]),  # four digits
        ([("05001-01", "05001-02", "")], [2]),  # not a commune's
        ([("05001-01", "06001", "")], [2]),  # a new one without a name
        ([("05001-01", "06001", "Mới")], [2]),  # nor without its word
        ([("05001-01", "06001", "Xã Một"), ("05001-02", "06001", "Xã Hai")], [3]),  # two names
        ([("05001-01", "05002", ""), ("05001-01", "05002", "")], [2, 3]),  # twice
        ([("05001-01", "05001", "")], [1]),  # nothing changes
        ([("05001-01", "07001", "")], [2]),  # in another province
        ([], [1]),
    ],
)
def test_what_can_not_be_is_told_by_its_row(lines: list[tuple[str, str, str]], rows: list[int]) -> None:
    assert faults(*lines) == rows


def test_a_code_of_a_former_unit_is_not_given_again() -> None:
    assert faults(("05001-01", "05777", "Xã Lại"), used={"05777"}) == [2]


@given(st.lists(st.sampled_from(["05001", "05002", "06001", "06002"]), min_size=5, max_size=5))
def test_every_hamlet_ends_up_in_one_commune_that_is_there(targets: list[str]) -> None:
    hamlets = [code for code in TWO if "-" in code]
    lines = [(hamlet, target, f"Xã Số {target[-1]}") for hamlet, target in zip(hamlets, targets, strict=True)]
    try:
        made = plan(*lines)
    except BadPlan:
        assert targets == ["05001"] * 2 + ["05002"] * 3
        return
    after = {hamlet: made.moves.get(hamlet, TWO[hamlet].parent_code) for hamlet in hamlets}
    assert after == dict(zip(hamlets, targets, strict=True))
    alive = {"05001", "05002", *(new.code for new in made.new)} - set(made.ended)
    assert set(after.values()) <= alive
    for ended, parts in made.ended.items():
        went = Counter(target for hamlet, target in after.items() if TWO[hamlet].parent_code == ended)
        assert set(parts) == set(went)
        assert went[parts[0]] == max(went.values())
    assert Plan.from_json(made.as_json()) == made


def test_the_sheet_that_went_out_comes_back_as_it_was() -> None:
    lines = sheet.read(sheet.blank(list(TWO.values())))
    assert [(line.unit_code, line.target_code) for line in lines] == [
        (code, code.split("-")[0]) for code in sorted(TWO) if "-" in code
    ]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 broken", "Một,Hai\n1,2\n".encode()])
def test_a_file_that_is_no_sheet_is_told_so(data: bytes) -> None:
    with pytest.raises(BadPlan):
        sheet.read(data)


def test_codes_that_a_spreadsheet_took_for_numbers_are_codes_again() -> None:
    rows = "Ghi chú\nMã xóm;Mã xã mới;Tên xã mới\n05001-01;5002.0;\n".encode()
    assert sheet.read(rows)[0].unit_code == "05001-01"
