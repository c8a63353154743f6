"""Faults that tests switch on: an answer lost after it succeeded, a gateway that fails, a gateway that is slow."""

from __future__ import annotations

import math
import socket
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

from flask import Request

MAX_DELAY_S = 60.0
MAX_COUNT = 1000


@dataclass(slots=True)
class Faults:
    """How many coming requests go wrong, and by how many seconds every answer is late. Kept in memory only."""

    timeout_after_success: int = 0
    fail_5xx: int = 0
    delay_s: float = 0.0


class FaultSwitch:
    """Shared between threads; each counted fault is spent on exactly one request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults = Faults()

    def set(self, data: dict[str, Any]) -> dict[str, Any]:
        """Change the named faults and return all of them.

        Raises:
            ValueError: an unknown name, or a number out of range.
        """
        allowed = {"timeout_after_success": MAX_COUNT, "fail_5xx": MAX_COUNT, "delay_s": MAX_DELAY_S}
        for name, value in data.items():
            if name not in allowed or isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(name)
            if not math.isfinite(value) or not 0 <= value <= allowed[name]:
                raise ValueError(name)
        with self._lock:
            for name, value in data.items():
                setattr(self._faults, name, value if name == "delay_s" else int(value))
            return asdict(self._faults)

    def current(self) -> dict[str, Any]:
        """What is switched on now."""
        with self._lock:
            return asdict(self._faults)

    def fires(self, name: str, request: Request) -> bool:
        """Whether fault `name` hits this request, by its `X-Sandbox-Fault` header or by the counter (then spent)."""
        if request.headers.get("X-Sandbox-Fault") == name:
            return True
        with self._lock:
            left = getattr(self._faults, name)
            if left:
                setattr(self._faults, name, left - 1)
            return bool(left)

    def wait(self, request: Request) -> None:
        """Be as late as told, by the `X-Sandbox-Delay` header (seconds) or the switch."""
        delay_s = self.current()["delay_s"]
        try:
            delay_s = float(request.headers.get("X-Sandbox-Delay", delay_s))
        except ValueError:
            return
        if 0 < delay_s <= MAX_DELAY_S:
            time.sleep(delay_s)


def hang_up(environ: dict[str, Any]) -> None:
    """Cut the connection without an answer, as a network does that breaks after the work was done."""
    line = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    if isinstance(line, socket.socket):
        line.shutdown(socket.SHUT_RDWR)
