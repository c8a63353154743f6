"""A web process of the journeys that may be killed and started again."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from local.children import Child


@dataclass
class Post:
    """A web process of our own that may be killed, on a database of its own."""

    port: int
    environment: dict[str, str]
    database_url: str
    log: Path
    child: Child | None = None
    killed: int = field(default=0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        program = ["gunicorn", "--no-control-socket", "--worker-class", "gthread", "--threads", "8", "-b"]
        command = [sys.executable, "-m", *program, f"127.0.0.1:{self.port}", "wsgi:app"]
        self.child = Child("web", command, self.environment, self.log)
        self.child.wait_until_answers(f"{self.url}/readyz")

    def kill(self) -> None:
        """As when the power goes: the process and its workers, at once."""
        assert self.child
        self.killed += 1
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.stop()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query, values).fetchall()

    def households(self) -> int:
        return int(self.rows("SELECT count(*) FROM household")[0][0])
