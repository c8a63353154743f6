"""Mutation testing of the code that moves money: change it, one small thing at a time, and see whether a test notices.

It works in a copy under var/mutation/<area>/ (an interrupted run goes on there), with one PostgreSQL for all runs.
How to read what it says: docs/mutation.md.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from local.postgres import LocalPostgres
from tests.conftest import LENT, TEMPLATE, _migrate

ROOT = Path(__file__).parent.parent
COPIED = ("app", "tests", "local", "sandbox", "tools", "migrations")
# What is changed, under app/payments/, and the tests that judge, under tests/payments/.
AREAS: dict[str, tuple[list[str], list[str]]] = {
    "ledger": (["ledger/posting.py", "ledger/operations.py", "ledger/store.py"], ["ledger"]),
    "requests": (
        ["requests/operations.py", "requests/debts.py"],
        [
            "requests/test_life.py",
            "requests/test_judge.py",
            "bank/test_notices.py",
            "desk/test_moves.py",
            "refunds",
            "fees",
        ],
    ),
    "matching": (
        ["bank/matching.py", "bank/twins.py"],
        [
            "bank/test_notices.py",
            "bank/test_twins.py",
            "requests/test_life.py",
            "statements/test_imports.py",
            "statements/test_unreferenced.py",
        ],
    ),
    "refunds": (["refunds/money.py", "refunds/operations.py"], ["refunds", "fees", "desk/test_kept.py"]),
    "fees": (["fees/*"], ["fees", "refunds"]),
}
# Wording of refusals and logs, and what is only told along with them: no money in it.
QUIET = [r"raise \w+", r"\blog\.\w+", r"LEDGER_PURPOSE"]
NOT_SLOW = "not slow and not journey"


def main(area: str, patterns: list[str]) -> int:
    """Run mutmut over an area, or only over its mutants of these names (`app.payments.ledger.posting*`)."""
    work = ROOT / "var" / "mutation" / area
    _copy(work, *AREAS[area])
    folder = Path(tempfile.mkdtemp(prefix="chophien-mutation-pg-"))
    server = LocalPostgres(folder / "data", durable=False)
    server.start()
    try:
        server.ensure_database(TEMPLATE)
        _migrate(server.url(TEMPLATE, "migrator"))
        environment = {**os.environ, LENT: str(server.directory), "PYTHONDONTWRITEBYTECODE": "1"}
        mutmut = str(Path(sys.executable).parent / "mutmut")
        code = subprocess.call([mutmut, "run", "--max-children", "2", *patterns], cwd=work, env=environment)
        subprocess.call([mutmut, "results"], cwd=work, env=environment)
        return code
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _copy(work: Path, modules: list[str], tests: list[str]) -> None:
    work.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        shutil.rmtree(work / name, ignore_errors=True)
        shutil.copytree(ROOT / name, work / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", work)
    settings = {
        "source_paths": ["app"],
        "only_mutate": [f"app/payments/{name}" for name in modules],
        "also_copy": [name for name in COPIED if name not in ("app", "tests")],
        "do_not_mutate_patterns": QUIET,
        "pytest_add_cli_args": ["-m", NOT_SLOW],
        "pytest_add_cli_args_test_selection": [f"tests/payments/{name}" for name in tests],
    }
    lines = [f"{name} =\n" + "".join(f"    {value}\n" for value in values) for name, values in settings.items()]
    # Each mutant's tests run in a process that no other test run has left connections in.
    lines.append("process_isolation = forkserver\n")
    (work / "setup.cfg").write_text("[mutmut]\n" + "".join(lines))


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in AREAS:
        sys.exit(f"which area: {', '.join(AREAS)}?")
    sys.exit(main(sys.argv[1], sys.argv[2:]))
