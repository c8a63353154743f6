"""Requirements are locked: each name in a `.in` file is pinned in its `.txt`, and every pin has a hash."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_NAME = re.compile(r"^([A-Za-z0-9._-]+)(\[[^\]]*\])?")


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Compare; the exit code."""
    problems = []
    for stem in ("requirements", "requirements-dev", "requirements-bench"):
        blocks = re.split(r"\n(?=[a-zA-Z0-9])", (ROOT / f"{stem}.txt").read_text())
        pinned = {}
        for block in blocks:
            match = re.match(r"([A-Za-z0-9._-]+)==\S+", block)
            if match:
                pinned[_canonical(match[1])] = "--hash=sha256:" in block
        problems += [f"{stem}.txt: {name} has no hash" for name, hashed in pinned.items() if not hashed]
        for line in (ROOT / f"{stem}.in").read_text().splitlines():
            name = _NAME.match(line.split("#")[0].strip())
            if name and not line.startswith("-") and _canonical(name[1]) not in pinned:
                problems.append(f"{stem}.in names {name[1]}, {stem}.txt does not: run `make lock`")
    print("\n".join(problems) or "requirements are locked")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
