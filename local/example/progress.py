"""How far a long load has come: one line that grows on a terminal, else a line for every tenth."""

from __future__ import annotations

import sys
from collections.abc import Callable

_WIDTH = 30


class Progress:
    """Counts towards a total; says so without flooding a log."""

    def __init__(self, total: int, *, say: Callable[[str], None]) -> None:
        self._total = max(total, 1)
        self._done = 0
        self._told = 0
        self._say = say
        self._terminal = sys.stdout.isatty()

    def step(self, count: int) -> None:
        """So many more are done."""
        self._done = min(self._done + count, self._total)
        percent = self._done * 100 // self._total
        if self._terminal:
            self._draw(percent)
        elif percent // 10 > self._told // 10:
            self._say(f"{percent} %")
        self._told = percent

    def _draw(self, percent: int) -> None:
        if percent == self._told:
            return
        bar = "█" * (percent * _WIDTH // 100)
        sys.stdout.write(f"\r  {bar.ljust(_WIDTH, '░')} {percent:3d} %" + ("\n" if percent == 100 else ""))
        sys.stdout.flush()
