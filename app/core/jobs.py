"""Work for later: procrastinate jobs on the same PostgreSQL, enqueued inside the open transaction.

A job lands or falls with the transaction that asked for it. Jobs are single acts and carry ids, never personal data.
Bulk work is rows with a "to do" mark, claimed by a pump that a job starts.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any, ParamSpec, TypeVar, cast

import procrastinate
import sqlalchemy as sa
from flask import Flask
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from procrastinate.tasks import Task

from app.core.actor import SYSTEM
from app.core.database import acting_as, driver_of, require_transaction

STALLED_AFTER_S = 60
P = ParamSpec("P")
R = TypeVar("R")

queue = procrastinate.App(connector=procrastinate.PsycopgConnector())
# Writes on our own connection, also inside a worker: there the queue's connector is the worker's, which can't.
_AT_ONCE = JobManager(procrastinate.SyncPsycopgConnector())
_flask_app: Flask | None = None


def bind(app: Flask) -> None:
    """Let jobs of this process run inside `app`; called once by create_app()."""
    global _flask_app
    _flask_app = app


def job(*, name: str, cron: str | None = None, retries: int = 8) -> Callable[[Callable[P, R]], Task[P, R, Any]]:
    """Register a job. It runs in an application context as the system, and is retried with growing pauses.

    Args:
        name: stable name, `room.verb`.
        cron: also run by the clock, e.g. `* * * * *`; the function then takes `timestamp: int` (Unix seconds).
        retries: attempts after the first.
    """

    def register(function: Callable[P, R]) -> Task[P, R, Any]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            if _flask_app is None:
                raise RuntimeError("jobs.bind() was not called")
            with _flask_app.app_context(), acting_as(SYSTEM):
                return function(*args, **kwargs)

        retry = procrastinate.RetryStrategy(max_attempts=retries, exponential_wait=2)
        if cron is None:
            return queue.task(name=name, retry=retry)(run)
        clockwork: Any = queue.task(name=name, retry=False, queueing_lock=name)(run)
        return cast("Task[P, R, Any]", queue.periodic(cron=cron)(clockwork))

    return register


def enqueue(
    task: Task[Any, Any, Any], *, once: bool = False, not_before: datetime | None = None, **arguments: Any
) -> None:
    """Ask for a job in the open transaction.

    Args:
        task: a function registered with `@job`.
        once: leave it when one of the same name already waits without a date; for wake-up calls to a pump.
        not_before: earliest moment to run.
    """
    session = require_transaction()
    if once and session.scalar(
        sa.text(
            "SELECT 1 FROM procrastinate_jobs WHERE task_name = :name AND status = 'todo'"
            " AND scheduled_at IS NULL AND args = '{}'::jsonb LIMIT 1"
        ),
        {"name": task.name},
    ):
        return
    deferrer = task.configure(connection=driver_of(session), schedule_at=not_before)
    deferrer.job_manager = _AT_ONCE
    deferrer.defer(**arguments)


@queue.periodic(cron="* * * * *")
@queue.task(name="core.sweep_stalled_jobs", queueing_lock="core.sweep_stalled_jobs")
async def sweep_stalled_jobs(timestamp: int) -> None:
    """Give the jobs of dead workers back to the living; one whose successor waits already is let go."""
    stalled = await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S)
    for stuck in stalled:
        try:
            await queue.job_manager.retry_job(stuck)
        except UniqueViolation:
            await queue.job_manager.finish_job(stuck, status=Status.FAILED, delete_job=False)


@queue.periodic(cron="17 * * * *")
@queue.task(name="core.forget_old_jobs", queueing_lock="core.forget_old_jobs")
async def forget_old_jobs(timestamp: int) -> None:
    """Drop jobs that ended well more than a day ago; failed ones stay until a person looked."""
    await queue.job_manager.delete_old_jobs(nb_hours=24, include_failed=False, include_cancelled=True)


def run_worker(database_url: str, *, concurrency: int = 2, wait: bool = True) -> None:
    """Work in the foreground until told to stop (SIGINT, SIGTERM), or once through when `wait` is false."""
    connector = procrastinate.PsycopgConnector(
        conninfo=database_url, kwargs={"options": "-c role=app"}, min_size=1, max_size=concurrency + 3
    )
    with queue.replace_connector(connector) as working:
        working.run_worker(
            concurrency=concurrency, wait=wait, install_signal_handlers=True, shutdown_graceful_timeout=8
        )
