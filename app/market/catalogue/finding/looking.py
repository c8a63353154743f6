"""Looking for goods as people do: what was meant when what was typed finds nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import slips, suggesting
from .queries import Found, find
from .wanted import Wanted


@dataclass(frozen=True)
class Looked:
    """What was found; `corrected` are the words it was found by when those that were typed found nothing."""

    found: Found
    wanted: Wanted
    corrected: str | None = None


def look_for(wanted: Wanted, *, cursor: str | None = None, limit: int = 20) -> Looked:
    """One page of what is wanted, or of what was meant.

    Raises:
        BadInput: a cursor that is not ours.
    """
    found = find(wanted, cursor=cursor, limit=limit)
    if found.items or cursor or not wanted.words:
        return Looked(found, wanted)
    meant = slips.correct(wanted.words)
    if meant is None:
        return Looked(found, wanted)
    better = replace(wanted, q=" ".join(meant))
    found_instead = find(better, limit=limit)
    if not found_instead.items:
        return Looked(found, wanted)
    spelt = suggesting.as_spelt(meant)
    return Looked(found_instead, better, " ".join(spelt.get(word, word) for word in meant))
