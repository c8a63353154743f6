"""A job lands or falls with its transaction, and a dead worker's jobs go back to the living."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import procrastinate
import psycopg
import pytest
import sqlalchemy as sa

from app.config import libpq_url
from app.core import jobs
from app.core.clock import SYSTEM_CLOCK
from app.core.database import TransactionMisuse, db, transaction

pytestmark = pytest.mark.usefixtures("app")
ran: list[int] = []


@jobs.job(name="test.note")
def note(number: int = 0) -> None:
    """Remember the number."""
    ran.append(number)


@jobs.job(name="test.note_later")
def note_later(number: int) -> None:
    """Ask for another job, as most jobs do that tell somebody something."""
    with transaction():
        jobs.enqueue(note, number=number)


def waiting() -> list[dict[str, Any]]:
    db.session.rollback()
    rows = db.session.execute(sa.text("SELECT args FROM procrastinate_jobs WHERE task_name = 'test.note' ORDER BY id"))
    return [row.args for row in rows]


def work(url: str) -> None:
    """What a worker does with all that waits."""
    jobs.run_worker(libpq_url(url).replace("postgres@", "app@"), concurrency=1, wait=False)


def test_a_job_lands_with_its_transaction():
    with transaction():
        jobs.enqueue(note, number=7)
    assert waiting() == [{"number": 7}]


def test_a_job_falls_with_its_transaction():
    with pytest.raises(RuntimeError), transaction():
        jobs.enqueue(note, number=7)
        raise RuntimeError
    assert waiting() == []


def test_a_job_outside_a_transaction_is_refused():
    with pytest.raises(TransactionMisuse):
        jobs.enqueue(note, number=7)


def test_a_wake_up_call_waits_once():
    for _time in range(3):
        with transaction():
            jobs.enqueue(note, once=True)
    assert waiting() == [{}]


def test_a_job_for_later_does_not_stand_for_a_wake_up_call():
    with transaction():
        jobs.enqueue(note, not_before=SYSTEM_CLOCK.now() + timedelta(hours=1))
        jobs.enqueue(note, once=True)
    assert len(waiting()) == 2


def test_a_worker_runs_what_waits(database_url):
    ran.clear()
    with transaction():
        jobs.enqueue(note, number=5)
        jobs.enqueue(note, number=6, not_before=SYSTEM_CLOCK.now() + timedelta(hours=1))
    work(database_url)
    assert ran == [5]


def test_a_job_that_a_worker_runs_may_ask_for_another(database_url):
    ran.clear()
    with transaction():
        jobs.enqueue(note_later, number=8)
    work(database_url)
    work(database_url)  # should the first have left before the second job was there
    assert ran == [8]


def sweep(url: str) -> None:
    async def once() -> None:
        connector = procrastinate.PsycopgConnector(conninfo=libpq_url(url).replace("postgres@", "app@"))
        with jobs.queue.replace_connector(connector) as working:
            async with working.open_async():
                await jobs.sweep_stalled_jobs(0)

    asyncio.run(once())


def leave_dead(url: str, *numbers: int, queueing_lock: str | None = None) -> None:
    """Jobs that a worker had begun when it died two minutes ago."""
    with psycopg.connect(libpq_url(url)) as connection:
        (worker,) = connection.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '2 minutes') RETURNING id"
        ).fetchone() or (None,)
        for number in numbers:
            connection.execute(
                "INSERT INTO procrastinate_jobs"
                " (queue_name, task_name, args, status, worker_id, attempts, queueing_lock)"
                " VALUES ('default', 'test.note', jsonb_build_object('number', %s::int), 'doing', %s, 1, %s)",
                [number, worker, queueing_lock],
            )


def states() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.text("SELECT status::text FROM procrastinate_jobs ORDER BY id")))


def test_the_sweep_gives_a_dead_workers_jobs_back(database_url):
    ran.clear()
    leave_dead(database_url, 1, 2)
    sweep(database_url)
    assert states() == ["todo", "todo"]
    work(database_url)
    assert sorted(ran) == [1, 2]


def test_a_dead_job_whose_successor_waits_does_not_hold_up_the_others(database_url):
    leave_dead(database_url, 1, queueing_lock="test.lock")
    leave_dead(database_url, 2)
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, queueing_lock)"
            " VALUES ('default', 'test.note', '{}', 'test.lock')"
        )
    sweep(database_url)
    assert states() == ["failed", "todo", "todo"]
