"""The same moment on many real connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask

from app.core.actor import SYSTEM
from app.core.database import acting_as


def at_once(app: Flask, works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each in a thread with a connection of its own, started together; results or exceptions in their order."""
    start = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        with app.app_context(), acting_as(SYSTEM):
            start.wait(30)
            try:
                results[number] = work()
            except Exception as error:
                results[number] = error

    threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a thread still waits: a deadlock?"
    return results
