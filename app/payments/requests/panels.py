"""Parts of the payer's page that rooms above draw, without being known here.

A room registers its part when the application is built; a part that has nothing to say of a request is empty.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from markupsafe import Markup

from app.payments.requests.models import PaymentRequest

Panel = Callable[[PaymentRequest], Markup]


class Place(StrEnum):
    """Where on the page: before the way to pay, or after it."""

    BEFORE = "before"
    AFTER = "after"


_PANELS: dict[tuple[Place, str], Panel] = {}


def register(place: Place, name: str, panel: Panel) -> None:
    """Name a part of the page."""
    _PANELS[place, name] = panel


def drawn(place: Place, request: PaymentRequest) -> list[Markup]:
    """The parts at a place, as they are now; those with nothing to say are left out."""
    return [shown for (where, _name), panel in _PANELS.items() if where is place and (shown := panel(request))]
