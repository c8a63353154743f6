"""A line chart as SVG, drawn on the server: it needs no script, has the page's colours, and reads well on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 340, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 12, 26
_TICKS = 4
_UNITS = ((10**9, "tỷ"), (10**6, "tr"), (10**3, "k"))


@dataclass(frozen=True)
class Line:
    """One line: its class in the style sheet, its name, and a value per label (đồng, or a count), none below zero."""

    css: str
    name: str
    values: Sequence[int]


def short(value: int) -> str:
    """`1.500.000` as `1,5 tr`: for an axis."""
    for size, unit in _UNITS:
        if value >= size:
            return f"{value / size:.3g}".replace(".", ",") + f" {unit}"
    return str(value)


def line_chart(
    *, title: str, about: str, labels: Sequence[str], marks: Sequence[int], lines: Sequence[Line], least: int = 1_000
) -> Markup:
    """The chart.

    Args:
        title: names it; `about` says in a sentence what it shows.
        labels: of the points, from left to right.
        marks: which of the labels stand under the axis.
        lines: each with as many values as there are labels.
        least: a fourth of the lowest axis there may be; 1 when counting things.
    """
    top = _top(max((max(line.values, default=0) for line in lines), default=0), least)
    parts = [
        Markup('<svg class="chart" role="img" aria-labelledby="chart-title chart-about" viewBox="0 0 {} {}">').format(
            WIDTH, HEIGHT
        ),
        Markup('<title id="chart-title">{}</title><desc id="chart-about">{}</desc>').format(title, about),
        *(_rule(top * tick // _TICKS, top) for tick in range(_TICKS + 1)),
        *(_mark(number, labels) for number in marks),
        *(_line(line, top) for line in lines),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def _top(highest: int, least: int) -> int:
    """The lowest of 4, 8, 20, 40, 80 … times `least` that is as high: four round steps fit below it."""
    size = least
    while True:
        for factor in (4, 8, 20):
            if factor * size >= highest:
                return factor * size
        size *= 10


def _x(number: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (number / (count - 1) if count > 1 else 0.5)


def _y(value: int, top: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _rule(value: int, top: int) -> Markup:
    y = f"{_y(value, top):.1f}"
    return Markup(
        '<line class="rule" x1="{}" x2="{}" y1="{y}" y2="{y}"/><text x="{}" y="{y}" dy="4" text-anchor="end">{}</text>'
    ).format(LEFT, WIDTH - RIGHT, LEFT - 5, short(value), y=y)


def _mark(number: int, labels: Sequence[str]) -> Markup:
    anchor = "start" if number == 0 else "end" if number == len(labels) - 1 else "middle"
    x = f"{_x(number, len(labels)):.1f}"
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(x, HEIGHT - 8, anchor, labels[number])


def _line(line: Line, top: int) -> Markup:
    count = len(line.values)
    points = [(f"{_x(n, count):.1f}", f"{_y(max(value, 0), top):.1f}") for n, value in enumerate(line.values)]
    dots = Markup("").join(
        Markup('<circle cx="{}" cy="{}" r="2.5"/>').format(*point)
        for point, value in zip(points, line.values, strict=True)
        if value > 0
    )
    path = " ".join(",".join(point) for point in points)
    return Markup('<g class="{}"><polyline points="{}"/>{}</g>').format(line.css, path, dots)
