"""The bank's answers: read, shown, applied once; bad files change nothing."""

from __future__ import annotations

import threading
import time
from datetime import date

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.payments.ledger import operations as ledger
from app.payments.payouts import queries, services
from app.payments.payouts.errors import UnreadableResult
from app.payments.payouts.states import Event
from app.payments.payouts.words import reason_words
from tests.payments.ledger.parallel import at_once
from tests.payments.payouts.bank import csv_sheet, report, xlsx_sheet
from tests.payments.payouts.world import (
    at_the_bank_vnd,
    build,
    by_hand,
    collect,
    fresh,
    money,
    payouts,
    sent,
    sold,
    states,
)


@pytest.fixture
def batch(maker, approver):
    """Three payouts at the bank."""
    for _each in range(3):
        sold(50_000)
    return sent(maker, approver)


def upload(batch, data, actor, name="ket-qua.xml"):
    return services.upload(batch.id, data=data, file_name=name, actor=actor, clock=SYSTEM_CLOCK)


def acts(result):
    db.session.rollback()
    return [planned.act.value for planned in services.preview(result.id)[1]]


def apply(result, actor):
    return services.apply(result.id, actor=actor, clock=SYSTEM_CLOCK)


def test_a_report_confirms_refuses_and_leaves_open(batch, maker):
    one, two, three = payouts(batch)
    result = upload(batch, report(batch, [(one, "ACSC", ""), (two, "RJCT", "AC04"), (three, "ACSP", "")]), maker)
    assert acts(result) == ["confirm", "return", "wait"]
    assert states(batch) == ["sent"] * 3
    apply(result, maker)
    assert (states(batch), fresh(batch).status) == (["confirmed", "returned", "sent"], "sent")
    assert (at_the_bank_vnd(), money(two.payee_id), money(three.payee_id)) == (50_000, (50_000, 0), (50_000, 50_000))
    with force_locale("vi"):
        assert "Tài khoản đã đóng" in reason_words(payouts(batch)[1])
    last = upload(batch, report(batch, [(three, "ACCC", "")]), maker)
    apply(last, maker)
    assert (states(batch), fresh(batch).status) == (["confirmed", "returned", "confirmed"], "settled")


def test_applying_twice_and_uploading_twice_change_nothing(batch, maker):
    data = report(batch, [(payout, "ACSC", "") for payout in payouts(batch)])
    result = upload(batch, data, maker)
    for _twice in range(2):
        apply(result, maker)
    assert upload(batch, data, maker).id == result.id
    again = upload(batch, data + b"\n", maker)
    assert acts(again) == ["known"] * 3
    apply(again, maker)
    assert (states(batch), at_the_bank_vnd()) == (["confirmed"] * 3, 150_000)
    done = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "payout_result_applied")).all()
    assert len(done) == 2


def test_the_same_result_at_once_is_applied_once(app, batch, maker):
    result = upload(batch, report(batch, [], group="ACSC"), maker)
    for _round in range(3):
        answers = at_once(app, [lambda: apply(result, maker) for _each in range(12)])
        assert [error for error in answers if isinstance(error, Exception)] == []
    assert (states(batch), at_the_bank_vnd()) == (["confirmed"] * 3, 150_000)


def test_a_word_on_the_whole_group_covers_all_the_rows_do_not_name(batch, maker):
    first = payouts(batch)[0]
    result = upload(batch, report(batch, [(first, "ACSC", "")], group="RJCT"), maker)
    assert sorted(acts(result)) == ["confirm", "return", "return"]


def with_ids(data, payout, *, end_to_end, instruction):
    told = f"<OrgnlInstrId>{instruction}</OrgnlInstrId><OrgnlEndToEndId>{end_to_end}</OrgnlEndToEndId>"
    return data.replace(f"<OrgnlEndToEndId>{payout.code}</OrgnlEndToEndId>".encode(), told.encode())


def test_of_the_two_ids_the_one_that_is_a_payouts_counts(batch, maker):
    first = payouts(batch)[0]
    data = report(batch, [(first, "RJCT", "AC04")], group="ACSC")
    result = upload(batch, with_ids(data, first, end_to_end="NOTPROVIDED", instruction=first.code), maker)
    assert (acts(result), result.faults) == (["return", "confirm", "confirm"], [])


@pytest.mark.parametrize("which", ["unreadable", "both", "amount", "twice"])
def test_beside_any_bad_row_a_word_on_the_whole_group_covers_nothing(batch, maker, which):
    one, two, three = payouts(batch)
    data = report(batch, [(one, "RJCT", "AC04"), (two, "ACSC", "")], group="ACSC")
    if which == "unreadable":
        data = with_ids(data, one, end_to_end="NOTPROVIDED", instruction="")
    elif which == "both":
        data = with_ids(data, one, end_to_end=one.code, instruction=three.code)
    elif which == "amount":
        data = data.replace(b"50000", b"49999", 1)
    else:
        data = report(batch, [(one, "RJCT", ""), (one, "ACSC", ""), (two, "ACSC", "")], group="ACSC")
    result = upload(batch, data, maker)
    assert (acts(result), len(result.faults)) == (["confirm"], 1)
    apply(result, maker)
    assert states(batch) == ["sent", "confirmed", "sent"]


def test_a_late_return_takes_the_confirmed_money_back(batch, maker):
    first = payouts(batch)[0]
    by_hand(first, Event.CONFIRMED, maker)
    result = upload(batch, report(batch, [(first, "RJCT", "AC01")]), maker)
    assert acts(result) == ["take_back"]
    apply(result, maker)
    assert (states(batch)[0], money(first.payee_id), at_the_bank_vnd()) == ("returned", (50_000, 0), 0)


def test_all_a_file_does_is_one_post(batch, maker, monkeypatch):
    found = payouts(batch)
    for payout in found[:2]:
        by_hand(payout, Event.CONFIRMED, maker)
    result = upload(batch, report(batch, [(payout, "RJCT", "AC01") for payout in found]), maker)
    assert acts(result) == ["take_back", "take_back", "return"]
    posted, post_each = [], ledger.post_each

    def counted(sets, *, clock):
        posted.append([len(linked) for linked in sets])
        return post_each(sets, clock=clock)

    monkeypatch.setattr(ledger, "post_each", counted)
    apply(result, maker)
    assert posted == [[3]]
    assert ([money(payout.payee_id) for payout in found], at_the_bank_vnd()) == ([(50_000, 0)] * 3, 0)


def test_taking_back_and_building_at_once_never_wait_for_each_other(app, batch, maker, monkeypatch):
    found = payouts(batch)
    accounts = queries.payable_accounts([payout.payee_id for payout in found])
    highest_first = sorted(found, key=lambda payout: accounts[payout.payee_id], reverse=True)
    for payout in found:
        by_hand(payout, Event.CONFIRMED, maker)
        collect(payout.payee_id, 70_000)
    result = upload(batch, report(batch, [(payout, "RJCT", "AC01") for payout in highest_first]), maker)
    db.session.rollback()
    post, under_way = ledger.post, threading.Event()

    def slow(transfers, *, clock):
        answer = post(transfers, clock=clock)
        if any(transfer.reverses_id for transfer in transfers):
            under_way.set()
            time.sleep(0.5)
        return answer

    monkeypatch.setattr(ledger, "post", slow)

    def build_meanwhile():
        under_way.wait(10)
        return build(maker, period=date(2027, 5, 5))

    done = at_once(app, [lambda: apply(result, maker), build_meanwhile])
    assert [error for error in done if isinstance(error, Exception)] == []
    assert states(batch) == ["returned"] * 3


def test_an_arrival_after_a_return_is_left_to_a_person(batch, maker):
    first = payouts(batch)[0]
    by_hand(first, Event.RETURNED, maker)
    result = upload(batch, report(batch, [(first, "ACSC", "")]), maker)
    assert acts(result) == ["contradicts"]
    apply(result, maker)
    assert states(batch)[0] == "returned"


@pytest.mark.parametrize("sheet", [csv_sheet, xlsx_sheet])
def test_a_result_sheet_is_read_by_its_headings_with_a_fault_for_each_bad_row(batch, maker, sheet):
    one, two, three = payouts(batch)
    rows = [
        (1, one.code, "50.000", "Thành công", "", "FT001"),
        (2, f"CHO PHIEN {two.code} CHI TRA", 50000, "Thất bại", "Sai tên", ""),
        (3, three.code, 49999, "Thành công", "", ""),
        (4, "PT23456789", 50000, "Thành công", "", ""),
        (5, three.code, 50000, "Bay mất", "", ""),
        (6, one.code, "1,5", "Thành công", "", ""),
    ]
    result = upload(batch, sheet(rows), maker, "ket-qua.xlsx")
    assert acts(result) == ["confirm", "return"]
    assert sorted(fault["problem"] for fault in result.faults) == [
        "no_code", "not_an_amount", "other_amount", "unknown_status",
    ]  # fmt: skip
    apply(result, maker)
    told = payouts(batch)
    assert [payout.status for payout in told] == ["confirmed", "returned", "sent"]
    assert (told[0].bank_reference, told[1].reason) == ("FT001", "Sai tên")


def test_two_rows_that_disagree_are_both_left_out(batch, maker):
    one = payouts(batch)[0]
    rows = [(1, one.code, "", "Thành công", "", ""), (2, one.code, "", "Thất bại", "", "")]
    result = upload(batch, csv_sheet(rows), maker)
    assert ([fault["problem"] for fault in result.faults], acts(result)) == (["told_twice"], [])


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document>&b;</Document>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"   ", "empty"),
        (b"x" * (5 * 1024 * 1024 + 1), "too_large"),
        (BOMB, "entities"),
        (b"<Document", "broken"),
        (b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'/>", "not_pain002"),
        (b"PK\x03\x04 no zip", "broken"),
        (b"\xd0\xcf\x11\xe0 old", "old_excel"),
        (b"a;b;c\n1;2;3", "no_header"),
        (csv_sheet([]), "no_rows"),
        (csv_sheet([(1, "PTXXXXXXXX", 1, "ok", "", "")] * 10_100), "too_many_rows"),
    ],
)
def test_a_file_of_no_use_says_so_and_changes_nothing(batch, maker, data, reason):
    with pytest.raises(UnreadableResult) as refused:
        upload(batch, data, maker)
    assert refused.value.details["reason"] == reason
    assert (states(batch), queries.results_of(batch.id)) == (["sent"] * 3, [])


def test_the_report_of_another_batch_is_refused(batch, maker):
    with pytest.raises(UnreadableResult) as refused:
        upload(batch, report(batch, [], group="ACSC", message="CTKHAC2345"), maker)
    assert refused.value.details["reason"] == "other_batch"


@pytest.mark.parametrize("code", ["AC01", "AC04", "AC06", "BE01", "XX99", "by_hand", "balance_changed"])
def test_every_reason_is_a_sentence_for_the_seller(batch, code):
    payout = payouts(batch)[0]
    db.session.expunge(payout)
    payout.reason_code, payout.reason = code, None
    assert len(reason_words(payout)) > 20
    assert code not in reason_words(payout)
