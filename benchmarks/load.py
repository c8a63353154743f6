"""A bounded HTTP load from threads on loopback, with kept-alive connections."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Request = tuple[str, str, bytes | None, dict[str, str]]


@dataclass(frozen=True)
class Rate:
    """Answers per second, and how many were not 2xx."""

    per_s: float
    failed: int


def drive(port: int, make: Callable[[], Request], *, clients: int = 8, seconds: float = 4.0) -> Rate:
    """Send what `make` gives (method, path, body, headers) from `clients` threads for about `seconds`."""
    done = [0] * clients
    failed = [0] * clients
    until = time.perf_counter() + seconds

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while time.perf_counter() < until:
            method, path, body, headers = make()
            try:
                connection.request(method, path, body=body, headers=headers)
                answer = connection.getresponse()
                answer.read()
                failed[number] += not 200 <= answer.status < 300
            except (http.client.HTTPException, OSError):
                failed[number] += 1
                connection.close()
            done[number] += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Rate(sum(done) / (time.perf_counter() - started), sum(failed))
