"""What the bank writes in its own words is read by people, and never stands open in the database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.identity.roles import Role
from app.payments.payouts import queries, services, told
from app.payments.payouts.states import Event
from app.payments.payouts.words import reason_words
from tests.factories.people import make_user, sign_in
from tests.payments.payouts.bank import csv_sheet
from tests.payments.payouts.test_answers import apply, batch, upload  # noqa: F401  # a fixture
from tests.payments.payouts.test_two_people import daily, sent_daily
from tests.payments.payouts.world import by_hand, fresh, payouts, sold, the_payout

SECRET = "NGUYEN THI BI MAT 0123456789"


def test_the_banks_words_are_sealed_and_shown(client, batch, maker):  # noqa: F811
    one, two, _three = payouts(batch)
    rows = [(1, one.code, "", "Thất bại", SECRET, ""), (2, f"CK {SECRET}", "", "Thành công", "", "")]
    result = upload(batch, csv_sheet([*rows, (3, two.code, "", "Thành công", "", "")]), maker)
    assert [row.reason for row in told.rows_of(queries.get_result(result.id))] == [SECRET, None]
    assert [fault.told for fault in told.faults_of(result)] == [f"CK {SECRET}"]
    apply(result, maker)
    by_hand(payouts(batch)[2], Event.RETURNED, maker, reason=SECRET)
    back = payouts(batch)
    assert (back[0].reason, back[2].reason) == (SECRET, SECRET)
    assert SECRET in reason_words(back[0])
    stored = [
        str(db.session.execute(sa.text(f"SELECT {table}::text FROM {table}")).all())
        for table in ("payout", "payout_result")
    ]
    assert not any("BI MAT" in text or "0123456789" in text for text in stored)
    sign_in(client, make_user(role=Role.FINANCE))
    assert SECRET in client.get(f"/dieu-hanh/chi-tra/ket-qua/{result.id}").text


def test_rows_from_before_are_still_read(batch, maker):  # noqa: F811
    payout = payouts(batch)[0]
    payout.reason_before = "Sai tên"
    assert payout.reason == "Sai tên"
    payout.reason = "Khác"
    kept_open: str | None = getattr(payout, "reason_before")  # noqa: B009  # as it is now, not as it was set
    assert (kept_open, payout.reason) == (None, "Khác")
    db.session.rollback()


def test_the_database_itself_keeps_the_ninety_days(maker, approver, monkeypatch):
    sold()
    by_hand(the_payout(sent_daily(approver)), Event.RETURNED, maker)
    again = daily(1)
    monkeypatch.setattr(queries, "said_returned", lambda *_args, **_more: False)
    with pytest.raises(IntegrityError, match="for 90 days"):
        services.approve(again.id, actor=maker, clock=SYSTEM_CLOCK)
    assert fresh(again).status == "draft"
    assert services.approve(again.id, actor=approver, clock=SYSTEM_CLOCK).status == "approved"
