"""Going through rows that wait for us: batch by batch by their ids, and no longer than somebody answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from uuid import UUID


def in_batches(read: Callable[[UUID | None], Sequence[UUID]]) -> Iterator[UUID]:
    """Ids in their order; the next batch is read when the one before is worked through.

    Args:
        read: the ids after this one, at most a batch; none when there are no more.
    """
    after: UUID | None = None
    while ids := read(after):
        yield from ids
        after = ids[-1]


def ask_until_silent(ids: Iterable[UUID], ask: Callable[[UUID], bool], *, patience: int = 1) -> int:
    """Ask about each, until so many in a row stay without an answer: the other side is down, and a later sweep goes on.

    Args:
        ask: false when there was no answer.

    Returns:
        How many were asked about.
    """
    asked = silent = 0
    for id in ids:
        asked += 1
        silent = 0 if ask(id) else silent + 1
        if silent >= patience:
            break
    return asked
