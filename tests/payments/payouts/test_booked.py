"""What the bank booked on our account (camt.054) tells what became of payouts, and only of ours."""

from __future__ import annotations

from datetime import date

import pytest
from flask_babel import force_locale

from app.core.clock import SYSTEM_CLOCK
from app.core.codes import new_code
from app.payments.payouts import queries, services
from app.payments.payouts.errors import ReturnedByApprover, UnreadableResult
from app.payments.payouts.models import PAYOUT_PREFIX
from app.payments.payouts.words import reason_words
from tests.payments.payouts.bank import NOTIFICATION, booked, entry
from tests.payments.payouts.test_answers import BOMB, acts, apply, batch, upload  # noqa: F401  # a fixture
from tests.payments.payouts.world import at_the_bank_vnd, fresh, money, payouts, sent, sold, states

pytestmark = pytest.mark.usefixtures("app")


def problems(result):
    return [fault["problem"] for fault in result.faults]


def test_booked_debits_confirm_and_returned_credits_give_back_with_the_reason(batch, maker):  # noqa: F811
    one, two, three = payouts(batch)
    data = booked(
        entry(one.code, one.amount_vnd, "FT1"),
        entry(two.code, two.amount_vnd, "FT2"),
        entry(two.code, two.amount_vnd, "FT3", way="CRDT", reason="AC04", words="Tai khoan da dong"),
        entry(three.code, three.amount_vnd, "", status="PDNG"),
        entry("NOTPROVIDED", 12_345, "FT4", way="CRDT"),
        entry("", 99_000, "FT5"),
    )
    result = upload(batch, data, maker)
    assert (acts(result), problems(result)) == (["confirm", "return", "wait"], [])
    apply(result, maker)
    assert states(batch) == ["confirmed", "returned", "sent"]
    assert (at_the_bank_vnd(), money(two.payee_id)) == (50_000, (50_000, 0))
    told = payouts(batch)
    assert [payout.bank_reference for payout in told] == ["FT1", "FT3", None]
    assert told[1].reason_code == "AC04"
    with force_locale("vi"):
        assert "Tài khoản đã đóng" in reason_words(told[1])


def test_the_same_file_twice_changes_nothing_and_a_return_later_takes_back(batch, maker):  # noqa: F811
    found = payouts(batch)
    data = booked(*(entry(payout.code, payout.amount_vnd, f"FT{at}") for at, payout in enumerate(found)))
    for _twice in range(2):
        apply(upload(batch, data, maker), maker)
    apply(again := upload(batch, data + b"\n", maker), maker)
    assert (acts(again), states(batch), fresh(batch).status) == (["known"] * 3, ["confirmed"] * 3, "settled")
    back = booked(entry(found[0].code, 50_000, "FT9", way="CRDT", reason="BE01"))
    later = upload(batch, back, maker)
    assert acts(later) == ["take_back"]
    apply(later, maker)
    assert (states(batch)[0], money(found[0].payee_id), at_the_bank_vnd()) == ("returned", (50_000, 0), 100_000)
    old = upload(batch, data + b"\n\n", maker)
    assert acts(old) == ["contradicts", "known", "known"]


def test_an_entry_told_of_again_in_one_file_is_one_and_a_second_debit_is_for_a_person(batch, maker):  # noqa: F811
    one, two, three = payouts(batch)
    data = booked(
        entry(one.code, one.amount_vnd, "FT1"),
        entry(one.code, one.amount_vnd, "FT1"),
        entry(two.code, two.amount_vnd, "FT2"),
        entry(two.code, two.amount_vnd, "FT3"),
        entry(three.code, three.amount_vnd - 1, "FT4"),
    )
    result = upload(batch, data, maker)
    assert (acts(result), sorted(problems(result))) == (["confirm"], ["other_amount", "told_twice"])
    apply(result, maker)
    assert states(batch) == ["confirmed", "sent", "sent"]


def test_what_is_not_plain_is_left_to_a_person(batch, maker):  # noqa: F811
    one, two, three = payouts(batch)
    data = booked(
        entry(one.code, one.amount_vnd, "FT1").replace("</CdtDbtInd>", "</CdtDbtInd><RvslInd>true</RvslInd>", 1),
        entry(two.code, two.amount_vnd, "FT2", currency="USD"),
        entry(three.code, three.amount_vnd, "FT3").replace(
            "</EndToEndId>", f"</EndToEndId><InstrId>{one.code}</InstrId>"
        ),
        entry(new_code(PAYOUT_PREFIX), 50_000, "FT4"),
    )
    with pytest.raises(UnreadableResult):
        upload(batch, booked(entry(new_code(PAYOUT_PREFIX), 50_000, "FT4")), maker)
    result = upload(batch, data, maker)
    assert acts(result) == []
    assert sorted(problems(result)) == ["no_code", "not_an_amount", "unknown_code", "unknown_status"]


def test_who_approved_does_not_say_that_it_came_back(batch, maker, approver):  # noqa: F811
    first = payouts(batch)[0]
    data = booked(entry(first.code, first.amount_vnd, "FT1", way="CRDT", reason="AC01"))
    with pytest.raises(ReturnedByApprover):
        apply(upload(batch, data, approver), approver)
    assert states(batch) == ["sent"] * 3


def test_many_payouts_in_one_entry_each_have_their_own_amount(batch, maker):  # noqa: F811
    found = payouts(batch)
    details = "".join(
        f"<TxDtls><Refs><EndToEndId>{payout.code}</EndToEndId></Refs>"
        + (f'<Amt Ccy="VND">{payout.amount_vnd}</Amt>' if payout is not found[2] else "")
        + "<CdtDbtInd>DBIT</CdtDbtInd></TxDtls>"
        for payout in found
    )
    whole = entry("", 150_000, "FT1")
    start, end = whole.index("<NtryDtls>"), whole.index("</NtryDtls>")
    result = upload(batch, booked(f"{whole[:start]}<NtryDtls>{details}{whole[end:]}"), maker)
    assert (acts(result), problems(result)) == (["confirm", "confirm"], ["not_an_amount"])


def test_the_file_of_two_batches_serves_each(batch, maker, approver):  # noqa: F811
    sold(60_000)
    other = sent(maker, approver, period=date(2027, 3, 3))
    (theirs,) = payouts(other)
    ours = payouts(batch)
    data = booked(*(entry(payout.code, payout.amount_vnd, f"FT{at}") for at, payout in enumerate([theirs, *ours])))
    for each in (batch, other):
        apply(upload(each, data, maker), maker)
    assert (states(batch), states(other), at_the_bank_vnd()) == (["confirmed"] * 3, ["confirmed"], 210_000)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (booked(), "no_rows"),
        (booked(entry("NOTPROVIDED", 5, "FT1")), "no_rows"),
        (BOMB, "entities"),
        (booked(entry("X", 5, "FT1"))[:-9], "broken"),
        (booked().replace(b"camt.054.001.08", b"camt.060.001.05"), "not_pain002"),
    ],
)
def test_one_of_no_use_says_so_and_changes_nothing(batch, maker, data, reason):  # noqa: F811
    with pytest.raises(UnreadableResult) as refused:
        upload(batch, data, maker)
    assert refused.value.details["reason"] == reason
    assert (states(batch), queries.results_of(batch.id)) == (["sent"] * 3, [])


@pytest.mark.parametrize("version", ["02", "04", "08", "12"])
def test_every_version_in_use_is_read(batch, maker, version):  # noqa: F811
    first = payouts(batch)[0]
    data = booked(entry(first.code, first.amount_vnd, "FT1"))
    data = data.replace(NOTIFICATION.encode(), NOTIFICATION[:-2].encode() + version.encode())
    if version == "02":
        data = data.replace(b"<Sts><Cd>BOOK</Cd></Sts>", b"<Sts>BOOK</Sts>")
    result = services.upload(batch.id, data=data, file_name="b.xml", actor=maker, clock=SYSTEM_CLOCK)
    assert acts(result) == ["confirm"]
