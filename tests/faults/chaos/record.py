"""What was acknowledged, kept where no kill reaches it: a file synced after each line."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Any


class Record:
    """One line of JSON for each acknowledged thing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file = path.open("a")

    def acknowledged(self, what: str, **told: Any) -> None:
        """Keep it; returns when it is on the disk."""
        with self._lock:
            self._file.write(json.dumps({"what": what, **told}) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def lines(self) -> list[dict[str, Any]]:
        """Everything kept so far."""
        with self._lock:
            return [json.loads(line) for line in self._path.read_text().splitlines()]

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return dict(Counter(line["what"] for line in self.lines()))
