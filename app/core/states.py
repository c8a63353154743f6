"""State machines as tables: (state, event) -> state. What is not in a table raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class ImpossibleStep(RuntimeError):
    """The event makes no sense in this state; a programming error."""


def stepper(table: Mapping[tuple[S, E], S], noun: str) -> Callable[[S, E], S]:
    """The function from (state, event) to the next state of this table.

    Args:
        noun: what has the states, with its article; for the message of `ImpossibleStep`.
    """

    def step(state: S, event: E) -> S:
        """The state after the event.

        Raises:
            ImpossibleStep: the table does not know the pair.
        """
        try:
            return table[state, event]
        except KeyError:
            raise ImpossibleStep(f"{event} cannot happen to {noun} that is {state}") from None

    return step
