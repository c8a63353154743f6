"""A camt.054 is read as a statement is: each đồng counts once, whichever file tells of it."""

from __future__ import annotations

import pytest

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.codes import new_code
from app.identity.roles import Role
from app.payments.payouts import services as payouts
from app.payments.payouts.models import PAYOUT_PREFIX
from app.payments.statements import queries, readers
from app.payments.statements.errors import UnreadableStatement
from tests.factories.people import actor_for, make_user, sign_in
from tests.fakes.banks import notify
from tests.payments.payouts.world import at_the_bank_vnd, money, sent, sold, states, the_payout
from tests.payments.statements.files import camt, entry, notification
from tests.payments.statements.test_imports import (  # noqa: F401  # fixtures
    counts,
    finance,
    number,
    read,
    take,
    take_back,
    told,
    total_vnd,
)

NUMBER = "0011012345678"
BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document>&b;</Document>'


@pytest.mark.parametrize("version", ["camt.054.001.02", "camt.054.001.08", "camt.054.001.12"])
def test_its_booked_entries_are_read_and_it_says_what_it_is(app, version):
    entries = (
        entry("50000.00", "FT1", "DH1 CHO PHIEN"),
        entry("30000", "FT2", "ra", way="DBIT"),
        entry("9000", "FT3", "chua ghi", status="PDNG"),
        entry("1.00", "FT4", "do la", currency="USD"),
    )
    found = readers.read(notification(NUMBER, *entries, version=version))
    assert found.format == "camt054"
    assert [(line.direction, line.amount_vnd, line.account, line.reference) for line in found.lines] == [
        ("in", 50_000, NUMBER, "FT1"),
        ("out", 30_000, NUMBER, "FT2"),
    ]
    assert [(fault.row, fault.problem) for fault in found.faults] == [(4, "not_dong")]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (notification(NUMBER), "no_lines"),
        (notification(NUMBER).replace(b"Ntfctn>", b"Nothing>"), "not_camt"),
        (BOMB, "entities"),
        (notification(NUMBER, entry("1", "A", "b"))[:-20], "broken"),
    ],
)
def test_one_of_no_use_says_why(app, data, problem):
    with pytest.raises(UnreadableStatement) as refused:
        readers.read(data)
    assert refused.value.details["problem"] == problem


def test_the_same_money_in_a_notification_a_statement_and_a_webhook_counts_once(client, finance, number):  # noqa: F811
    moved, reference = told(number, 50_000, "khong ma")
    notify(client, "sepay", moved)
    day = moved["time"].replace(" ", "T")
    of_wire = entry("50000", reference, "khong ma").replace("2026-11-23T09:30:00", day)
    data = notification(number, of_wire, entry("70000", "FT1", "a"))
    first = take(data, finance)
    assert counts(first) == {"known": 1, "applied": 1}
    assert read(data, finance) == first
    assert counts(take(data + b"\n", finance)) == {"known": 2}
    assert counts(take(camt(number, entry("70000.00", "FT1", "b")), finance)) == {"known": 1}
    assert total_vnd() == 120_000


def test_it_can_be_taken_back(finance, number):  # noqa: F811
    import_id = take(notification(number, entry("70000", "FT1", "a")), finance)
    take_back(import_id, finance)
    assert (counts(import_id), total_vnd()) == ({"undone": 1}, 0)


def test_many_payments_in_one_entry_count_where_they_are_listed(finance, number):  # noqa: F811
    def part(amount: int, reference: str) -> str:
        return (
            f"<TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef></Refs>"
            f'<Amt Ccy="VND">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd></TxDtls>'
        )

    def together(details: str) -> str:
        whole = entry("120000", "FT9", "")
        start, end = whole.index("<NtryDtls>"), whole.index("</Ntry>")
        return f"{whole[:start]}<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>{details}</NtryDtls>{whole[end:]}"

    listed = notification(number, together(part(50_000, "A1") + part(70_000, "A2")))
    assert counts(take(listed, finance)) == {"applied": 2}
    summed = read(camt(number, together("")), finance)
    assert [fault["problem"] for fault in queries.get(summed).faults] == ["many_in_one"]
    assert (counts(summed), total_vnd()) == ({}, 120_000)


def test_a_payout_of_ours_that_came_back_is_for_its_batch_and_comes_in_once(app, finance: Actor, number):  # noqa: F811
    payee_id = sold(50_000)
    maker, approver = finance, _another()
    batch = sent(maker, approver)
    payout = the_payout(batch)
    mixed = notification(
        number,
        entry("50000", "FT1", "chi", way="DBIT", end_to_end_id=payout.code),
        entry("50000", "FT2", "tra lai", end_to_end_id=payout.code, returned="AC04"),
        entry("20000", "FT3", "khach tra", end_to_end_id="NOTPROVIDED"),
        entry("10000", "FT4", "ma la", end_to_end_id=new_code(PAYOUT_PREFIX)),
    )
    import_id = take(mixed, finance)
    assert (counts(import_id), total_vnd()) == ({"ignored": 1, "ours": 1, "applied": 2}, 30_000)
    result = payouts.upload(batch.id, data=mixed, file_name="camt.xml", actor=maker, clock=SYSTEM_CLOCK)
    payouts.apply(result.id, actor=maker, clock=SYSTEM_CLOCK)
    assert (states(batch), money(payee_id), at_the_bank_vnd()) == (["returned"], (50_000, 0), 0)
    assert total_vnd() == 30_000


def _another() -> Actor:
    return actor_for(make_user(Role.FINANCE))


def test_the_page_says_where_a_returned_payout_belongs(client, finance, number):  # noqa: F811
    sold(50_000)
    payout = the_payout(sent(finance, _another()))
    import_id = read(notification(number, entry("50000", "FT2", "x", end_to_end_id=payout.code)), finance)
    sign_in(client, make_user(role=Role.FINANCE))
    shown = client.get(f"/dieu-hanh/sao-ke/{import_id}").text
    assert "Có 1 khoản chi bị trả lại" in shown and "khoản chi bị trả lại</td>" in shown.replace(": ", "")
