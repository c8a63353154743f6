"""A wire to PostgreSQL that can be cut at a chosen step, before a message reaches the server or after it was obeyed."""

from __future__ import annotations

import select
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path

CHUNK = 1 << 16


class Cut(StrEnum):
    """Where the wire breaks."""

    BEFORE_SENDING = "before_sending"  # the server never hears the n-th message
    BEFORE_ANSWER = "before_answer"  # the server obeyed, and its n-th answer is lost


class Wire:
    """A Unix socket in `directory` that passes everything on to the server's, step by step."""

    def __init__(self, directory: Path, server_socket: str) -> None:
        self.directory = directory
        self._server_socket = server_socket
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / ".s.PGSQL.5432"))
        self._listener.listen(16)
        self._lock = threading.Lock()
        self._left: int | None = None
        self._cut = Cut.BEFORE_SENDING
        self._passed = dict.fromkeys(Cut, 0)
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut_at(self, step: int, cut: Cut) -> None:
        """Break the wire at the given step from now on, counted from 0 over all connections; once."""
        with self._lock:
            self._left, self._cut = step, cut

    def count_anew(self) -> None:
        """Forget the steps seen so far."""
        with self._lock:
            self._passed = dict.fromkeys(Cut, 0)

    def steps(self, cut: Cut) -> int:
        """How many places to break the wire at there were since `count_anew`."""
        with self._lock:
            return self._passed[cut]

    def mend(self) -> bool:
        """Cut nothing any more; whether the wire was cut since `cut_at`."""
        with self._lock:
            was_cut, self._left = self._left is None, None
        return was_cut

    def close(self) -> None:
        """End all connections."""
        self._closing.set()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            if select.select([self._listener], [], [], 0.1)[0]:
                client, _address = self._listener.accept()
                thread = threading.Thread(target=self._carry, args=[client], daemon=True)
                self._threads.append(thread)
                thread.start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(self._server_socket)
            other = {client: server, server: client}
            while not self._closing.is_set():
                ready, _, _ = select.select([client, server], [], [], 0.1)
                for side in ready:
                    data = side.recv(CHUNK)
                    if not data or self._breaks(Cut.BEFORE_SENDING if side is client else Cut.BEFORE_ANSWER):
                        return
                    other[side].sendall(data)

    def _breaks(self, passing: Cut) -> bool:
        with self._lock:
            self._passed[passing] += 1
            if self._left is None or passing is not self._cut:
                return False
            self._left -= 1
            if self._left >= 0:
                return False
            self._left = None
            return True


@contextmanager
def wire_to(server_socket: str) -> Iterator[Wire]:
    """A wire for the length of a `with` block."""
    with tempfile.TemporaryDirectory(prefix="chophien-wire-") as folder:
        wire = Wire(Path(folder), server_socket)
        try:
            yield wire
        finally:
            wire.close()
