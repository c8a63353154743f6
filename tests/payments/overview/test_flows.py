"""What the finance office sees of money in and out is what the ledger booked, hour by hour and day by day."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core import charts
from app.core.clock import SYSTEM_CLOCK, VIETNAM, in_vietnam
from app.core.database import db
from app.identity.roles import Role
from app.payments.cards.gateway import RefundWord
from app.payments.ledger.models import AccountKind
from app.payments.overview import queries
from app.payments.overview.queries import Flow
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import make_user, sign_in
from tests.fakes.banks import notify, transfer
from tests.payments.desk.world import act, attach, fresh, send_back, strand, undo
from tests.payments.ledger.accounts import make_account, move, post
from tests.payments.payouts.world import At, collect, pay_out
from tests.payments.refunds.world import ask

PAGE = "/dieu-hanh/tien"
MORNING = datetime(2026, 11, 20, 8, 30, tzinfo=VIETNAM)
READERS = (Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR)


class Generous:
    """A gateway that gives everything back at once."""

    def refund(self, *, refund_id: UUID, intent_id: str, amount_vnd: int) -> RefundWord:
        return RefundWord(f"re_{refund_id}", "succeeded", amount_vnd, refund_id, None, intent_id)

    def find_refund(self, *, refund_id: UUID, intent_id: str) -> RefundWord | None:
        return None


def today() -> tuple[datetime, datetime]:
    midnight = in_vietnam(SYSTEM_CLOCK.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight, midnight + timedelta(days=1)


def whole_day() -> Flow:
    db.session.rollback()
    since, until = today()
    return queries.total(queries.flows(since=since, until=until))


def money_outside_vnd() -> int:
    """What the world gave us on balance, as the books hold it."""
    db.session.rollback()
    return -int(
        db.session.scalar(
            sa.text(
                "SELECT coalesce(sum(amount_vnd), 0) FROM ledger_entry JOIN ledger_account AS account"
                " ON account.id = account_id WHERE kind LIKE 'outside%'"
            )
        )
        or 0
    )


def paid_by_card(amount_vnd: int):
    payee_id = make_payee(clock=At(datetime(2024, 1, 1, tzinfo=VIETNAM)))[0].id
    collect(payee_id, amount_vnd)
    from app.payments.requests.models import PaymentRequest

    return db.session.scalars(sa.select(PaymentRequest).where(PaymentRequest.payee_id == payee_id)).one()


def test_each_way_of_money_has_its_column(client: FlaskClient):
    make_purpose()
    payee, number = make_payee()
    asked = make_request(payee_id=payee.id, amount_vnd=50_000)
    notify(client, "sepay", transfer(number, 50_000, asked.code))
    stray = strand(client, number, 30_000)
    act(stray, send_back(10_000))
    sold = paid_by_card(200_000)
    ask(sold, 20_000, through=Generous())
    pay_out(100_000)
    assert whole_day() == Flow(
        in_bank_vnd=80_000,
        in_card_vnd=200_000,
        out_payout_vnd=100_000,
        out_refund_vnd=20_000,
        out_sender_vnd=10_000,
        into_suspense_vnd=30_000,
        out_of_suspense_vnd=10_000,
    )
    assert whole_day().in_vnd - whole_day().out_vnd == money_outside_vnd()


def test_a_correction_lessens_what_it_corrects(client: FlaskClient):
    make_purpose()
    payee, number = make_payee()
    asked = make_request(payee_id=payee.id, amount_vnd=50_000)
    stray = strand(client, number, 30_000)
    [sent_back] = act(stray, send_back(10_000))
    undo(sent_back)
    [given] = act(stray, attach(asked, 30_000))
    undo(given)
    assert fresh(asked).paid_vnd == 0
    day = whole_day()
    assert (day.in_vnd, day.out_vnd, day.into_suspense_vnd - day.out_of_suspense_vnd) == (30_000, 0, 30_000)


def test_what_the_world_settles_with_itself_is_not_counted(app):
    now = SYSTEM_CLOCK.now()
    card, bank, fee = (
        make_account(kind, owner=f"x-{kind}", clock=SYSTEM_CLOCK)
        for kind in (AccountKind.OUTSIDE_CARD, AccountKind.OUTSIDE_BANK, AccountKind.GATEWAY_FEE)
    )
    post(move(bank, card, 970, at=now), move(fee, card, 30, at=now), clock=SYSTEM_CLOCK)
    assert whole_day().is_still


def test_hours_of_a_day_and_days_of_a_range_begin_at_midnight_in_vietnam(app):
    outside = make_account(AccountKind.OUTSIDE_BANK, clock=At(MORNING))
    payee = make_account(AccountKind.RECEIVED, clock=At(MORNING), owner="seller")
    midnight = MORNING.replace(hour=0, minute=0)
    for moment, amount in ((MORNING, 7), (midnight, 1), (midnight - timedelta(seconds=1), 100)):
        post(move(outside, payee, amount, at=moment), clock=At(moment))
    hours = queries.flows(since=midnight, until=midnight + timedelta(days=1))
    assert len(hours) == 24
    assert {bucket.since.hour: bucket.flow.in_bank_vnd for bucket in hours if not bucket.flow.is_still} == {0: 1, 8: 7}
    days = queries.flows(since=midnight - timedelta(days=1), until=midnight + timedelta(days=2))
    assert [bucket.flow.in_bank_vnd for bucket in days] == [100, 8, 0]


@pytest.mark.parametrize("role", READERS)
def test_the_office_sees_chart_table_and_file(client: FlaskClient, role: Role):
    make_purpose()
    paid_by_card(200_000)
    sign_in(client, make_user(role=role))
    page = client.get(PAGE).text
    assert page.count("<polyline") == 2
    assert 'role="img" aria-labelledby="chart-title chart-about"' in page
    assert "200.000" in re.sub(r"<svg.*?</svg>", "", page, flags=re.S)
    sheet = client.get(f"{PAGE}/tep.csv")
    assert sheet.headers["Content-Disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(sheet.data.decode("utf-8-sig"))))
    assert len(rows) == 26
    assert rows[-1][1:] == ["0", "200000", "0", "0", "0", "0", "0"]
    assert sum(int(row[2]) for row in rows[1:-1]) == 200_000


def test_a_day_without_money_says_so(client: FlaskClient):
    sign_in(client, make_user(role=Role.FINANCE))
    page = client.get(f"{PAGE}?tu=2026-01-05&den=2026-01-05").text
    assert "Chưa có đồng nào vào ra" in page
    assert "<svg" in page


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/tep.csv"])
@pytest.mark.parametrize(
    "days", ["tu=x", "tu=2026-02-02&den=2026-02-01", "tu=2026-01-01&den=2026-04-03", "den=1999-01-01"]
)
def test_days_that_make_no_sense_are_named(client: FlaskClient, path: str, days: str):
    sign_in(client, make_user(role=Role.FINANCE))
    assert client.get(f"{path}?{days}").status_code == 422


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/tep.csv"])
def test_others_do_not_see_it(client: FlaskClient, path: str):
    assert client.get(path).status_code in (302, 401)
    sign_in(client, make_user(role=Role.TEAM_MEMBER))
    assert client.get(path).status_code == 403


def test_the_axis_has_round_steps_above_the_highest_point():
    tops = [charts._top(vnd, 1_000) for vnd in (0, 4_000, 4_001, 8_001, 20_001, 1_500_000)]
    assert tops == [4_000, 4_000, 8_000, 20_000, 40_000, 2_000_000]
    assert [charts.short(vnd) for vnd in (0, 500, 5_000, 1_500_000, 20_000_000_000)] == [
        "0", "500", "5 k", "1,5 tr", "20 tỷ",
    ]  # fmt: skip


def test_names_in_a_chart_are_escaped():
    drawn = charts.line_chart(title="<a>", about="&", labels=["<"], marks=[0], lines=[charts.Line("in", "x", [1])])
    assert "<a>" not in drawn
    assert "&lt;a&gt;" in drawn
