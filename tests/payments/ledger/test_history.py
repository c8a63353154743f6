"""Any account's balance at any moment, its statement on a page and as a file, and the months it is kept in."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from python_calamine import CalamineWorkbook

from app.config import libpq_url
from app.core.clock import SYSTEM_CLOCK
from app.core.ids import uuid7
from app.identity.roles import Role
from app.payments.ledger import queries, services
from app.payments.ledger.models import AccountKind
from app.payments.ledger.operations import Posted
from tests.factories.people import make_user, sign_in
from tests.payments.ledger.accounts import make_account, move, post
from tests.payments.ledger.parallel import at_once

pytestmark = pytest.mark.usefixtures("app")
DAYS = "?tu=2026-11-01&den=2026-12-31"


@pytest.fixture
def told(clock):
    """A seller's account: 100 came at once, 30 an hour later, 50 went a day after that."""
    outside = make_account(AccountKind.OUTSIDE_BANK, clock=clock)
    account = make_account(AccountKind.RECEIVED, clock=clock, owner="=SUM(A1)")
    moments = []
    for pause, sides, amount in (
        (timedelta(0), (outside, account), 100),
        (timedelta(hours=1), (outside, account), 30),
        (timedelta(days=1), (account, outside), 50),
    ):
        clock.advance(seconds=pause.total_seconds())
        moments.append(clock.now())
        post(move(*sides, amount, at=clock.now() - timedelta(minutes=5)), clock=clock)
    return outside, account, moments


@pytest.mark.parametrize("which", [0, 1])
def test_the_balance_at_any_moment(told, which):
    account, sign = told[which], (-1, 1)[which]
    moments = [*told[2], told[2][-1] + timedelta(seconds=1)]
    assert [queries.balance_at(account.id, moment) for moment in moments] == [0, sign * 100, sign * 130, sign * 80]


def test_a_statement_opens_where_the_last_closed(told):
    _outside, account, (first, second, third) = told
    end = third + timedelta(days=1)
    early, late = (queries.statement(account, since=a, until=b) for a, b in ((first, second), (second, end)))
    assert (early.opening_vnd, early.came_vnd, early.went_vnd, early.closing_vnd) == (0, 100, 0, 100)
    assert (late.opening_vnd, late.came_vnd, late.went_vnd, late.closing_vnd) == (100, 30, 50, 80)


def test_lines_come_in_order_over_pages_none_twice(told):
    _outside, account, (first, _second, third) = told
    window = {"since": first, "until": third + timedelta(days=1)}
    page = queries.movements(account, **window, limit=2)
    rest = queries.movements(account, **window, limit=2, cursor=page.next_cursor)
    assert [line.amount_vnd for line in (*page.items, *rest.items)] == [100, 30, -50]
    assert [line.balance_vnd for line in queries.all_movements(account, **window)] == [100, 130, 80]
    assert rest.next_cursor is None


def enter(client, role=Role.FINANCE):
    sign_in(client, make_user(role=role, areas=["*"]))


def test_the_pages_tell_opening_lines_and_closing(client, told):
    enter(client, Role.AUDITOR)
    listed = client.get("/dieu-hanh/so-cai?loai=received").text
    assert str(told[1].id) in listed
    assert str(told[0].id) not in listed
    page = client.get(f"/dieu-hanh/so-cai/{told[1].id}{DAYS}").text
    assert page.count("80\xa0₫") >= 1
    assert "Số dư cuối kỳ" in page


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_file_holds_every_line_and_no_formula(client, told, form):
    enter(client)
    answer = client.get(f"/dieu-hanh/so-cai/{told[0].id}/tep.{form}{DAYS}")
    if form == "csv":
        rows: list[list[Any]] = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    else:
        rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert len(rows) == 1 + 1 + 3 + 1
    assert [int(row[4]) for row in (rows[1], rows[-1])] == [0, -80]
    assert not any(str(cell).startswith("=") for row in rows for cell in row)


def test_days_that_make_no_sense_are_told_kindly(client, told):
    enter(client)
    for days in ("?tu=mai", "?tu=2026-12-02&den=2026-12-01", "?tu=0001-01-01"):
        assert client.get(f"/dieu-hanh/so-cai/{told[1].id}{days}").status_code == 422
    assert client.get(f"/dieu-hanh/so-cai/{told[1].id}{DAYS}&cursor=x").status_code == 422
    assert client.get(f"/dieu-hanh/so-cai/{uuid7()}").status_code == 404


@pytest.mark.parametrize("path", ["", "/{id}", "/{id}/tep.csv"])
def test_the_books_are_for_those_who_keep_or_audit_them(app, told, path):
    address = "/dieu-hanh/so-cai" + path.format(id=told[1].id)
    assert app.test_client().get(address).status_code in (302, 303)
    for role, status in ((Role.COMMUNE_OFFICER, 403), (Role.HOUSEHOLD, 403), (Role.PROVINCE_OPERATOR, 200)):
        client = app.test_client()
        sign_in(client, make_user(role=role, areas=["*"], household_id=uuid7() if role is Role.HOUSEHOLD else None))
        assert client.get(address).status_code == status


def partitions(database_url):
    with psycopg.connect(libpq_url(database_url)) as connection:
        rows = connection.execute("SELECT relname FROM pg_class WHERE relname ~ '^ledger_transfer_y' ORDER BY 1")
        return [row[0] for row in rows]


def test_the_coming_months_are_made_once(told, clock, database_url):
    services.make_partitions(clock=clock, months=9)
    made = partitions(database_url)
    assert "ledger_transfer_y2027m07" in made
    assert services.make_partitions(clock=clock, months=9) == 0
    assert partitions(database_url) == made


def test_a_transfer_lands_in_the_month_of_its_id(told, database_url):
    with psycopg.connect(libpq_url(database_url)) as connection:
        rows = connection.execute("SELECT DISTINCT tableoid::regclass::text FROM ledger_transfer").fetchall()
    assert len(rows) == 1
    assert rows[0][0].startswith("ledger_transfer_y20")


def test_a_month_that_began_without_its_tables_does_not_stop_the_next(told, clock, database_url):
    late, source, target = uuid7(4_000_000_000_000), told[0], told[1]  # in 2096, where no table waits
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO ledger_transfer (id, kind, from_account_id, to_account_id, amount_vnd, event_at, created_at)"
            " VALUES (%s, 'posted', %s, %s, 1, now(), now())",
            [late, source.id, target.id],
        )
        made = connection.execute("SELECT ledger_make_partitions('2096-10-01', 2)").fetchone()
        names = connection.execute("SELECT relname FROM pg_class WHERE relname ~ '_y2096m' AND relkind = 'r'")
        assert {row[0] for row in names} == {
            "ledger_entry_y2096m10",
            "ledger_transfer_y2096m11",
            "ledger_entry_y2096m11",
        }
        connection.rollback()
    assert made == (3,)


def test_who_books_later_on_an_account_has_the_later_time(app, clock):
    """One by one and in linked sets: on the server's clock, told under the account's lock."""
    outside = make_account(AccountKind.OUTSIDE_BANK, clock=clock)
    account = make_account(AccountKind.RECEIVED, clock=clock)

    def book(many: int) -> list[Posted]:
        return post(*(move(outside, account, 1, at=clock.now()) for _one in range(many)), clock=SYSTEM_CLOCK)

    began = SYSTEM_CLOCK.now()
    works = [partial(book, 1 + number % 2) for number in range(40)]
    assert [error for error in at_once(app, works) if isinstance(error, Exception)] == []
    lines = list(queries.all_movements(account, since=began, until=began + timedelta(days=1)))
    assert [line.balance_vnd for line in lines] == list(range(1, 61))
