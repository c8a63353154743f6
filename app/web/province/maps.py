"""A dot map without tiles: places by their coordinates in a box, north up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 640, 560, 24
SMALLEST, LARGEST = 3.0, 20.0
Place = tuple[str, float | None, float | None, int]


@dataclass(frozen=True)
class Dot:
    """A place in the box; its area grows with its count."""

    name: str
    x: float
    y: float
    radius: float
    count: int


def dots(places: Sequence[Place]) -> list[Dot]:
    """Dots of the places that have coordinates, the largest first, so that small ones lie on top.

    Args:
        places: (name, longitude, latitude in degrees, count).
    """
    known = [(name, x, y, count) for name, x, y, count in places if x is not None and y is not None]
    if not known:
        return []
    west, south = min(x for _n, x, _y, _c in known), min(y for _n, _x, y, _c in known)
    east, north = max(x for _n, x, _y, _c in known), max(y for _n, _x, y, _c in known)
    squeeze = math.cos(math.radians((south + north) / 2))  # a degree of longitude is shorter up here
    wide, high = max((east - west) * squeeze, 1e-6), max(north - south, 1e-6)
    scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high)
    left, top = (WIDTH - wide * scale) / 2, (HEIGHT - high * scale) / 2
    most = max(count for _n, _x, _y, count in known) or 1
    return sorted(
        (
            Dot(
                name=name,
                x=round(left + (x - west) * squeeze * scale, 1),
                y=round(top + (north - y) * scale, 1),
                radius=round(SMALLEST + (LARGEST - SMALLEST) * math.sqrt(count / most), 1) if count else SMALLEST,
                count=count,
            )
            for name, x, y, count in known
        ),
        key=lambda dot: -dot.radius,
    )
