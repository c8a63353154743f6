"""Promises of the log's own check: it is content with a true log and names whatever was touched behind its back."""

from __future__ import annotations

import psycopg
import pytest
from flask import Flask

from app.config import libpq_url
from app.giving.log import keys, services
from app.giving.log.audit import check_log
from app.giving.log.note import Signer
from tests.fakes.clock import FrozenClock
from tests.giving.log.conftest import LogGifts


@pytest.fixture
def grown_log(log_gifts: LogGifts, clock: FrozenClock) -> None:
    """Thirteen leaves under three checkpoints, and one leaf still waiting."""
    for count in (1, 7, 5):
        log_gifts(count)
        services.sequence_leaves(clock=clock)
    log_gifts(1)


def problems() -> list[str]:
    return check_log(keys.signer().key)


def test_an_empty_log_is_in_order(app: Flask) -> None:
    assert problems() == []


def test_a_true_log_is_in_order_whatever_the_batches(grown_log: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for batch in (1, 3, 2_000):
        monkeypatch.setattr("app.giving.log.audit.BATCH", batch)
        assert problems() == []


@pytest.mark.parametrize(
    ("deed", "word"),
    [
        ("UPDATE log_leaf SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), '200000', '900000'), 'UTF8')"
         " WHERE seq = 5", "node"),
        ("UPDATE log_leaf SET leaf = '{}' WHERE seq = 5", "malformed"),
        ("UPDATE log_leaf SET code = 'UH22222222' WHERE seq = 5", "code"),
        ("UPDATE log_leaf SET leaf_hash = sha256('x') WHERE seq = 5", "hash"),
        ("UPDATE log_leaf SET seq = 99 WHERE seq = 5", "comes next"),
        ("DELETE FROM log_leaf WHERE seq = 12", "only 12"),
        ("DELETE FROM log_node WHERE level = 1 AND index = 2", "node"),
        ("UPDATE log_node SET hash = sha256('x') WHERE level = 0 AND index = 3", "node"),
        ("UPDATE log_checkpoint SET root = sha256('x') WHERE size = 8", "root"),
        ("UPDATE log_checkpoint SET note = replace(note, '8', '9') WHERE size = 8", "does not open"),
        ("DELETE FROM log_checkpoint WHERE size = 13", "covers 8"),
    ],
)  # fmt: skip
def test_what_a_superuser_touches_is_found(grown_log: None, database_url: str, deed: str, word: str) -> None:
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(deed).rowcount == 1
    assert any(word in problem for problem in problems())


def test_a_log_signed_by_another_key_is_not_ours(grown_log: None) -> None:
    assert len(check_log(Signer(keys.signer().key.name, bytes(32)).key)) == 3


def test_the_command_says_ok_or_exits_with_one(app: Flask, grown_log: None, database_url: str) -> None:
    runner = app.test_cli_runner()
    good = runner.invoke(args=["log", "check"])
    assert (good.exit_code, good.output.startswith("ok: 13 leaves")) == (0, True)
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute("DELETE FROM log_node WHERE level = 0 AND index = 0")
    bad = runner.invoke(args=["log", "check"])
    assert bad.exit_code == 1
    assert "broken: node (0, 0)" in bad.output


def test_the_commands_place_leaves_and_print_the_key(app: Flask, grown_log: None) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["log", "sequence"]).output == "1 leaves placed\n"
    assert runner.invoke(args=["log", "key"]).output == f"{keys.signer().key}\n"
