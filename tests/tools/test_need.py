"""What a fresh machine lacks is installed when we may, and named when we may not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PANGO = "libpangoft2-1.0-0"


def need(package: str, folder: Path, **programs: str) -> subprocess.CompletedProcess[str]:
    """Run it on a machine where these programs say what is given, and apt-get writes down what it was asked for."""
    for name, script in programs.items():
        program = folder / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    return subprocess.run(
        [ROOT / "tools" / "need.sh", package],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_library_that_is_there_is_left_alone(tmp_path: Path):
    done = need(PANGO, tmp_path, python3="exit 0", apt_get="exit 9")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_this_machine_can_print(tmp_path: Path):
    assert need(PANGO, tmp_path, apt_get="exit 9").returncode == 0


def test_root_installs_what_is_missing(tmp_path: Path):
    log = tmp_path / "log"
    done = need(PANGO, tmp_path, python3="exit 1", id="echo 0", apt_get=f'echo "$@" >> {log}')
    assert done.returncode == 0
    assert PANGO in log.read_text().splitlines()[-1]


@pytest.mark.parametrize("package", [PANGO, "no-such-program-anywhere"])
def test_others_are_told_what_to_run(tmp_path: Path, package: str):
    done = need(package, tmp_path, python3="exit 1", id="echo 1000", apt_get="exit 9")
    assert (done.returncode, f"sudo apt-get install -y {package}" in done.stderr) == (1, True)


@pytest.mark.parametrize("target", ["demo", "test"])
def test_demo_and_test_look_for_it_and_go_on_without(target: str):
    planned = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"tools/need.sh {PANGO}" in planned.replace("\\\n", "")
    assert "|| echo" in planned


def test_without_the_right_to_install_make_goes_on(tmp_path: Path):
    for name, script in {"python3": "exit 1", "id": "echo 1000"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["make", "pdf"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "no Pango" in done.stderr) == (0, True)
