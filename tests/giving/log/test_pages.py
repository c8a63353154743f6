"""Promises of the log over HTTP: a stranger can copy and check all of it, and sees nothing beyond what is signed."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.giving.log import queries, services
from app.giving.log.leaves import decode
from app.giving.log.merkle import EMPTY_ROOT, leaf_hash, root_of_entries
from app.giving.log.note import Checkpoint, VerifierKey, open_checkpoint
from app.giving.log.tiles import Tile, decode_bundle, tiles_of
from tests.fakes.clock import FrozenClock
from tests.giving.log.conftest import LogGifts


def signed_checkpoint(client: FlaskClient) -> Checkpoint:
    key = VerifierKey.parse(client.get("/log/key").get_data(as_text=True).strip())
    return open_checkpoint(client.get("/log/checkpoint").get_data(as_text=True), key)


def test_an_empty_log_says_so_under_its_signature(client: FlaskClient) -> None:
    checkpoint = signed_checkpoint(client)
    assert (checkpoint.size, checkpoint.root) == (0, EMPTY_ROOT)
    assert checkpoint.origin == "chophien.example/so-cong-khai"


def test_a_stranger_can_rebuild_the_tree_from_its_files(
    client: FlaskClient, log_gifts: LogGifts, clock: FrozenClock
) -> None:
    log_gifts(300)
    services.sequence_leaves(clock=clock, limit=64)
    checkpoint = signed_checkpoint(client)
    assert checkpoint.size == 300
    entries: list[bytes] = []
    for bundle in (Tile(None, 0), Tile(None, 1, 44)):
        entries += decode_bundle(client.get(f"/log/tile/{bundle.path}").data)
    assert root_of_entries(entries) == checkpoint.root
    for entry in entries:
        assert decode(entry)["amount_vnd"] == 200_000
    for tile in tiles_of(300):
        answer = client.get(f"/log/tile/{tile.path}")
        assert answer.status_code == 200
        hashes = [answer.data[start : start + 32] for start in range(0, len(answer.data), 32)]
        span = 256 ** (tile.level or 0)
        start = tile.first * span
        expected = [root_of_entries(entries[start + n * span :][:span]) for n in range(tile.width)]
        assert hashes == expected


def test_hash_tiles_hold_the_hashes_of_the_entries(
    client: FlaskClient, log_gifts: LogGifts, clock: FrozenClock
) -> None:
    log_gifts(2)
    services.sequence_leaves(clock=clock)
    entries = decode_bundle(client.get("/log/tile/entries/000.p/2").data)
    assert client.get("/log/tile/0/000.p/2").data == b"".join(map(leaf_hash, entries))
    assert client.get("/log/tile/0/000.p/1").data == leaf_hash(entries[0])


@pytest.mark.parametrize(
    "path",
    ["0/000", "0/000.p/6", "0/001.p/1", "1/000.p/1", "63/000.p/1", "entries/000.p/6", "entries/000",
     "0/x999/x999/x999/x999/x999/x999/999", "0/000.p/05", "0/0", "nonsense", "0/../000"],
)  # fmt: skip
def test_what_is_not_signed_or_not_an_address_is_not_found(
    client: FlaskClient, log_gifts: LogGifts, clock: FrozenClock, path: str
) -> None:
    log_gifts(5)
    services.sequence_leaves(clock=clock)
    log_gifts(300)
    assert client.get(f"/log/tile/{path}", headers={"Accept": "application/json"}).status_code == 404


def test_tiles_may_be_cached_for_ever_and_the_checkpoint_for_seconds(
    client: FlaskClient, log_gifts: LogGifts, clock: FrozenClock
) -> None:
    log_gifts(256)
    services.sequence_leaves(clock=clock)
    for path in ("0/000", "entries/000"):
        answer = client.get(f"/log/tile/{path}")
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.content_type == "application/octet-stream"
    answer = client.get("/log/checkpoint")
    assert answer.headers["Cache-Control"] == "public, max-age=2"
    assert answer.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", ["/log/checkpoint", "/log/key", "/log/tile/0/000"])
def test_the_log_is_read_only_and_sets_no_cookie(client: FlaskClient, path: str) -> None:
    assert client.delete(path).status_code in {400, 405}
    assert "Set-Cookie" not in client.get(path).headers


def test_the_public_book_lists_the_newest_first_and_pages(
    client: FlaskClient, log_gifts: LogGifts, clock: FrozenClock
) -> None:
    log_gifts(31)
    services.sequence_leaves(clock=clock)
    first = client.get("/so-cong-khai")
    text = first.get_data(as_text=True)
    assert first.status_code == 200
    assert "Dòng 30" in text
    assert "Dòng 0<" not in text
    assert "200.000\N{NO-BREAK SPACE}₫" in text
    cursor = text.split("cursor=")[1].split('"')[0]
    assert "Dòng 0<" in client.get(f"/so-cong-khai?cursor={cursor}").get_data(as_text=True)


def test_a_receipt_number_finds_its_line_however_it_is_typed(
    client: FlaskClient, log_gifts: LogGifts, clock: FrozenClock
) -> None:
    log_gifts(2)
    services.sequence_leaves(clock=clock)
    (waiting,) = log_gifts(1)
    newest, _ = queries.list_entries(before=None, limit=5)
    typed = f" {newest.code[:4].lower()}-{newest.code[4:]} "
    text = client.get("/so-cong-khai", query_string={"ma": typed}).get_data(as_text=True)
    assert "Dòng 1" in text
    assert "Dòng 0" not in text
    leaf = queries.get_leaf(waiting)
    assert leaf is not None
    assert "Đang chờ ghi" in client.get(f"/so-cong-khai?ma={leaf.code}").get_data(as_text=True)


@pytest.mark.parametrize("query", ["ma=UH22222222", "ma=%3Cscript%3E", "ma=" + "a" * 5_000, "", "ma=%20"])
def test_the_public_book_is_kind_when_there_is_nothing(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/so-cong-khai?{query}")
    assert answer.status_code == 200
    assert "<script>" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIl0", "W251bGxd", "WzFdWw"])
def test_a_made_up_cursor_is_refused(client: FlaskClient, cursor: str) -> None:
    answer = client.get(f"/so-cong-khai?cursor={cursor}", headers={"Accept": "application/json"})
    assert answer.status_code == 422
