"""Lint the migrations' SQL with squawk, as Alembic would run it from nothing."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

ROOT = Path(__file__).parent.parent
# The tables are new in these migrations, so rules about locking tables in use do not apply to them; every migration
# sets its own lock_timeout (a guard test demands it). Counts and stars are bounded by CHECKs, so 32 bits are plenty;
# money is bigint.
EXCLUDED = (
    "require-timeout-settings",
    "prefer-robust-stmts",
    "require-concurrent-index-creation",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
)


def main() -> int:
    """Run squawk; its exit code."""
    os.environ |= {"APP_ENV": "test", "DATABASE_URL": "postgresql://nobody@127.0.0.1/none", "LOG_LEVEL": "ERROR"}
    from flask_migrate import upgrade

    from app import create_app

    sql = io.StringIO()
    with create_app().app_context(), redirect_stdout(sql):
        upgrade(directory=str(ROOT / "migrations"), revision="0010:head", sql=True)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "migrations.sql"
        script.write_text(sql.getvalue())
        command = [str(Path(sys.executable).parent / "squawk"), "--pg-version", "15", f"--exclude={','.join(EXCLUDED)}"]
        return subprocess.run([*command, str(script)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
