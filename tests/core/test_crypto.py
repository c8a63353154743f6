"""Sealed fields open only unaltered, in their own field, under their own key, and never after erasure."""

from __future__ import annotations

import gc

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from app.core import crypto
from app.core.database import db, transaction
from app.core.ids import uuid7

pytestmark = pytest.mark.usefixtures("app")
FIELD = "household.phone"
NUMBER = "+84912345678"


@pytest.fixture
def key(clock):
    with transaction():
        return crypto.new_data_key(clock=clock)


def test_what_is_sealed_opens_again_and_never_looks_the_same_twice(key):
    first, second = crypto.seal(key, FIELD, NUMBER), crypto.seal(key, FIELD, NUMBER)
    assert first != second
    assert NUMBER.encode() not in first
    assert crypto.unseal(key, FIELD, first) == crypto.unseal_by_id(key.id, FIELD, second) == NUMBER


def test_any_flipped_bit_is_noticed(key):
    blob = crypto.seal(key, FIELD, NUMBER)
    for place in range(len(blob)):
        altered = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        with pytest.raises(ValueError, match="altered"):
            crypto.unseal(key, FIELD, altered)


@pytest.mark.parametrize("length", [0, 1, 11, 12, 27])
def test_a_cut_off_blob_is_refused(key, length):
    with pytest.raises((ValueError, InvalidTag)):
        crypto.unseal(key, FIELD, crypto.seal(key, FIELD, NUMBER)[:length])


def test_a_blob_moved_to_another_field_is_refused(key):
    with pytest.raises(ValueError, match="another field"):
        crypto.unseal(key, "household.name", crypto.seal(key, FIELD, NUMBER))


def test_a_blob_of_another_household_is_refused(key, clock):
    with transaction():
        other = crypto.new_data_key(clock=clock)
    with pytest.raises(ValueError, match="another key"):
        crypto.unseal(other, FIELD, crypto.seal(key, FIELD, NUMBER))


def test_a_destroyed_key_takes_all_it_sealed_with_it(key, clock):
    blob = crypto.seal(key, FIELD, NUMBER)
    with transaction():
        crypto.destroy_data_key(key.id, clock=clock)
    db.session.expire_all()
    with pytest.raises(crypto.KeyDestroyed):
        crypto.unseal_by_id(key.id, FIELD, blob)
    destroyed = db.session.get_one(crypto.DataKey, key.id)
    assert (destroyed.wrapped, destroyed.destroyed_at) == (None, clock.now())


def test_a_key_put_under_another_id_is_refused(key, clock):
    stolen = crypto.DataKey(id=uuid7(), wrapped=key.wrapped, created_at=clock.now())
    with pytest.raises(ValueError, match="another key"):
        crypto.seal(stolen, FIELD, NUMBER)


def test_many_keys_come_in_one_read(clock):
    with transaction():
        keys = [crypto.new_data_key(clock=clock) for _number in range(3)]
    crypto.load_keys({key.id for key in keys})
    crypto.load_keys(set())
    assert {db.session.get_one(crypto.DataKey, key.id).wrapped for key in keys} == {key.wrapped for key in keys}


@given(text=st.text(max_size=200))
def test_records_kept_by_law_open_again(text: str) -> None:
    blob = crypto.seal_record("bank_notice.raw", text)
    assert crypto.unseal_record("bank_notice.raw", blob) == text
    with pytest.raises(ValueError, match="another field"):
        crypto.unseal_record("bank_notice.memo", blob)


@given(left=st.text(max_size=30), right=st.text(max_size=30))
def test_a_blind_index_finds_equal_values_of_one_field_only(left: str, right: str) -> None:
    assert (crypto.blind_index(FIELD, left) == crypto.blind_index(FIELD, right)) == (left == right)
    assert crypto.blind_index(FIELD, left) != crypto.blind_index("household.citizen", left)
    assert len(crypto.blind_index(FIELD, left)) == 32


def test_short_keys_are_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        crypto.configure(master_key=b"short", index_key=bytes(32))


def test_the_keys_of_a_list_are_read_in_one_query(clock):
    with transaction():
        made = [crypto.new_data_key(clock=clock) for _one in range(5)]
        sealed = [(key.id, crypto.seal(key, FIELD, NUMBER)) for key in made]
    del made
    db.session.remove()
    asked: list[str] = []

    def note(*call):
        asked.append(call[2])

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        crypto.load_keys({key_id for key_id, _blob in sealed})
        gc.collect()
        assert [crypto.unseal_by_id(key_id, FIELD, blob) for key_id, blob in sealed] == [NUMBER] * 5
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len(asked) == 1
