"""Which requests are thought of, why, and at what cost."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.core.database import db
from app.payments.desk.suggestions import CANDIDATES, MAX_EDITS, Why, edits_from, squeeze, suggest
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.payments.desk.world import act, attach, send_back, strand

CODES = st.text("23CPX", min_size=10, max_size=10)
MEMOS = st.text("23CPX", max_size=16)


def distance(one: str, other: str) -> int:
    """Edits between two whole texts, by the book."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row, before = [i], row
        for j, b in enumerate(other, start=1):
            row.append(min(before[j - 1] + (a != b), before[j] + 1, row[-1] + 1))
    return row[-1]


@given(code=CODES, memo=MEMOS)
def test_edits_are_the_fewest_to_any_part_of_the_memo(code: str, memo: str) -> None:
    parts = {memo[start:end] for start in range(len(memo) + 1) for end in range(start, len(memo) + 1)}
    fewest = min(distance(code, part) for part in parts)
    assert edits_from(code, memo) == (fewest if fewest <= MAX_EDITS else None)


def test_a_memo_loses_what_banks_play_with() -> None:
    assert squeeze("cp23-45.67 89 Đặng") == "CP23456789DANG"


@pytest.fixture
def payee(app):
    make_purpose()
    return make_payee()


def test_the_near_code_stands_before_the_same_amount(client, payee):
    near, same, other = (make_request(payee_id=payee[0].id, amount_vnd=vnd) for vnd in (70_000, 50_000, 60_000))
    wrong = near.code[:5] + ("2" if near.code[5] != "2" else "3") + near.code[6:]
    notice = strand(client, payee[1], 50_000, f"chuyen tien {wrong.lower()} mua gao")
    found = suggest(notice)
    assert [(one.request.code, one.why, one.fits_vnd) for one in found] == [
        (near.code, (Why.NEAR_CODE,), 50_000),
        (same.code, (Why.SAME_AMOUNT,), 50_000),
    ]
    assert found[0].edits == 1
    assert other.code not in {one.request.code for one in found}


def test_a_lost_and_a_doubled_character_are_near(client, payee):
    request = make_request(payee_id=payee[0].id, amount_vnd=70_000)
    for memo in (request.code[:4] + request.code[5:], request.code[:4] + request.code[3] + request.code[4:]):
        notice = strand(client, payee[1], 1_000, f"{memo} mua gao")
        assert [one.request.id for one in suggest(notice)] == [request.id]


def test_a_code_that_was_paid_is_shown_and_takes_nothing(client, payee):
    request = make_request(payee_id=payee[0].id)
    act(strand(client, payee[1], 50_000), attach(request, 50_000))
    notice = strand(client, payee[1], 50_000, request.code)
    [one] = suggest(notice)
    assert (one.why, one.fits_vnd) == ((Why.NAMED,), 0)


def test_other_peoples_requests_and_cards_are_not_thought_of(client, payee):
    other, _number = make_payee()
    make_request(payee_id=other.id)
    make_request(payee_id=payee[0].id, method="card")
    assert suggest(strand(client, payee[1], 50_000)) == []


def test_nothing_is_suggested_for_nothing(client, payee):
    make_request(payee_id=payee[0].id)
    notice = strand(client, payee[1], 50_000)
    act(notice, send_back(50_000))
    assert suggest(notice) == []


def test_three_queries_however_many_requests(client, payee):
    for _number in range(30):
        make_request(payee_id=payee[0].id)
    notice = strand(client, payee[1], 50_000)
    asked: list[str] = []
    listen = lambda _c, _cursor, statement, *_rest: asked.append(statement)  # noqa: E731
    sa.event.listen(db.engine, "before_cursor_execute", listen)
    try:
        found = suggest(notice)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", listen)
    assert len(found) == 8
    assert (
        len([statement for statement in asked if statement.lstrip().startswith("SELECT") and "FROM" in statement]) <= 3
    )
    assert "LIMIT" in asked[-1]
    assert CANDIDATES < 1_000
