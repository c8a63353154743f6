"""Child processes that end with us, even when we are killed."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

_PR_SET_PDEATHSIG = 1
STOP_TIMEOUT_S = 12


def die_with_parent() -> None:
    """In the child, before exec (Linux): be told to stop when the parent is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One program with its own log file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                list(command),
                env=dict(environment),
                stdout=sink,
                stderr=sink,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - it makes one system call, nothing that a thread could hold
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it stopped by itself."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Ask it to stop, then insist."""
        if self.ended:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)

    def wait_until_answers(self, url: str, *, timeout_s: float = 60) -> None:
        """Wait for 200 at the URL.

        Raises:
            RuntimeError: it ended or did not answer in time; names its log.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.ended:
                raise RuntimeError(f"{self.name} did not start; see {self.log}")
            try:
                with urlopen(url, timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"{self.name} does not answer at {url}; see {self.log}")
