"""Sheets of accounts: a cell that can't be used is named, each row is decided anew, a batch can be taken back."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db
from app.core.sheets import Cell, as_xlsx
from app.households.registry.errors import NotAnOfficer
from app.households.registry.models import Household
from app.households.welfare import batch_queries, batch_services, errors, services, sheet
from app.households.welfare.models import BatchState, RowState, WelfareAccount, WelfareBatch
from app.identity import queries as people
from app.identity.roles import Role
from tests.factories import households as make

from .conftest import SignIn

BANK = "Agribank"
NEEDED = "Mua sách vở cho con"


@pytest.fixture
def clock() -> Any:
    """Sheets are worked on for people whose grants hold now."""
    return SYSTEM_CLOCK


@pytest.fixture
def me(sign_in: SignIn) -> Actor:
    return sign_in(Role.COMMUNE_OFFICER).actor


@pytest.fixture
def colleague(sign_in: SignIn) -> Actor:
    return sign_in(Role.COMMUNE_OFFICER).actor


def filled(*rows: Sequence[object]) -> bytes:
    """A sheet as the office sends it back; each row is (code, bank, number, holder[, need])."""
    whole = [
        [row[0], "Xóm Hồng Thái", "N. T. T.", row[1], row[2], row[3], row[4] if len(row) > 4 else ""] for row in rows
    ]
    return as_xlsx(list(sheet.HEADS.values()), whole, title="Tai khoan")  # type: ignore[arg-type]


def upload(actor: Actor, data: bytes) -> WelfareBatch:
    return batch_services.upload(actor=actor, data=data, file_name="an-sinh.xlsx", clock=SYSTEM_CLOCK)


def run(batch_id: UUID) -> None:
    while batch_services.work(batch_id, clock=SYSTEM_CLOCK):
        pass


def counts(batch_id: UUID) -> dict[str, int]:
    with acting_as(SYSTEM):
        db.session.rollback()
        found = {state: count for state, count in batch_queries.counts(batch_id).items() if count}
        db.session.rollback()
    return found


def problems(batch: WelfareBatch) -> list[tuple[str, str]]:
    return [(fault["cell"], fault["problem"]) for fault in batch.faults]


def poor(clock: Any, count: int) -> list[Household]:
    return [make.poor(clock=clock) for _n in range(count)]


def statuses() -> list[str]:
    with acting_as(SYSTEM):
        db.session.rollback()
        found = list(db.session.scalars(sa.select(WelfareAccount.status).order_by(WelfareAccount.id)))
        db.session.rollback()
    return found


def test_the_sheet_to_fill_names_households_by_code_and_initials_only(app: Flask, clock: Any, me: Actor) -> None:
    homes = poor(clock, 2)
    codes = sorted(one.code for one in homes)
    make.with_welfare_account(clock=clock)
    make.poor(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01")
    make.verified(clock=clock)
    with acting_as(me):
        db.session.rollback()
        blanks = batch_queries.to_fill(me, clock.now().date())
        db.session.rollback()
    assert [one.code for one in blanks] == codes
    assert {one.hamlet for one in blanks} == {"Xóm Hồng Thái"}
    assert not any("Nguyễn" in one.head_masked and "Thử" in one.head_masked for one in blanks)
    for form in ("xlsx", "csv"):
        with pytest.raises(errors.UnreadableSheet) as none:
            sheet.read(sheet.to_fill(blanks, form=form))
        assert none.value.details["reason"] == "no_rows"


def test_a_filled_sheet_gives_and_a_second_officer_verifies(
    app: Flask, clock: Any, me: Actor, colleague: Actor
) -> None:
    one, other = poor(clock, 2)
    data = filled(
        (one.code, "Ngân hàng Agribank", "8888 000 101", "NGUYEN THI THU", NEEDED),
        (other.code, "970415", "8888000102", "Nguyễn Thị Thử"),
    )
    batch = upload(me, data)
    assert (batch.state, problems(batch), counts(batch.id)) == (BatchState.READY, [], {"new": 2})
    assert statuses() == []
    assert upload(me, data).id == batch.id
    batch_services.apply(actor=me, batch_id=batch.id, clock=clock)
    run(batch.id)
    assert statuses() == ["issued", "issued"]
    with pytest.raises(errors.OwnIssue):
        batch_services.verify(actor=me, batch_id=batch.id, clock=clock)
    batch_services.verify(actor=colleague, batch_id=batch.id, clock=clock)
    run(batch.id)
    assert counts(batch.id) == {"verified": 2}
    assert statuses() == ["active", "active"]
    assert not batch_services.work(batch.id, clock=clock)


def test_each_cell_that_cannot_be_used_is_named(app: Flask, clock: Any, me: Actor) -> None:
    homes = poor(clock, 9)
    far = make.poor(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01").code
    rich = make.verified(clock=clock).code
    having, _account = make.with_welfare_account(clock=clock, number="8888000777")
    having_code = having.code
    there = make.with_welfare_account(clock=clock, number="8888000778", hamlet_code=f"{make.DAI_PHUC}-01")
    assert there
    code = [one.code for one in homes]
    batch = upload(me, filled(
        (code[0], BANK, "8888000001", "NGUYEN THI THU"),
        (code[1], "Ngân hàng Không Có", "8888000002", "NGUYEN THI THU"),
        (code[2], BANK, "12", "NGUYEN THI THU"),
        (code[3], BANK, "8888000004", "TRAN VAN KHAC"),
        (code[4], BANK, "", "NGUYEN THI THU"),
        (far, BANK, "8888000005", "NGUYEN THI THU"),
        (rich, BANK, "8888000006", "NGUYEN THI THU"),
        (having_code, BANK, "8888000007", "NGUYEN THI THU"),
        (code[0], BANK, "8888000008", "NGUYEN THI THU"),
        (code[5], BANK, "8888000001", "NGUYEN THI THU"),
        (code[6], BANK, "8888000778", "NGUYEN THI THU"),
        (code[7], BANK, "8888000009", "NGUYEN THI THU", "Giúp cô Nguyễn Thị Thử"),
        (code[8], "", "", ""),
    ))  # fmt: skip
    assert problems(batch) == [
        ("D3", "unknown_bank"),
        ("E4", "bad_account_number"),
        ("F5", "holder_differs"),
        ("E6", "missing"),
        ("A7", "household_not_found"),
        ("A8", "household_not_eligible"),
        ("A9", "welfare_account_open"),
        ("A10", "told_twice"),
        ("E11", "number_twice"),
        ("E12", "bank_account_taken"),
        ("G13", "need_tells_who"),
    ]
    assert counts(batch.id) == {"new": 1}


def test_numbers_that_a_spreadsheet_cut_are_refused(app: Flask) -> None:
    heads = list(sheet.HEADS.values())
    row: list[Cell] = ["HG2", "", "", BANK, 1234567890123456789, "NGUYEN THI THU", ""]
    assert [fault["problem"] for fault in sheet.read(as_xlsx(heads, [row], title="x")).faults] == ["lost_digits"]
    row[4] = 8888000101
    assert sheet.read(as_xlsx(heads, [row], title="x")).rows[0].typed.number == "8888000101"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no_header"),
        (b"PK\x03\x04 not a zip", "broken"),
        ("Mã hộ;Ngân hàng\nHG1;Agribank".encode(), "no_header"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_excel"),
    ],
)
def test_a_file_of_no_use_is_refused_as_a_whole(app: Flask, me: Actor, data: bytes, reason: str) -> None:
    with pytest.raises(errors.UnreadableSheet) as refused:
        upload(me, data)
    assert refused.value.details["reason"] == reason
    assert db.session.scalar(sa.text("SELECT count(*) FROM welfare_batch")) == 0


def test_rows_are_decided_again_when_they_are_given(app: Flask, clock: Any, me: Actor) -> None:
    homes = poor(clock, 3)
    ids, codes = [one.id for one in homes], [one.code for one in homes]
    batch = upload(me, filled(*((code, BANK, f"888800030{n}", "NGUYEN THI THU") for n, code in enumerate(codes))))
    services.open_welfare_account(
        actor=make.an_officer(), household_id=ids[0], bin="970405", number="8888000999", holder="NGUYEN THI THU",
        need=NEEDED, clock=clock,
    )  # fmt: skip
    far = make.poor(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01")
    services.open_welfare_account(
        actor=make.an_officer(make.DAI_PHUC), household_id=far.id, bin="970405", number="8888000301",
        holder="NGUYEN THI THU", need=NEEDED, clock=clock,
    )  # fmt: skip
    batch_services.apply(actor=me, batch_id=batch.id, clock=clock)
    run(batch.id)
    with acting_as(me):
        db.session.rollback()
        rows = [
            (one.row.state, one.row.problem)
            for one in batch_queries.rows(batch.id, state=None, cursor=None, limit=9).items
        ]
        db.session.rollback()
    assert rows == [("refused", "welfare_account_open"), ("refused", "bank_account_taken"), ("issued", None)]


def test_a_batch_is_taken_back_but_for_what_was_verified(app: Flask, clock: Any, me: Actor, colleague: Actor) -> None:
    homes = poor(clock, 3)
    ids, codes = [one.id for one in homes], [one.code for one in homes]
    data = filled(*((code, BANK, f"888800040{n}", "NGUYEN THI THU") for n, code in enumerate(codes)))
    batch = upload(me, data)
    batch_services.apply(actor=me, batch_id=batch.id, clock=clock)
    run(batch.id)
    services.verify_welfare_account(actor=colleague, household_id=ids[0], clock=clock)
    batch_services.undo(actor=me, batch_id=batch.id, clock=clock)
    run(batch.id)
    assert counts(batch.id) == {"undone": 2, "kept": 1}
    assert sorted(statuses()) == ["active", "closed", "closed"]
    again = upload(me, data)
    assert again.id != batch.id
    assert problems(again) == [("A2", "welfare_account_open")]
    assert counts(again.id) == {"new": 2}
    with pytest.raises(errors.WrongBatchMoment):
        batch_services.undo(actor=me, batch_id=batch.id, clock=clock)


def test_only_who_uploaded_a_sheet_gives_it_and_only_here(
    app: Flask, clock: Any, me: Actor, colleague: Actor, sign_in: SignIn
) -> None:
    [home] = poor(clock, 1)
    batch = upload(me, filled((home.code, BANK, "8888000501", "NGUYEN THI THU")))
    for act in (batch_services.apply, batch_services.drop):
        with pytest.raises(NotAnOfficer):
            act(actor=colleague, batch_id=batch.id, clock=clock)
        with pytest.raises(errors.NoSuchBatch):
            act(actor=sign_in(Role.COMMUNE_OFFICER, make.DAI_PHUC).actor, batch_id=batch.id, clock=clock)
    with pytest.raises(NotAnOfficer):
        upload(make.a_team_member(), filled((home.code, BANK, "8888000501", "NGUYEN THI THU")))
    batch_services.drop(actor=me, batch_id=batch.id, clock=clock)
    with pytest.raises(errors.WrongBatchMoment):
        batch_services.apply(actor=me, batch_id=batch.id, clock=clock)


def test_an_officer_who_left_gives_nothing_more(app: Flask, clock: Any, me: Actor) -> None:
    homes = poor(clock, 2)
    batch = upload(me, filled(*((one.code, BANK, f"888800060{n}", "NGUYEN THI THU") for n, one in enumerate(homes))))
    batch_services.apply(actor=me, batch_id=batch.id, clock=clock)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "actor_of", lambda user, clock: Actor(user.id, label="left"))
        run(batch.id)
    assert counts(batch.id) == {RowState.REFUSED: 2}
    assert statuses() == []


def test_work_that_died_is_woken(app: Flask, clock: Any, me: Actor) -> None:
    [home] = poor(clock, 1)
    batch = upload(me, filled((home.code, BANK, "8888000701", "NGUYEN THI THU")))
    batch_services.apply(actor=me, batch_id=batch.id, clock=clock)
    assert batch_services.wake_stuck(clock=clock) == 0

    class Later:
        @staticmethod
        def now() -> Any:
            return SYSTEM_CLOCK.now() + batch_services.STUCK_AFTER * 2

    assert batch_services.wake_stuck(clock=Later()) == 1


def test_what_was_typed_is_sealed(app: Flask, clock: Any, me: Actor) -> None:
    [home] = poor(clock, 1)
    upload(me, filled((home.code, BANK, "8888000801", "NGUYEN THI THU")))
    with acting_as(SYSTEM):
        db.session.rollback()
        text = str(db.session.execute(sa.text("SELECT * FROM welfare_batch_row, welfare_batch")).all())
        db.session.rollback()
    assert "8888000801" not in text
    assert "NGUYEN" not in text


def test_the_reader_never_falls_over(app: Flask) -> None:
    """Bytes of a good sheet, changed at random: it is read or refused, nothing else."""
    import random

    good = filled(("HGABC", BANK, "8888000801", "NGUYEN THI THU"))
    luck = random.Random(4)
    for _n in range(150):
        broken = bytearray(good)
        for _m in range(luck.randint(1, 8)):
            broken[luck.randrange(len(broken))] = luck.randrange(256)
        try:
            sheet.read(bytes(broken))
        except errors.UnreadableSheet:
            continue


def test_the_columns_may_stand_anywhere_under_a_title(app: Flask) -> None:
    out = io.StringIO()
    out.write("Xã Tân Cương;;;;\n;;;;\nSỐ TÀI KHOẢN;Tên chủ tài khoản;Mã hộ;ngân hàng;\n")
    out.write("8888000901;NGUYEN THI THU;hg-abc;Vietcombank;\n")
    read = sheet.read(out.getvalue().encode())
    assert [(row.place, row.code, row.typed.number) for row in read.rows] == [(4, "HGABC", "8888000901")]
