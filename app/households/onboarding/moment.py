"""A clock that stands still: whatever is done in one breath bears one moment, by which it is told from the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Moment:
    """A clock that stands still."""

    at: datetime

    def now(self) -> datetime:
        """That moment."""
        return self.at
