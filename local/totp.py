"""`make totp PHONE=...`: an officer's present one-time code, from the running demo's database."""

from __future__ import annotations

import os
import subprocess
import sys

from local.demo import DATABASE, VAR
from local.postgres import LocalPostgres


def main() -> int:
    """Print the code; the exit code."""
    if len(sys.argv) != 2 or not sys.argv[1]:
        print("Dùng / use: make totp PHONE=0900000004", file=sys.stderr)
        return 2
    environment = dict(os.environ, APP_ENV="demo", LOG_LEVEL="ERROR")
    environment.setdefault("DATABASE_URL", LocalPostgres(VAR / "postgres").url(DATABASE, "app"))
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "users", "totp", sys.argv[1]]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
