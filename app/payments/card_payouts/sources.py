"""What of ours a line can be: payments and returns of the cards room, and refunds of a room above, which registers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class KnownRefund:
    """A refund of ours; `amount_vnd` is what goes back."""

    id: UUID
    amount_vnd: int


# From the gateway's names of refunds to ours, for all at once.
Finder = Callable[[Collection[str]], Mapping[str, KnownRefund]]
_finder: Finder | None = None


def know_refunds(finder: Finder) -> None:
    """Name who finds refunds; called by the wiring of the room that has them."""
    global _finder
    _finder = finder


def find_refunds(gateway_ids: Collection[str]) -> Mapping[str, KnownRefund]:
    """Our refunds of these names at the gateway."""
    return _finder(gateway_ids) if _finder is not None and gateway_ids else {}
