"""PostgreSQL, web, worker and sandbox of our own, and the ways to kill them. Only what was started here is ended."""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from local.children import Child
from local.postgres import LocalPostgres

DATABASE = "chophien"
GONE_S = 20


def free_port() -> int:
    """A port of the loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[psutil.Process]:
    """A process we started and all that came of it, children first."""
    try:
        head = psutil.Process(pid)
        return [*head.children(recursive=True), head]
    except psutil.NoSuchProcess:
        return []


def kill(processes: list[psutil.Process]) -> None:
    """kill -9, each by its id; returns when all are gone."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=GONE_S)


class Servers:
    """Everything that runs. A sandbox is the outside world and is never killed."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.postgres = LocalPostgres(folder / "data", settings=settings)
        self.port, self.sandbox_port, self.lossy_port = free_port(), free_port(), free_port()
        self.url, self.sandbox = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.sandbox_port}"
        self.environment = dict(os.environ) | {
            "APP_ENV": "demo",
            "DATABASE_URL": self.postgres.url(DATABASE, "app"),
            "MIGRATION_DATABASE_URL": self.postgres.url(DATABASE, "migrator"),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "SANDBOX_STATE": str(folder / "sandbox.sqlite3"),
            "PLATFORM_URL": f"http://127.0.0.1:{self.lossy_port}",
            "MEDIA_DIR": str(folder / "media"),
            "LOG_LEVEL": "CRITICAL",
        }
        self._children: dict[str, Child] = {}
        self._lock = threading.Lock()

    def start_database(self) -> None:
        self.postgres.start()
        self.postgres.ensure_database(DATABASE)

    def start(self) -> None:
        """Web, worker and sandbox, whichever does not run."""
        gunicorn = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--worker-class", "gthread"]
        commands = {
            "sandbox": [*gunicorn, "--threads", "8", "-b", f"127.0.0.1:{self.sandbox_port}", "sandbox.wsgi:app"],
            "web": [*gunicorn, "-w", "2", "--threads", "8", "-b", f"127.0.0.1:{self.port}", "wsgi:app"],
            "worker": [sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "work"],
        }
        for name, command in commands.items():
            if name not in self._children or self._children[name].ended:
                self._children[name] = Child(name, command, self.environment, self.folder / f"{name}.log")
        self._children["sandbox"].wait_until_answers(f"{self.sandbox}/healthz")
        self._children["web"].wait_until_answers(f"{self.url}/healthz")

    def kill_database(self, way: str) -> None:
        """`all` processes at once, the `postmaster` alone, or an `immediate` shutdown; then start it again."""
        assert self.postgres.pid
        processes = family(self.postgres.pid)
        if way == "all":
            kill(processes)
        elif way == "postmaster":
            kill(processes[-1:])
            psutil.wait_procs(processes, timeout=GONE_S)
        else:
            os.kill(self.postgres.pid, signal.SIGQUIT)
            psutil.wait_procs(processes, timeout=GONE_S)
        kill(processes)
        self.postgres.start()

    def kill_web(self, way: str, chance: random.Random) -> None:
        """The `master` with its workers, or one `worker`, which the master replaces."""
        processes = family(self._children["web"].pid)
        if way == "worker" and len(processes) > 1:
            kill([chance.choice(processes[:-1])])
            return
        kill(processes)
        self.start()

    def kill_worker(self) -> None:
        kill(family(self._children["worker"].pid))
        self.start()

    def worker_rests(self) -> None:
        """Stop the job worker for good."""
        self._children.pop("worker").stop()

    def stop(self) -> None:
        """End everything that was started."""
        for child in reversed(self._children.values()):
            processes = family(child.pid)
            child.stop()
            kill(processes)
        self.postgres.stop()


class LossyLink:
    """A relay on the loopback that carries whole conversations, and now and then loses an answer that was given."""

    def __init__(self, port: int, target: int, chance: random.Random, *, loses: float) -> None:
        self.lost = 0
        self.loses = loses
        self._target = target
        self._chance = chance
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.settimeout(0.2)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            with suppress(TimeoutError):
                client, _address = self._listener.accept()
                threading.Thread(target=self._carry, args=[client], daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._target)) as server:
            pump = threading.Thread(target=_copy, args=[client, server], daemon=True)
            pump.start()
            answer = server.recv(1 << 16)
            if self._chance.random() < self.loses:
                self.lost += 1
                return  # it was done, and nobody hears of it
            while answer:
                client.sendall(answer)
                answer = server.recv(1 << 16)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)


class Havoc:
    """Kills something at random moments until told to stop; keeps a list of what it did."""

    def __init__(self, servers: Servers, chance: random.Random, spoil_gateway: Callable[[], None]) -> None:
        self.done: list[str] = []
        self._acts: list[tuple[str, Callable[[], None]]] = [
            ("PostgreSQL, all processes", lambda: servers.kill_database("all")),
            ("PostgreSQL, all processes", lambda: servers.kill_database("all")),
            ("PostgreSQL, its postmaster", lambda: servers.kill_database("postmaster")),
            ("PostgreSQL, immediate shutdown", lambda: servers.kill_database("immediate")),
            ("a web worker", lambda: servers.kill_web("worker", chance)),
            ("web, all of it", lambda: servers.kill_web("master", chance)),
            ("the job worker", servers.kill_worker),
            ("answers of the card gateway", spoil_gateway),
        ]
        self._chance = chance

    def go_on(self, until: float) -> None:
        """Until a moment of the monotonic clock. Everything happens at least once, given the time."""
        order: list[tuple[str, Callable[[], None]]] = []
        while time.monotonic() < until:
            time.sleep(min(self._chance.uniform(0.7, 2.5), max(0.0, until - time.monotonic())))
            order = order or self._chance.sample(self._acts, len(self._acts))
            name, act = order.pop()
            self.done.append(name)
            act()
