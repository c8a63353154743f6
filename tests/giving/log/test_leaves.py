"""Promises of leaves: one spelling, a closed set of fields, and nothing personal."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.giving.log.leaves import MAX_AMOUNT_VND, LeafError, Value, commit, decode, encode, opens

BODY: dict[str, Value] = {
    "code": "UHABCDEFGH",
    "household": "AS23456789",
    "amount_vnd": 500_000,
    "at": datetime(2026, 3, 1, 15, 4, 5, 999_999, tzinfo=timezone(timedelta(hours=7))),
    "rail": "vietqr",
    "donor": commit(bytes(32), "Nguyễn Thị Lan"),
    "bank_ref": None,
}
CANONICAL = (
    b'{"amount_vnd":500000,"at":"2026-03-01T08:04:05Z","code":"UHABCDEFGH",'
    b'"donor":"' + commit(bytes(32), "Nguyễn Thị Lan").encode() + b'",'
    b'"household":"AS23456789","kind":"gift_received","rail":"vietqr","v":1}'
)


def test_a_leaf_is_spelled_in_one_way() -> None:
    assert encode("gift_received", BODY) == CANONICAL
    assert encode("gift_received", dict(reversed(BODY.items()))) == CANONICAL


def test_a_leaf_is_read_back() -> None:
    leaf = decode(CANONICAL)
    assert (leaf["kind"], leaf["amount_vnd"], leaf["at"]) == ("gift_received", 500_000, "2026-03-01T08:04:05Z")


@pytest.mark.parametrize(
    "change",
    [
        {"donor": "Nguyễn Thị Lan"},
        {"donor_name": "Nguyễn Thị Lan"},
        {"phone": "0912345678"},
        {"code": "0912345678"},
        {"code": "091-234-5678"},
        {"household": "019201000123"},
        {"household": "Xóm 5, xã Đại Từ"},
        {"code": None},
        {"code": "qgabcdefgh"},
        {"code": "ABC\n"},
        {"amount_vnd": 0},
        {"amount_vnd": -5},
        {"amount_vnd": True},
        {"amount_vnd": "500000"},
        {"amount_vnd": MAX_AMOUNT_VND + 1},
        {"at": datetime(2026, 3, 1)},
        {"at": "2026-03-01T08:04:05+00:00"},
        {"at": "2026-02-30T08:04:05Z"},
        {"rail": "cash"},
        {"bank_ref": "FT26060123456"},
        {"donor": "AB" * 32},
        {"v": 2},
        {"kind": "reversal"},
        {"message": "Chúc bà con khỏe"},
    ],
)
def test_anything_personal_unknown_or_malformed_is_refused(change: dict[str, Value]) -> None:
    with pytest.raises(LeafError):
        encode("gift_received", {**BODY, **change})


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(LeafError):
        encode("rumour", BODY)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        CANONICAL + b"\n",
        CANONICAL.replace(b",", b", "),
        CANONICAL.replace(b'"v":1', b'"v":1.0'),
        CANONICAL.replace(b'"v":1', b'"v":2'),
        CANONICAL.replace(b"500000", b"5e5"),
        CANONICAL.replace(b"500000", b"NaN"),
        CANONICAL.replace(b'"v":1', b'"v":1,"v":1'),
        CANONICAL.replace(b"UHAB", rb"\u0055HAB"),
    ],
)
def test_other_spellings_are_not_leaves(data: bytes) -> None:
    with pytest.raises(LeafError):
        decode(data)


def test_a_commitment_is_sha256_of_salt_and_text() -> None:
    salt = bytes(range(32))
    assert commit(salt, "Lan") == hashlib.sha256(salt + b"Lan").hexdigest()


def test_a_name_typed_in_another_unicode_form_still_opens_its_commitment() -> None:
    composed, apart = (unicodedata.normalize(form, "Nguyễn Thị Lan") for form in ("NFC", "NFD"))
    assert composed != apart
    assert opens(commit(bytes(32), composed), bytes(32), apart)


@given(st.binary(min_size=32, max_size=32), st.text(), st.integers(0, 255))
def test_only_the_right_salt_and_text_open_a_commitment(salt: bytes, text: str, bit: int) -> None:
    commitment = commit(salt, text)
    other_salt = (int.from_bytes(salt, "big") ^ (1 << bit)).to_bytes(32, "big")
    assert opens(commitment, salt, text)
    assert not opens(commitment, other_salt, text)
    assert not opens(commitment, salt, text + "x")


def test_a_salt_of_another_length_is_refused() -> None:
    with pytest.raises(LeafError):
        commit(bytes(16), "Lan")
    assert not opens("00" * 32, bytes(16), "Lan")


def test_times_are_whole_seconds_in_utc() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert decode(encode("reversal", {**BODY, "at": moment, "reverses": "UHABCDEFGJ"}))["at"] == "2026-01-01T00:00:00Z"
