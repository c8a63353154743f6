"""Promises of the yearly list: every household once, all or nothing, two people, exactly undone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.core.actor import EVERYWHERE, SYSTEM, Actor
from app.core.crypto import KeyDestroyed
from app.core.database import transaction
from app.core.jobs import queue
from app.households.poverty import errors, queries, services
from app.households.poverty.models import PovertyImport, PovertyImportFile, State
from app.identity.roles import Role
from tests.factories import households as make
from tests.fakes.clock import FrozenClock
from tests.households.poverty.conftest import FROM, TO, Desk, class_on, decisions, rows_of
from tests.households.poverty.lists import official, workbook
from tests.households.poverty.rows import a_list, by_code, by_number, number_of

EVE = FROM - timedelta(days=1)


def test_a_list_holds_once_a_second_officer_says_yes(table: Desk, clock: FrozenClock) -> None:
    one, two = make.verified(clock=clock), make.verified(clock=clock)
    import_id = table.preview(a_list(by_number(one), by_number(two, "Hộ cận nghèo")))
    assert table.state(import_id) == State.READY
    assert table.counts(import_id) == {"new": 2}
    assert decisions() == set()
    table.approve(import_id)
    assert table.state(import_id) == State.APPLIED
    assert decisions() == {
        (one.id, "poor", 2027, "123/QĐ-UBND", FROM, TO),
        (two.id, "near_poor", 2027, "123/QĐ-UBND", FROM, TO),
    }


def test_who_brought_the_list_cannot_approve_it_and_the_database_refuses_too(table: Desk, clock: FrozenClock) -> None:
    import_id = table.preview(a_list(by_number(make.verified(clock=clock))))
    with pytest.raises(errors.NeedsAnother):
        services.approve(actor=table.maker, import_id=import_id, clock=clock)
    with pytest.raises(IntegrityError, match="ck_poverty_import_four_eyes"), transaction(actor=SYSTEM) as session:
        session.execute(
            sa.update(PovertyImport).values(
                state="applying", approved_by=PovertyImport.created_by, approved_at=clock.now()
            )
        )
    assert decisions() == set()


def test_a_decision_of_a_batch_needs_two_people_in_the_database(table: Desk, clock: FrozenClock) -> None:
    import_id = table.preview(a_list(by_number(make.verified(clock=clock))))
    services.approve(actor=table.approver, import_id=import_id, clock=clock)
    for approver in ("NULL", "recorded_by"):
        with pytest.raises(IntegrityError), transaction(actor=SYSTEM) as session:
            session.execute(
                sa.text(
                    "INSERT INTO poverty_status (id, household_id, class, year, decision_number, valid_from, valid_to,"
                    " recorded_by, created_at, import_id, approved_by) SELECT gen_random_uuid(), household_id, class,"
                    " year, decision_number, valid_from, valid_to, :by, now(), import_id, "
                    + ("NULL" if approver == "NULL" else "CAST(:by AS uuid)")
                    + " FROM poverty_import_row"
                ),
                {"by": table.maker.user_id},
            )


def test_the_same_file_twice_is_the_same_batch_and_another_copy_changes_nothing(
    table: Desk, clock: FrozenClock
) -> None:
    home = make.verified(clock=clock)
    data = a_list(by_number(home))
    first = table.take(data)
    assert table.bring(data) == first
    before = decisions()
    again = table.preview(workbook(rows_of(by_number(home)), above=[["Bản sao"]]))
    assert table.counts(again) == {"same": 1}
    with pytest.raises(errors.NothingToDo):
        services.approve(actor=table.approver, import_id=again, clock=clock)
    assert decisions() == before


def test_a_household_goes_on_changes_class_or_is_corrected(table: Desk, clock: FrozenClock) -> None:
    goes_on, changes = make.poor(clock=clock), make.poor(clock=clock)
    import_id = table.take(a_list(by_number(goes_on), by_number(changes, "CN")))
    assert table.counts(import_id) == {"continuing": 1, "changed": 1}
    assert (class_on(changes.id, EVE), class_on(changes.id, FROM)) == ("poor", "near_poor")
    corrected = table.take(a_list(by_number(goes_on, "CN"), by_number(changes, "CN")))
    assert table.counts(corrected) == {"same": 1, "changed": 1}
    assert class_on(goes_on.id, FROM) == "near_poor"
    assert len(decisions()) == 4


def test_a_list_in_the_middle_of_the_year_cuts_what_held(table: Desk, clock: FrozenClock) -> None:
    home = make.poor(clock=clock)
    start = date(2026, 7, 1)
    table.take(a_list(by_number(home, "Hộ cận nghèo")), valid_from=start, valid_to=date(2026, 12, 31), year=2026)
    assert class_on(home.id, date(2026, 6, 30)) == "poor"
    assert class_on(home.id, start) == "near_poor"


def test_leaving_ends_eligibility_on_its_day(table: Desk, clock: FrozenClock) -> None:
    home = make.poor(clock=clock)
    head = (*("STT", "Họ và tên chủ hộ", "Số CCCD", "Loại hộ"), "Ngày thoát nghèo")
    data = workbook([[1, "Nguyễn Thị Thử", number_of(home), "Thoát nghèo", "01/10/2026"]], head=head)
    import_id = table.take(data)
    assert table.counts(import_id) == {"ending": 1}
    assert class_on(home.id, date(2026, 9, 30)) == "poor"
    assert class_on(home.id, date(2026, 10, 1)) is None
    table.undo(import_id)
    assert class_on(home.id, date(2026, 10, 1)) == "poor"


def test_only_a_whole_list_ends_those_it_does_not_name(table: Desk, clock: FrozenClock) -> None:
    stays, gone = make.poor(clock=clock), make.poor(clock=clock)
    elsewhere = make.poor(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01")
    with transaction(actor=SYSTEM) as session:
        session.execute(sa.text("UPDATE poverty_status SET revoked_at = now(), revoked_by = :by"), {"by": uuid4()})
    for home in (stays, gone, elsewhere):
        make.decide(home, clock=clock, number="1", valid_to=date(2027, 6, 30))
    table.take(a_list(by_number(stays)))
    assert class_on(gone.id, FROM) == "poor"
    whole = table.take(a_list(by_number(stays), [None] * 6), whole_list=True)
    assert table.counts(whole) == {"same": 1, "ending": 1}
    assert (class_on(gone.id, EVE), class_on(gone.id, FROM)) == ("poor", None)
    assert class_on(elsewhere.id, FROM) == "poor"


def test_a_whole_list_with_an_error_ends_nobody(table: Desk, clock: FrozenClock) -> None:
    home = make.poor(clock=clock)
    import_id = table.preview(a_list(by_number(home), by_code("HG23456789")), whole_list=True)
    assert table.counts(import_id) == {"continuing": 1, "error": 1}
    with pytest.raises(errors.MendFirst):
        services.approve(actor=table.approver, import_id=import_id, clock=clock)


def test_rows_that_name_nobody_tell_which_cell_and_why(table: Desk, clock: FrozenClock) -> None:
    home = make.verified(clock=clock)
    elsewhere = make.verified(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01")
    import_id = table.preview(
        a_list(
            by_number(home),
            by_number(elsewhere),
            by_code("HG23456789"),
            by_number(home, "Cận nghèo"),
            ["Nguyễn Thị Thử", "12", None, None, None, "Giàu"],
            ["Nguyễn Thị Thử", None, None, None, None, "N"],
            ["Nguyễn Thị Thử", None, None, 1980, "Xóm Hồng Thái", ""],
        )
    )
    assert table.counts(import_id) == {"new": 1, "error": 6}
    assert table.problems(import_id) == [
        ("C3", "not_registered"),
        ("D4", "unknown_code"),
        ("B5", "named_twice"),
        ("C6", "not_a_citizen_id"),
        ("G6", "not_a_class"),
        ("B7", "name_alone"),
        ("G8", "no_class"),
    ]


def test_a_name_is_found_with_hamlet_or_birth_year_and_never_guessed(table: Desk, clock: FrozenClock) -> None:
    lone = make.verified(clock=clock, head_name="Lý Thị Hòa", hamlet_code=f"{make.TAN_CUONG}-02")
    one = make.verified(clock=clock, head_name="Dương Văn Mẫu", citizen_id="019070000001")
    two = make.verified(clock=clock, head_name="Dương Văn Mẫu", citizen_id="019075000002")
    import_id = table.preview(
        a_list(
            ["Ly\u0301 Thi\u0323 Hoà", None, None, None, "nam dong", "N"],  # NFD, the accent elsewhere, no "Xóm"
            ["DƯƠNG VĂN MẪU", None, None, 1975, "Xóm Hồng Thái", "N"],
            ["Dương Văn Mẫu", None, None, None, "Xóm Hồng Thái", "N"],
            ["Dương Văn Mẫu", None, None, 1999, "", "N"],
            ["Lý Thị Hòa", None, None, None, "Xóm Không Có", "N"],
        )
    )
    with transaction(actor=SYSTEM):
        named = {row.household_id for row in queries.every_row(import_id)}
    assert named == {lone.id, two.id} and one.id not in named
    assert [problem for _cell, problem in table.problems(import_id)] == [
        "several_of_this_name", "nobody_of_this_name", "unknown_hamlet",
    ]  # fmt: skip


def test_a_printed_list_with_merged_headings_marks_and_numbers_as_text_is_understood(
    table: Desk, clock: FrozenClock
) -> None:
    one = make.verified(clock=clock, head_name="Lương Thị Mẫu", citizen_id="019180990001")
    two = make.verified(clock=clock, head_name="Ma Văn Mẫu", citizen_id="001080990002")
    import_id = table.bring(
        official(
            [
                ("Lương Thị Mẫu", "019180990001", 1980, "Xóm Hồng Thái", "x", None),
                ("Ma\u00a0Văn Mẫu", 1080990002, "1980", "Hồng Thái", None, "X"),  # its leading zeros are lost
            ]
        )
    )
    layout = queries.layout(table.get(import_id))
    assert (layout.decision_number, layout.year) == ("123/QĐ-UBND", 2027)
    table.confirm(import_id)
    table.work(import_id)
    assert table.problems(import_id) == []
    assert table.counts(import_id) == {"new": 2}
    assert table.get(import_id).skipped == 2
    table.approve(import_id)
    assert (class_on(one.id, FROM), class_on(two.id, FROM)) == ("poor", "near_poor")


def test_a_row_may_have_a_decision_of_its_own(table: Desk, clock: FrozenClock) -> None:
    one, two, three = (make.verified(clock=clock) for _n in range(3))
    head = ("Họ tên", "CCCD", "Loại hộ", "Số QĐ", "Năm", "Từ ngày", "Đến ngày")
    rows: list[list[Any]] = [
        ["A B", number_of(one), "N", "9/QĐ", "Năm 2026", date(2026, 11, 1), "31/12/2026"],
        ["A B", number_of(two), "N", "", "", "ngày 15 tháng 3 năm 2027", 46752],
        ["A B", number_of(three), "N", "", "", "01/02/2027", "31/02/2027"],
    ]
    import_id = table.preview(workbook(rows, head=head))
    assert table.problems(import_id) == [("G4", "not_a_date")]
    table.approve(import_id)
    assert decisions() == {
        (one.id, "poor", 2026, "9/QĐ", date(2026, 11, 1), date(2026, 12, 31)),
        (two.id, "poor", 2027, "123/QĐ-UBND", date(2027, 3, 15), date(2027, 12, 31)),
    }


def test_columns_are_confirmed_once_for_the_next_file_under_the_same_headings(table: Desk, clock: FrozenClock) -> None:
    head = ("Cột A", "Cột B", "Cột C")
    home = make.verified(clock=clock)
    columns = {"name": 0, "citizen": 1, "class": 2}
    first = table.bring(workbook([["A B", number_of(home), "N"]], head=head))
    assert queries.layout(table.get(first)).guess == {}
    with pytest.raises(errors.BadMapping):
        table.confirm(first)
    table.confirm(first, columns=columns)
    second = table.get(table.bring(workbook([["A B", number_of(home), "CN"]], head=head)))
    assert queries.remembered(second.area_code, second.headings_mark) == columns


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"columns": {"name": 1, "class": 1}}, "columns"),
        ({"columns": {"name": 1}}, "columns"),
        ({"columns": {"class": 6}}, "columns"),
        ({"columns": {"name": 1, "class": 99}}, "columns"),
        ({"columns": {"name": 1, "class": 6, "income": 2}}, "columns"),
        ({"decision_number": " "}, "decision_number"),
        ({"year": 1990}, "year"),
        ({"valid_to": date(2026, 1, 1)}, "valid_to"),
        ({"valid_from": None}, "valid_from"),
    ],
)
def test_columns_and_decision_that_cannot_be_are_refused(table: Desk, changes: dict[str, Any], field: str) -> None:
    import_id = table.bring(a_list(["A B", "019180990001", None, None, None, "N"]))
    with pytest.raises(errors.BadMapping) as refused:
        table.confirm(import_id, **changes)
    assert field in refused.value.details["errors"]


def test_another_commune_sees_nothing_even_without_the_scoped_query(
    table: Desk, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = table.preview(a_list(by_number(make.verified(clock=clock))))
    stranger = make.an_officer(make.DAI_PHUC)
    monkeypatch.setattr(queries, "scope", lambda _actor: sa.true())
    for act in (services.approve, services.undo, services.drop, services.note_export):
        with pytest.raises(errors.NoSuchImport):
            act(actor=stranger, import_id=import_id, clock=clock)
    with transaction(actor=stranger) as session:
        for table_name in (
            "poverty_import", "poverty_import_row", "poverty_import_file", "poverty_columns", "poverty_import_effect",
        ):  # fmt: skip
            assert session.scalar(sa.text(f"SELECT count(*) FROM {table_name}")) == 0
    with pytest.raises(errors.NotYours):
        services.upload(actor=stranger, data=b"x", file_name="x", area_code=make.TAN_CUONG, clock=clock)
    for nobody in (make.a_team_member(), Actor(uuid4(), frozenset({Role.FINANCE}), frozenset({EVERYWHERE}))):
        with pytest.raises(errors.NotYours):
            services.upload(actor=nobody, data=b"x", file_name="x", area_code=make.TAN_CUONG, clock=clock)


def test_the_province_brings_a_list_of_many_communes(table: Desk, clock: FrozenClock) -> None:
    one, two = (Actor(uuid4(), frozenset({Role.PROVINCE_OPERATOR}), frozenset({EVERYWHERE})) for _n in range(2))
    here = make.verified(clock=clock, head_name="Lý Thị Mẫu")
    there = make.verified(clock=clock, head_name="Lý Thị Mẫu", hamlet_code=f"{make.DAI_PHUC}-01")
    wide = Desk(one, two, clock, EVERYWHERE)
    head = ("Họ tên", "Xóm", "Xã", "Loại hộ")
    import_id = wide.preview(
        workbook(
            [
                ["Lý Thị Mẫu", "Hồng Thái", "Xã Tân Cương", "N"],
                ["Lý Thị Mẫu", "TDP Cầu Thành", "Đại Phúc", "CN"],
                ["Lý Thị Mẫu", "Cầu Thành", "", "CN"],
            ],
            head=head,
        )
    )
    assert wide.problems(import_id) == [("C4", "which_commune")]
    with pytest.raises(errors.NoSuchImport):
        services.approve(actor=make.an_officer(), import_id=import_id, clock=clock)
    wide.approve(import_id)
    assert (class_on(here.id, FROM), class_on(there.id, FROM)) == ("poor", "near_poor")
    with pytest.raises(errors.BadMapping):
        wide.confirm(wide.bring(workbook([["A B", "x", "y", "N"]], head=head)), whole_list=True)


def test_the_file_is_sealed_and_destroyed_a_week_after_it_is_done_with(table: Desk, clock: FrozenClock) -> None:
    home = make.verified(clock=clock, head_name="Nông Thị Kín")
    done = table.take(a_list(["Nông Thị Kín", number_of(home), None, None, None, "N"]))
    idle = table.preview(a_list(by_number(home, "CN")))
    with transaction(actor=SYSTEM) as session:
        raw = b"".join(session.scalars(sa.select(PovertyImportFile.file_enc)))
        assert number_of(home).encode() not in raw
    clock.advance(days=6)
    assert services.destroy_old(clock=clock) == 0
    clock.advance(days=2)
    assert services.destroy_old(clock=clock) == 1
    found = table.get(done)
    assert found.destroyed_at is not None
    with pytest.raises(KeyDestroyed):
        queries.layout(found)
    assert [row.name for row in queries.rows(found, kind=None, cursor=None, limit=5).items] == [""]
    table.undo(done)
    assert decisions() == set()
    clock.advance(days=30)
    assert services.destroy_old(clock=clock) == 1
    assert table.state(idle) == State.DROPPED


def test_jobs_and_audit_carry_nothing_personal(table: Desk, clock: FrozenClock) -> None:
    home = make.verified(clock=clock, head_name="Nông Thị Kín")
    table.take(a_list(["Nông Thị Kín", number_of(home), None, None, None, "N"]))
    with transaction(actor=SYSTEM) as session:
        told = str(session.execute(sa.text("SELECT args FROM procrastinate_jobs")).all())
        told += str(session.execute(sa.text("SELECT details, action FROM audit_event")).all())
        told += str(session.execute(sa.text("SELECT faults, columns FROM poverty_import_row, poverty_import")).all())
    assert "Kín" not in told and number_of(home) not in told
    assert "poverty.work" in set(queue.tasks)


def test_a_batch_that_was_put_away_cannot_go_on(table: Desk, clock: FrozenClock) -> None:
    data = a_list(by_number(make.verified(clock=clock)))
    import_id = table.preview(data)
    services.drop(actor=table.approver, import_id=import_id, clock=clock)
    for act in (services.approve, services.undo, services.drop):
        with pytest.raises(errors.WrongMoment):
            act(actor=table.approver, import_id=import_id, clock=clock)
    assert table.bring(data) != import_id


def test_only_who_brought_it_says_what_its_columns_are(table: Desk, clock: FrozenClock) -> None:
    import_id: UUID = table.bring(a_list(by_number(make.verified(clock=clock))))
    table.maker, table.approver = table.approver, table.maker
    with pytest.raises(errors.NotYours):
        table.confirm(import_id)
