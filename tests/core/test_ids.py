"""Row ids sort by the time they were made."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import uuid7

MOMENTS = st.integers(0, 2**48 - 1)


@given(first=MOMENTS, second=MOMENTS)
def test_ids_sort_as_their_milliseconds_do(first: int, second: int) -> None:
    if first != second:
        assert (uuid7(first) < uuid7(second)) == (first < second)
        assert (str(uuid7(first)) < str(uuid7(second))) == (first < second)


@given(moment=MOMENTS)
def test_an_id_is_a_version_7_uuid_with_its_time(moment: int) -> None:
    made = uuid7(moment)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == moment


def test_ids_of_one_millisecond_differ() -> None:
    assert len({uuid7(1) for _number in range(1000)}) == 1000
