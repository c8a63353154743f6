"""Promises of the log in the database: each event once, each leaf one place, and nothing is ever rewritten."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.database import TransactionMisuse, db, transaction
from app.giving.log import keys, operations, queries, services, tasks
from app.giving.log.errors import AlreadyLogged
from app.giving.log.leaves import LeafError
from app.giving.log.merkle import leaf_hash, verify_consistency, verify_inclusion
from app.giving.log.models import LogCheckpoint, LogLeaf
from app.giving.log.note import open_checkpoint
from tests.fakes.clock import FrozenClock
from tests.giving.log.conftest import LogGifts, append_gift, gift_body

Sequence = Callable[[], int]


def indexes() -> list[int | None]:
    return list(db.session.scalars(sa.select(LogLeaf.seq).order_by(LogLeaf.seq)))


def waiting_jobs() -> int:
    jobs = sa.text("SELECT 1 FROM procrastinate_jobs WHERE task_name = :name AND status = 'todo'")
    return len(db.session.execute(jobs, {"name": tasks.sequence.name}).all())


def assert_proven(leaf_id: object, proof: queries.Proof | None) -> None:
    assert proof is not None, f"{leaf_id} has no proof"
    checkpoint = open_checkpoint(proof.checkpoint, keys.signer().key)
    assert checkpoint.size == proof.tree_size
    path = [bytes.fromhex(digest) for digest in proof.proof]
    verify_inclusion(leaf_hash(proof.leaf), proof.index, proof.tree_size, path, checkpoint.root)


def test_a_leaf_falls_with_the_transaction_of_its_event(app: Flask) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        append_gift()
        raise ZeroDivisionError
    assert queries.pending_count() == 0
    assert waiting_jobs() == 0


def test_a_leaf_cannot_be_written_outside_a_transaction(app: Flask) -> None:
    with pytest.raises(TransactionMisuse):
        append_gift()


def test_the_same_event_is_logged_once(app: Flask) -> None:
    subject, body = uuid4(), gift_body()
    leaves = []
    for _ in range(2):
        with transaction():
            leaves.append(operations.append_leaf(kind="gift_received", subject_id=subject, body=body).id)
    assert leaves[0] == leaves[1]
    assert queries.pending_count() == 1
    with pytest.raises(AlreadyLogged), transaction():
        operations.append_leaf(kind="gift_received", subject_id=subject, body={**body, "amount_vnd": 1})
    with transaction():
        operations.append_leaf(kind="reversal", subject_id=subject, body={**body, "reverses": body["code"]})
    assert queries.pending_count() == 2


def test_nothing_personal_gets_as_far_as_the_table(app: Flask) -> None:
    with pytest.raises(LeafError), transaction():
        operations.append_leaf(kind="gift_received", subject_id=uuid4(), body=gift_body(donor="Nguyễn Thị Lan"))
    assert queries.pending_count() == 0


def test_many_leaves_wake_the_sequencer_once(log_gifts: LogGifts) -> None:
    log_gifts(5)
    log_gifts(5)
    assert waiting_jobs() == 1


def test_the_woken_job_and_the_sweep_both_place_leaves(log_gifts: LogGifts) -> None:
    log_gifts(2)
    tasks.sequence()
    log_gifts(1)
    tasks.sweep(timestamp=0)
    assert indexes() == [0, 1, 2]


def test_a_waiting_leaf_has_no_proof_yet(log_gifts: LogGifts) -> None:
    (leaf,) = log_gifts(1)
    assert queries.receipt_proof(leaf) is None
    assert queries.receipt_proof(uuid4()) is None


def test_every_leaf_gets_the_next_index_and_a_proof_that_holds(log_gifts: LogGifts, sequence: Sequence) -> None:
    leaves = log_gifts(3)
    assert sequence() == 3
    leaves += log_gifts(10)
    assert sequence() == 10
    assert indexes() == list(range(13))
    for leaf in leaves:
        assert_proven(leaf, queries.receipt_proof(leaf))


def test_a_leaf_is_found_by_its_event(log_gifts: LogGifts) -> None:
    (leaf_id,) = log_gifts(1)
    leaf = queries.get_leaf(leaf_id)
    assert leaf is not None
    assert queries.find_leaf(kind="gift_received", subject_id=leaf.subject_id) is leaf
    assert queries.find_leaf(kind="reversal", subject_id=leaf.subject_id) is None


def test_with_nothing_to_do_nothing_is_signed(log_gifts: LogGifts, sequence: Sequence) -> None:
    log_gifts(2)
    assert [sequence(), sequence()] == [2, 0]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(LogCheckpoint)) == 1


def test_more_leaves_than_fit_one_transaction_are_all_placed(log_gifts: LogGifts, clock: FrozenClock) -> None:
    leaves = log_gifts(11)
    assert services.sequence_leaves(clock=clock, limit=4) == 11
    assert indexes() == list(range(11))
    for leaf in leaves:
        assert_proven(leaf, queries.receipt_proof(leaf))


def test_every_checkpoint_only_adds_to_the_ones_before(log_gifts: LogGifts, sequence: Sequence) -> None:
    for count in (1, 2, 4, 1, 9, 16):
        log_gifts(count)
        sequence()
    signed = db.session.scalars(sa.select(LogCheckpoint).order_by(LogCheckpoint.size)).all()
    assert [checkpoint.size for checkpoint in signed] == [1, 3, 7, 8, 17, 33]
    for old in signed:
        for new in signed[signed.index(old) :]:
            proof = queries.consistency_proof(old.size, new.size)
            verify_consistency(old.size, new.size, old.root, new.root, proof)
    with pytest.raises(ValueError, match="not that large"):
        queries.consistency_proof(1, 34)


def test_sequencers_at_work_together_never_give_one_place_twice(app: Flask, clock: FrozenClock) -> None:
    def work(_: int) -> int:
        with app.app_context():
            for _ in range(5):
                with transaction():
                    append_gift()
            return services.sequence_leaves(clock=clock, limit=3)

    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(work, range(4)))
    services.sequence_leaves(clock=clock)
    assert done <= 20
    assert indexes() == list(range(20))
    for leaf in db.session.scalars(sa.select(LogLeaf.id)):
        assert_proven(leaf, queries.receipt_proof(leaf))


def test_a_run_cut_short_leaves_the_leaves_waiting(
    log_gifts: LogGifts, sequence: Sequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    (leaf,) = log_gifts(1)
    with monkeypatch.context() as broken:
        broken.setattr(keys, "_signer", None)
        with pytest.raises(RuntimeError):
            sequence()
    assert queries.pending_count() == 1
    assert sequence() == 1
    assert_proven(leaf, queries.receipt_proof(leaf))


def test_a_proof_takes_three_reads_whatever_the_size(log_gifts: LogGifts, sequence: Sequence) -> None:
    leaves = log_gifts(300)
    sequence()
    statements: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    queries.receipt_proof(leaves[0])
    reads = [statement for statement in statements if "FROM log_" in statement]
    assert len(reads) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_leaf SET leaf = 'x'",
        "UPDATE log_leaf SET leaf_hash = leaf_hash",
        "DELETE FROM log_leaf",
        "TRUNCATE log_leaf",
        "INSERT INTO log_leaf (id, seq, kind, subject_id, leaf, leaf_hash)"
        " VALUES (gen_random_uuid(), 7, 'x', gen_random_uuid(), 'x', sha256('x'))",
        "UPDATE log_node SET hash = sha256('x')",
        "DELETE FROM log_node",
        "UPDATE log_checkpoint SET root = sha256('x')",
        "DELETE FROM log_checkpoint",
    ],
)
def test_the_application_has_no_right_to_rewrite_the_log(
    log_gifts: LogGifts, sequence: Sequence, statement: str
) -> None:
    log_gifts(2)
    sequence()
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), transaction():
        db.session.execute(sa.text(statement))


@pytest.mark.parametrize("value", ["NULL", "seq + 100"])
def test_a_place_once_given_cannot_be_moved(log_gifts: LogGifts, sequence: Sequence, value: str) -> None:
    log_gifts(2)
    sequence()
    with pytest.raises(sa.exc.IntegrityError, match="keeps it"), transaction():
        db.session.execute(sa.text(f"UPDATE log_leaf SET seq = {value}"))


@pytest.mark.parametrize("size", [1, 2])
def test_a_smaller_or_second_tree_cannot_be_signed_over_a_published_one(
    log_gifts: LogGifts, sequence: Sequence, size: int
) -> None:
    log_gifts(2)
    sequence()
    with pytest.raises(sa.exc.IntegrityError, match="signed before"), transaction():
        db.session.execute(
            sa.text("INSERT INTO log_checkpoint VALUES (:size, sha256('x'), 'x', now())"), {"size": size}
        )
