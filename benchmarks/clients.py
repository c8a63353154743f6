"""Eight processes that work at once. Nothing but Python's own library: the other side's environment runs it too."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable

CLIENTS = 8


def in_clients(work: Callable[[float], int], seconds: float, *, prepare: Callable[[], None]) -> float:
    """Units per second that `work` reports from all clients, each a process with a connection of its own.

    `work` gets the moment (of `time.perf_counter`) at which it is to stop; `prepare` runs first in each process,
    then one unit of work that is not counted (pgbench does not count connecting either).

    Raises:
        RuntimeError: a client failed; what it said is on the screen.
    """
    context = multiprocessing.get_context("fork")
    counts = context.SimpleQueue()
    ready = context.Barrier(CLIENTS)

    def client() -> None:
        told = None
        try:
            prepare()
            random.seed()
            work(time.perf_counter() + 0.01)  # connects and warms up
            ready.wait(30)
            started = time.perf_counter()
            told = (work(started + seconds), time.perf_counter() - started)
        finally:
            counts.put(told)

    clients = [context.Process(target=client) for _number in range(CLIENTS)]
    for process in clients:
        process.start()
    told = [counts.get() for _process in clients]
    for process in clients:
        process.join()
    good = [one for one in told if one is not None]
    if len(good) < CLIENTS:
        raise RuntimeError("a client failed, so there is no rate")
    return float(sum(done for done, _took in good) / max(took for _done, took in good))
